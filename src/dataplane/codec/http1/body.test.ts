import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HttpRefusal } from '../../message/http-refusal.ts';
import { BodyReader } from './body.ts';
import { CHUNKED, UNTIL_CLOSE } from './framing.ts';

interface Read {
  readonly data: string;
  readonly trailers: readonly (readonly [string, string])[];
  readonly done: boolean;
  /** Octets behind the body. */
  readonly rest: string;
}

function read(framing: number, text: string, cuts: readonly number[] = [], maxTrailers = 1000): Read {
  const reader = new BodyReader({ maxTrailers });
  reader.begin(framing);
  let data = '';
  const trailers: [string, string][] = [];
  const sink = {
    onData: (bytes: Buffer, start: number, end: number) => void (data += bytes.toString('latin1', start, end)),
    onTrailer: (name: string, value: string) => void trailers.push([name, value]),
  };
  let rest = '';
  let from = 0;
  for (const cut of [...cuts, text.length]) {
    const piece = Buffer.from(text.slice(from, cut), 'latin1');
    rest += piece.toString('latin1', reader.read(piece, 0, piece.length, sink));
    from = cut;
  }
  return { data, trailers, done: reader.done, rest };
}

const CHUNKS = '5;name="a b"\r\nhello\r\n001\r\n \r\nA;x\r\n0123456789\r\n0\r\nX-Sum: 1 \r\ny:\r\n\r\nGET /';
const READ = {
  data: 'hello 0123456789',
  trailers: [
    ['X-Sum', '1'],
    ['y', ''],
  ],
  done: true,
  rest: 'GET /',
};

test('chunks are put together, wherever they are cut', () => {
  assert.deepEqual(read(CHUNKED, CHUNKS), READ);
  for (let cut = 1; cut < CHUNKS.length; cut++) assert.deepEqual(read(CHUNKED, CHUNKS, [cut]), READ);
  assert.deepEqual(
    read(
      CHUNKED,
      CHUNKS,
      Array.from({ length: CHUNKS.length - 1 }, (_, i) => i + 1),
    ),
    READ,
  );
});

test('a length ends the body, and what follows is not of it', () => {
  assert.deepEqual(read(3, 'abcdef'), { data: 'abc', trailers: [], done: true, rest: 'def' });
  assert.deepEqual(read(3, 'ab'), { data: 'ab', trailers: [], done: false, rest: '' });
  assert.deepEqual(read(0, 'abc'), { data: '', trailers: [], done: true, rest: 'abc' });
});

test('a body without a length lasts as long as the connection', () => {
  assert.deepEqual(read(UNTIL_CLOSE, 'abc', [1]), { data: 'abc', trailers: [], done: false, rest: '' });
});

test('any bodies come out of their chunks as they went in', () => {
  const bodies = fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { maxLength: 8 });
  fc.assert(
    fc.property(bodies, fc.array(fc.nat(400), { maxLength: 20 }), (chunks, cuts) => {
      const texts = chunks.map((chunk) => Buffer.from(chunk).toString('latin1'));
      const wire = `${texts.map((text) => `${text.length.toString(16)}\r\n${text}\r\n`).join('')}0\r\n\r\n`;
      const sorted = cuts.filter((cut) => cut < wire.length).sort((a, b) => a - b);
      assert.deepEqual(read(CHUNKED, wire, sorted), { data: texts.join(''), trailers: [], done: true, rest: '' });
    }),
  );
});

test('chunks that might be read in two ways are refused', () => {
  const bad = [
    '\r\n',
    ';x\r\n',
    '+5\r\nhello',
    '-5\r\nhello',
    '0x5\r\nhello',
    ' 5\r\nhello',
    '5 \r\nhello',
    '5\nhello',
    '5\rhello',
    '5;a\nb\r\nhello',
    '5\r\nhelloX\r\n',
    '5\r\nhello\n0\r\n\r\n',
    '5\r\nhello\rX',
    '00000000000001\r\nx',
    '0\r\nX : y\r\n\r\n',
    '0\r\n X: y\r\n\r\n',
    '0\r\n: y\r\n\r\n',
    '0\r\nX\r\n\r\n',
    '0\r\nX: \0\r\n\r\n',
    '0\r\nX: y\n\r\n',
    '0\r\n\rX',
  ];
  for (const text of bad) {
    assert.throws(
      () => read(CHUNKED, text),
      (error) => error instanceof HttpRefusal && error.status === 400,
      text,
    );
  }
});

test('trailers and extensions are bounded', () => {
  assert.throws(() => read(CHUNKED, `0\r\nX: ${'y'.repeat(100)}`, [], 50), { status: 431 });
  assert.throws(() => read(CHUNKED, `5;${'y'.repeat(100)}`, [], 50), { status: 431 });
  assert.equal(read(CHUNKED, `5;${'y'.repeat(40)}\r\nhello\r\n0;${'y'.repeat(40)}\r\n\r\n`, [], 50).done, true);
});
