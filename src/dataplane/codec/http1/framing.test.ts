import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Known } from '../../message/http-fields.ts';
import { HttpRefusal } from '../../message/http-refusal.ts';
import {
  CHUNKED,
  connectionOptions,
  isConnect,
  isHead,
  keepsAlive,
  requestFraming,
  responseFraming,
  UNTIL_CLOSE,
} from './framing.ts';
import type { Http1Head } from './head.ts';
import { HeadParser } from './head-parser.ts';

function parse(kind: 'request' | 'response', text: string): Http1Head {
  const parser = new HeadParser(kind, { maxHead: 8192, maxFields: 100 });
  // Not at the beginning of its buffer.
  const bytes = Buffer.from(`###${text}`, 'latin1');
  assert.equal(parser.parse(bytes, 3, bytes.length), bytes.length);
  return parser.head;
}

function request(fields: string, line = 'POST / HTTP/1.1'): Http1Head {
  return parse(
    'request',
    `${line}\r\n${fields
      .split('|')
      .filter(Boolean)
      .map((field) => `${field}\r\n`)
      .join('')}\r\n`,
  );
}

test('the body of a request ends as its fields say', () => {
  assert.equal(requestFraming(request('Host: a')), 0);
  assert.equal(requestFraming(request('Host: a|Content-Length: 17')), 17);
  assert.equal(requestFraming(request('Host: a|Content-Length: 00')), 0);
  assert.equal(requestFraming(request('Host: a|Transfer-Encoding: Chunked')), CHUNKED);
  assert.equal(requestFraming(request('', 'GET / HTTP/1.0')), 0);
  assert.equal(requestFraming(request('Host:')), 0);
});

/** Each with the rule that it breaks. */
const SMUGGLING: readonly (readonly [fields: string, status: number, rule: string, line?: string])[] = [
  ['Host: a|Content-Length: 5|Transfer-Encoding: chunked', 400, 'RFC 9112, 6.1'],
  ['Host: a|Transfer-Encoding: chunked|Content-Length: 5', 400, 'RFC 9112, 6.1'],
  ['Host: a|Content-Length: 5|Content-Length: 5', 400, 'RFC 9110, 8.6'],
  ['Host: a|Content-Length: 5|content-length: 6', 400, 'RFC 9112, 6.3'],
  ['Host: a|Content-Length: 5, 5', 400, 'RFC 9110, 8.6'],
  ['Host: a|Content-Length: +5', 400, 'RFC 9110, 8.6'],
  ['Host: a|Content-Length: -5', 400, 'RFC 9110, 8.6'],
  ['Host: a|Content-Length: 0x5', 400, 'RFC 9110, 8.6'],
  ['Host: a|Content-Length: 5 5', 400, 'RFC 9110, 8.6'],
  ['Host: a|Content-Length: 5.0', 400, 'RFC 9110, 8.6'],
  ['Host: a|Content-Length:', 400, 'RFC 9110, 8.6'],
  ['Host: a|Content-Length: 9999999999999999', 413, 'RFC 9110, 8.6'],
  ['Host: a|Transfer-Encoding: chunked|Transfer-Encoding: chunked', 400, 'RFC 9112, 6.1'],
  ['Host: a|Transfer-Encoding: chunked|Transfer-Encoding: identity', 400, 'RFC 9112, 6.1'],
  ['Host: a|Transfer-Encoding: chunked, chunked', 501, 'RFC 9112, 6.1'],
  ['Host: a|Transfer-Encoding: gzip, chunked', 501, 'RFC 9112, 6.1'],
  ['Host: a|Transfer-Encoding: chunked, identity', 501, 'RFC 9112, 6.1'],
  ['Host: a|Transfer-Encoding: identity', 501, 'RFC 9112, 7'],
  ['Host: a|Transfer-Encoding: xchunked', 501, 'RFC 9112, 7'],
  ['Host: a|Transfer-Encoding: "chunked"', 501, 'RFC 9112, 7'],
  ['Host: a|Transfer-Encoding: chunked;a=b', 501, 'RFC 9112, 7'],
  ['Host: a|Transfer-Encoding: chunked,', 501, 'RFC 9112, 7'],
  ['Host: a|Transfer-Encoding:', 501, 'RFC 9112, 7'],
  ['Host: a|Transfer-Encoding: \x0bchunked'.replace('\x0b', '\xa0'), 501, 'RFC 9112, 7'],
  ['Host: a|Transfer-Encoding: chunked', 400, 'RFC 9112, 6.1', 'POST / HTTP/1.0'],
  ['', 400, 'RFC 9112, 3.2'],
  ['Host: a|Host: a', 400, 'RFC 9112, 3.2'],
  ['Host: a|host: b', 400, 'RFC 9112, 3.2'],
  ['Host: a b', 400, 'RFC 9112, 3.2'],
  ['Host: a/b', 400, 'RFC 9112, 3.2'],
  ['Host: user@a', 400, 'RFC 9110, 4.2.4'],
  ['Host: b', 400, 'RFC 9112, 3.2.2', 'GET http://a/ HTTP/1.1'],
  ['Host: a', 400, 'RFC 9112, 3.2.2', 'GET http://user@a/ HTTP/1.1'],
  ['Host: a:80', 400, 'RFC 9112, 3.2.2', 'GET HTTP://a?x HTTP/1.1'],
];

