import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Known } from '../../message/http-fields.ts';
import { HttpRefusal } from '../../message/http-refusal.ts';
import { HeadParser, type HeadLimits } from './head-parser.ts';

const LIMITS: HeadLimits = { maxHead: 8192, maxFields: 100 };

interface Read {
  readonly line: readonly (string | number)[];
  readonly fields: readonly (readonly [string, string])[];
  /** Octets behind the head. */
  readonly rest: number;
}

/** Gives the parser `text` in pieces that end at `cuts`, each in a buffer of its own at another offset. */
function read(kind: 'request' | 'response', text: string, cuts: readonly number[], limits = LIMITS): Read {
  const parser = new HeadParser(kind, limits);
  for (const cut of [...cuts, text.length]) {
    const offset = cut % 7;
    const bytes = Buffer.from('#'.repeat(offset) + text.slice(0, cut), 'latin1');
    const end = parser.parse(bytes, offset, bytes.length);
    if (end < 0) continue;
    const { head } = parser;
    const fields = Array.from({ length: head.count }, (_, i) => [head.name(i), head.value(i)] as const);
    const line = kind === 'request' ? [head.method, head.target, head.minor] : [head.minor, head.status, head.reason];
    return { line, fields, rest: text.length - (end - offset) };
  }
  throw new Error('the head is not complete');
}

function everyCut(text: string): number[] {
  return Array.from({ length: text.length }, (_, i) => i);
}

const REQUEST =
  'POST /a/b?c=d%20e HTTP/1.1\r\nHost: Example.com:8080\r\ncontent-LENGTH:\t 5 \t\r\nX-Empty:\r\nX-Mixed: a b\tc\xe9\r\nHost-Like: x\r\n\r\nhello';

test('reads a request, wherever it is cut', () => {
  const whole = read('request', REQUEST, []);
  assert.deepEqual(whole, {
    line: ['POST', '/a/b?c=d%20e', 1],
    fields: [
      ['Host', 'Example.com:8080'],
      ['content-LENGTH', '5'],
      ['X-Empty', ''],
      ['X-Mixed', 'a b\tc\xe9'],
      ['Host-Like', 'x'],
    ],
    rest: 5,
  });
  assert.deepEqual(read('request', REQUEST, everyCut(REQUEST)), { ...whole, rest: 5 });
  for (let cut = 0; cut < REQUEST.length; cut++) assert.deepEqual(read('request', REQUEST, [cut]), whole);
});

test('knows names in any case, and where the first of each is', () => {
  const parser = new HeadParser('request', LIMITS);
  const bytes = Buffer.from('GET / HTTP/1.1\r\nhOST: a\r\nTransfer-Encoding: chunked\r\nHost: b\r\nhos: c\r\n\r\n');
  assert.equal(parser.parse(bytes, 0, bytes.length), bytes.length);
  const { head } = parser;
  assert.equal(head.get(Known.host), 'a');
  assert.equal(head.get(Known.transferEncoding), 'chunked');
  assert.equal(head.get(Known.upgrade), undefined);
  assert.deepEqual(
    [0, 1, 2, 3].map((i) => head.knownAt(i)),
    [Known.host, Known.transferEncoding, Known.host, Known.other],
  );
});

test('reads responses, with and without a reason', () => {
  const cases: Readonly<Record<string, Read['line']>> = {
    'HTTP/1.1 200 OK\r\n\r\n': [1, 200, 'OK'],
    'HTTP/1.0 404 Not Found at all\r\n\r\n': [0, 404, 'Not Found at all'],
    'HTTP/1.1 204 \r\n\r\n': [1, 204, ''],
    'HTTP/1.1 204\r\n\r\n': [1, 204, ''],
  };
  for (const [text, line] of Object.entries(cases)) {
    assert.deepEqual(read('response', text, []), { line, fields: [], rest: 0 });
    assert.deepEqual(read('response', text, everyCut(text)).line, line);
  }
});

test('one empty line may stand before a request', () => {
  assert.deepEqual(read('request', '\r\nGET / HTTP/1.1\r\n\r\n', []).line, ['GET', '/', 1]);
  refused('request', '\r\n\r\nGET / HTTP/1.1\r\n\r\n', 400);
});

function refused(kind: 'request' | 'response', text: string, status: number, limits = LIMITS): void {
  for (const cuts of [[], everyCut(text)]) {
    assert.throws(
      () => read(kind, text, cuts, limits),
      (error) => error instanceof HttpRefusal && error.status === status,
      JSON.stringify(text.slice(0, 100)),
    );
  }
}

test('what two parsers might read in two ways is refused', () => {
  const bad = [
    ' GET / HTTP/1.1\r\n\r\n',
    'GET  / HTTP/1.1\r\n\r\n',
    'GET / HTTP/1.1 \r\n\r\n',
    'GET /\tHTTP/1.1\r\n\r\n',
    'GET /\x01 HTTP/1.1\r\n\r\n',
    'GET /\xe9 HTTP/1.1\r\n\r\n',
    'G(T / HTTP/1.1\r\n\r\n',
    'GET / HTTP/1.1\n\n',
    'GET / HTTP/1.1\r\nA: b\n\r\n',
    'GET / HTTP/1.1\r\nA: b\rC: d\r\n\r\n',
    'GET / HTTP/1.1\r\nA: b\r\n C\r\n\r\n',
    'GET / HTTP/1.1\r\n A: b\r\n\r\n',
    'GET / HTTP/1.1\r\nA : b\r\n\r\n',
    'GET / HTTP/1.1\r\n: b\r\n\r\n',
    'GET / HTTP/1.1\r\nA\r\n\r\n',
    'GET / HTTP/1.1\r\nA(: b\r\n\r\n',
    'GET / HTTP/1.1\r\nA\0: b\r\n\r\n',
    'GET / HTTP/1.1\r\nA: b\0c\r\n\r\n',
    'GET / HTTP/1.1\r\nA: b\x7f\r\n\r\n',
    'GET / HTTP/1.1\r\nA: b\r\n\rX',
    '\rGET / HTTP/1.1\r\n\r\n',
  ];
  for (const text of bad) refused('request', text, 400);
  for (const text of [
    'HTTP/1.1 20 OK\r\n\r\n',
    'HTTP/1.1 2000 OK\r\n\r\n',
    'HTTP/1.1  200 OK\r\n\r\n',
    'HTTP/1.1 099 x\r\n\r\n',
  ])
    refused('response', text, 400);
});

test('other versions are named as such, at the first octet that tells', () => {
  for (const text of ['GET / HTTP/2.0\r\n\r\n', 'GET / HTTP/1.2\r\n\r\n', 'GET / http/1.1\r\n\r\n', 'GET / ICY']) {
    refused('request', text, 505);
  }
  refused('response', 'SSH-', 505);
});

test('heads over the limits are refused', () => {
  const limits = { maxHead: 100, maxFields: 2 };
  refused('request', `GET /${'a'.repeat(100)}`, 414, limits);
  refused('request', `GET / HTTP/1.1\r\nA: ${'b'.repeat(100)}`, 431, limits);
  refused('request', 'GET / HTTP/1.1\r\nA: b\r\nC: d\r\nE: f\r\n\r\n', 431, limits);
  const fits = `GET / HTTP/1.1\r\nA: ${'b'.repeat(100 - 23)}\r\n\r\n`;
  assert.equal(fits.length, 100);
  assert.equal(read('request', fits, [], limits).fields.length, 1);
});
