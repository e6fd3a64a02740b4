import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BufferSink } from '../../message/buffer-sink.ts';
import { Known, KNOWN_NAMES } from '../../message/http-fields.ts';
import type { HeadEdits } from '../../message/http-head.ts';
import { LocalHead, NO_EDITS } from '../../message/local-head.ts';
import { Http2Head } from '../http2/head.ts';
import { Mark, markField, markName } from '../http2/field-mark.ts';
import { HeadParser } from './head-parser.ts';
import type { Http1Head } from './head.ts';
import { HeadWriter, type HopFields, newHopFields } from './head-writer.ts';

const writer = new HeadWriter();

function http1(kind: 'request' | 'response', lines: string): Http1Head {
  const parser = new HeadParser(kind, { maxHead: 1 << 20, maxFields: 1000 });
  const bytes = Buffer.from(`##${lines.replaceAll('|', '\r\n')}\r\n\r\n`, 'latin1');
  assert.ok(parser.parse(bytes, 2, bytes.length) > 0);
  return parser.head;
}

function http2(pseudo: Partial<Http2Head>, ...fields: string[]): Http2Head {
  const marks: number[] = [];
  for (let i = 0; i < fields.length; i += 2) marks.push(markField(markName(fields[i]!), fields[i + 1]!));
  assert.ok(marks.every((mark) => (mark & (Mark.badName | Mark.badValue)) === 0));
  return Object.assign(new Http2Head(), { scheme: 'http', ...pseudo, fields, marks });
}

function edits(without: readonly Known[], added: readonly string[] = [], names: readonly string[] = []): HeadEdits {
  const marks = new Uint8Array(KNOWN_NAMES.length);
  for (const known of without) marks[known] = 1;
  return { without: marks, withoutNames: names.length > 0 ? new Set(names) : undefined, added };
}

function lines(out: BufferSink): string {
  const text = out.bytes().toString('latin1');
  assert.ok(text.endsWith('\r\n\r\n'));
  return text.slice(0, -4).replaceAll('\r\n', '|');
}

function request(
  head: Http1Head | Http2Head,
  change: HeadEdits = NO_EDITS,
  hop: Partial<HopFields> = {},
  path?: string,
): string {
  const out = new BufferSink();
  writer.request(out, head, path, change, { ...newHopFields(), ...hop });
  return lines(out);
}

function response(
  head: Http1Head | LocalHead | Http2Head,
  change: HeadEdits = NO_EDITS,
  hop: Partial<HopFields> = {},
  status = head.status,
): string {
  const out = new BufferSink();
  writer.response(out, status, head, change, { ...newHopFields(), ...hop });
  return lines(out);
}

const COME = 'GET /a?b=%20 HTTP/1.1|Host: h|X-One:  1 |x-TWO:2|Connection: x|X-Three: \xe9|X-One: 3';

test('HTTP/1 to HTTP/1: case, order and octets stay as they came', () => {
  assert.equal(request(http1('request', COME)), COME.replace('  1 ', '  1 '));
  assert.equal(response(http1('response', 'HTTP/1.0 404 Not here|A: b|a: C')), 'HTTP/1.1 404 Not here|A: b|a: C');
});

test('what is left out is, wherever it stands, alone or beside others', () => {
  const head = 'GET / HTTP/1.1|Connection: a|Host: h|TE: x|Upgrade: y|X-A: 1|x-b: 2|X-C: 3|Keep-Alive: z';
  const change = edits(
    [Known.connection, Known.te, Known.upgrade, Known.keepAlive],
    ['x-new', '1', 'x-d', ''],
    ['x-b'],
  );
  assert.equal(request(http1('request', head), change), 'GET / HTTP/1.1|Host: h|X-A: 1|X-C: 3|x-new: 1|x-d: ');
  const all = edits(
    [Known.host, Known.connection, Known.te, Known.upgrade, Known.keepAlive],
    [],
    ['x-a', 'x-b', 'x-c'],
  );
  assert.equal(request(http1('request', head), all), 'GET / HTTP/1.1');
});

test('the host is replaced in front, whatever its case', () => {
  const head = http1('request', 'GET / HTTP/1.1|X-A: 1|HOST: old|X-B: 2');
  assert.equal(request(head, NO_EDITS, { host: 'new' }), 'GET / HTTP/1.1|host: new|X-A: 1|X-B: 2');
  assert.equal(request(head), 'GET / HTTP/1.1|X-A: 1|HOST: old|X-B: 2');
});