test('what two recipients may read in two ways is refused', () => {
  for (const [fields, status, rule, line] of SMUGGLING) {
    assert.throws(
      () => requestFraming(request(fields, line)),
      (error) => error instanceof HttpRefusal && error.status === status,
      `${fields} (${rule})`,
    );
  }
});

test('a target in absolute form may name the host again', () => {
  for (const line of ['GET http://A:8080/x HTTP/1.1', 'GET HTTPS://a:8080 HTTP/1.1', 'GET http://a:8080?q HTTP/1.1'])
    assert.equal(requestFraming(request('Host: a:8080', line)), 0, line);
});

const GET = { head: false, connect: false };

test('the body of a response ends as its request, status and fields say', () => {
  const framing = (status: number, fields = '', method = GET): number =>
    responseFraming(parse('response', `HTTP/1.1 ${status} x\r\n${fields}\r\n`), method);
  assert.equal(framing(200), UNTIL_CLOSE);
  assert.equal(framing(200, 'Content-Length: 3\r\n'), 3);
  assert.equal(framing(200, 'Transfer-Encoding: chunked\r\n'), CHUNKED);
  for (const status of [100, 101, 103, 204, 304]) assert.equal(framing(status, 'Content-Length: 3\r\n'), 0);
  assert.equal(framing(200, 'Content-Length: 3\r\n', { head: true, connect: false }), 0);
  assert.equal(framing(200, '', { head: false, connect: true }), 0);
  assert.equal(framing(407, 'Content-Length: 3\r\n', { head: false, connect: true }), 3);
  assert.throws(() => framing(200, 'Transfer-Encoding: chunked\r\nContent-Length: 3\r\n'), { status: 502 });
});

test('the connection options are read from all their fields', () => {
  const options = { close: false, keepAlive: false, upgrade: false };
  const read = (fields: string, line?: string): boolean => {
    const head = request(fields, line);
    connectionOptions(head, options);
    return keepsAlive(head, options);
  };
  assert.equal(read('Host: a'), true);
  assert.equal(read('Host: a|Connection: X-One, CLOSE ,|connection: x-two'), false);
  assert.equal(read('Host: a|Connection: Upgrade'), true);
  assert.deepEqual(options, { close: false, keepAlive: false, upgrade: true });
  assert.equal(read('Host: a', 'GET / HTTP/1.0'), false);
  assert.equal(read('Host: a|Connection: Keep-Alive', 'GET / HTTP/1.0'), true);
  assert.equal(read('Host: a|Connection: keep-alive, close', 'GET / HTTP/1.0'), false);
});

test('fields that Connection names are for this hop alone; the host and the framing are not to be taken away', () => {
  const head = request('Host: a|X-Two: 2|X-Three: 3|Connection: x-one, close, host|x-ONE: 1|Connection: x-two');
  connectionOptions(head, { close: false, keepAlive: false, upgrade: false });
  const hop = Array.from({ length: head.count }, (_, field) => head.knownAt(field) === Known.hop && head.name(field));
  assert.deepEqual(hop.filter(Boolean), ['X-Two', 'x-ONE']);
});

test('methods are told by their exact letters', () => {
  assert.ok(isConnect(request('Host: a', 'CONNECT a:1 HTTP/1.1')));
  assert.ok(!isConnect(request('Host: a', 'connect a:1 HTTP/1.1')));
  assert.ok(isHead(request('Host: a', 'HEAD / HTTP/1.1')));
  assert.ok(!isHead(request('Host: a', 'HEADER / HTTP/1.1')));
});
