import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FrameReader } from './frame-reader.ts';
import { heartbeatReply, requestTemplate, responseTemplate } from './frames.ts';

const content = Buffer.from('0123456789');
const frames = [
  heartbeatReply(1, 1),
  requestTemplate({ version: 1, crc: false }, { className: 'Q', headers: { a: 'b' }, content, timeoutMs: 1 }).bytes,
  responseTemplate({ version: 2, crc: true }, { className: 'R', content }).bytes,
  requestTemplate({ version: 2, crc: true }, { className: 'Q', headers: {}, content, timeoutMs: 1 }).bytes,
  heartbeatReply(2, 2),
  heartbeatReply(1, 3),
  responseTemplate({ version: 1, crc: false }, { className: 'R', content: Buffer.alloc(10_000, 1) }).bytes,
];
const stream = Buffer.concat(frames);

function cut(chunks: Buffer[]): Buffer[] {
  const seen: Buffer[] = [];
  const reader = new FrameReader((bytes, at, end) => seen.push(Buffer.from(bytes.subarray(at, end))));
  for (const chunk of chunks) reader.push(chunk);
  return seen;
}

test('one chunk, and one byte at a time', () => {
  assert.deepEqual(cut([stream]), frames);
  assert.deepEqual(cut(Array.from(stream, (byte) => Buffer.from([byte]))), frames);
});

test('any cuts give the same frames', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(stream.length), { maxLength: 20 }), (cuts) => {
      const edges = [0, ...cuts.toSorted((a, b) => a - b), stream.length];
      const chunks = edges.slice(1).map((edge, i) => stream.subarray(edges[i], edge));
      assert.deepEqual(cut(chunks), frames);
    }),
  );
});

test('bytes that are no frame, and frames without measure, are refused', () => {
  assert.throws(() => cut([Buffer.from('HTTP/1.1 400 Bad Request')]), /not a Bolt frame/);
  const huge = Buffer.from(heartbeatReply(1, 1));
  huge.writeUInt32BE(0xffffffff, 16);
  assert.throws(() => cut([huge]), /above the limit of 1048576/);
});