test('a target that is replaced, or in absolute form, is a path', () => {
  const head = http1('request', 'GET http://h/a?b HTTP/1.1|Host: h');
  assert.equal(request(head), 'GET /a?b HTTP/1.1|Host: h');
  assert.equal(request(head, NO_EDITS, {}, '/c'), 'GET /c HTTP/1.1|Host: h');
  assert.equal(request(http1('request', COME), NO_EDITS, {}, '/c').split('|')[0], 'GET /c HTTP/1.1');
  assert.equal(request(http1('request', 'CONNECT h:1 HTTP/1.1|Host: h:1')), 'CONNECT h:1 HTTP/1.1|Host: h:1');
  assert.equal(request(http1('request', 'OPTIONS * HTTP/1.1|Host: h')), 'OPTIONS * HTTP/1.1|Host: h');
});

test('what the hop itself says comes last', () => {
  const head = http1('request', 'POST / HTTP/1.1|Host: h');
  const line = 'POST / HTTP/1.1|Host: h';
  assert.equal(request(head, NO_EDITS, { chunked: true }), `${line}|transfer-encoding: chunked`);
  assert.equal(
    request(head, NO_EDITS, { empty: true, connection: 'close' }),
    `${line}|connection: close|content-length: 0`,
  );
  assert.equal(request(head, NO_EDITS, { connection: 'keep-alive' }), `${line}|connection: keep-alive`);
  assert.equal(
    request(head, NO_EDITS, { upgrade: 'websocket', key: 'k', connection: 'close' }),
    `${line}|sec-websocket-key: k|connection: upgrade|upgrade: websocket`,
  );
  assert.equal(
    response(new LocalHead(101, []), NO_EDITS, { upgrade: 'websocket', key: 'a' }),
    'HTTP/1.1 101 Switching Protocols|sec-websocket-accept: a|connection: upgrade|upgrade: websocket',
  );
});

test('HTTP/2 to HTTP/1: the host first, cookies as one', () => {
  const head = http2(
    { method: 'GET', authority: 'h:1', path: '/a?b' },
    'x-a',
    '1',
    'cookie',
    'a=1',
    'x-b',
    '',
    'cookie',
    'b=2',
  );
  assert.equal(request(head, NO_EDITS, { host: 'h:1' }), 'GET /a?b HTTP/1.1|host: h:1|x-a: 1|x-b: |cookie: a=1; b=2');
  assert.equal(
    request(head, edits([], ['x-n', '2'], ['cookie']), { host: 'other' }),
    'GET /a?b HTTP/1.1|host: other|x-a: 1|x-b: |x-n: 2',
  );
  const chat = http2({ method: 'CONNECT', protocol: 'websocket', authority: 'h', path: '/chat' });
  assert.equal(request(chat, NO_EDITS, { host: 'h' }), 'GET /chat HTTP/1.1|host: h');
  assert.equal(
    request(http2({ method: 'CONNECT', authority: 'h:1' }), NO_EDITS, { host: 'h:1' }),
    'CONNECT h:1 HTTP/1.1|host: h:1',
  );
});

test('a status has the reason that came with it, or its own', () => {
  assert.equal(response(new LocalHead(404, ['a', 'b'])), 'HTTP/1.1 404 Not Found|a: b');
  assert.equal(response(http2({ status: 599 })), 'HTTP/1.1 599 ');
  assert.equal(response(http1('response', 'HTTP/1.1 200'), NO_EDITS, {}), 'HTTP/1.1 200 OK');
  assert.equal(response(http1('response', 'HTTP/1.1 200 Fine'), NO_EDITS, {}, 101), 'HTTP/1.1 101 Switching Protocols');
});

test('heads larger than all before are written whole', () => {
  const value = 'v'.repeat(100_000);
  assert.equal(
    request(http1('request', `GET /${value} HTTP/1.1|Host: h|X: ${value}`)),
    `GET /${value} HTTP/1.1|Host: h|X: ${value}`,
  );
  const head = http2({ method: 'GET', authority: value, path: `/${value}` }, 'x', value);
  assert.equal(
    request(head, edits([], ['y', value]), { host: value }),
    `GET /${value} HTTP/1.1|host: ${value}|x: ${value}|y: ${value}`,
  );
});

test('octets above ASCII stay as they are', () => {
  const long = '\xff\x80'.repeat(20);
  assert.equal(
    response(http1('response', `HTTP/1.1 200 \xe9${long}|X: ${long}`)),
    `HTTP/1.1 200 \xe9${long}|X: ${long}`,
  );
  assert.equal(response(new LocalHead(200, ['x', long, 'y', '\xe9'])), `HTTP/1.1 200 OK|x: ${long}|y: \xe9`);
});
