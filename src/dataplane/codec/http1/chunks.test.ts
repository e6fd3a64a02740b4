import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BufferSink } from '../../message/buffer-sink.ts';
import { BodyReader } from './body.ts';
import { writeChunks, writeLastChunk } from './chunks.ts';
import { CHUNKED } from './framing.ts';

function chunk(length: number): string {
  const out = new BufferSink();
  const bytes = Buffer.alloc(length + 2, 'x');
  writeChunks(out, bytes, 1, length + 1);
  return out.bytes().toString('latin1');
}

test('a chunk says its size without zeros before it', () => {
  for (const length of [1, 15, 16, 17, 255, 256, 4095, 4096, 16_383]) {
    assert.equal(chunk(length), `${length.toString(16)}\r\n${'x'.repeat(length)}\r\n`);
  }
});

test('large content goes in chunks of which two fit into 64 KiB', () => {
  const sizes = [...chunk(200_000).matchAll(/([0-9a-f]+)\r\nx/g)].map(([, size]) => Number.parseInt(size!, 16));
  assert.equal(
    sizes.reduce((sum, size) => sum + size, 0),
    200_000,
  );
  for (const size of sizes) assert.ok(2 * (size + 8) <= 65_536);
});

test('the last chunk has the trailers behind it', () => {
  const out = new BufferSink();
  writeLastChunk(out, []);
  writeLastChunk(out, ['X-A', '1', 'b', '']);
  assert.equal(out.bytes().toString('latin1'), '0\r\n\r\n0\r\nX-A: 1\r\nb: \r\n\r\n');
});

test('what is written is what the reader reads', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 5000 })), (parts) => {
      const out = new BufferSink();
      for (const part of parts) writeChunks(out, Buffer.from(part), 0, part.length);
      writeLastChunk(out, ['x-sum', '1']);
      const reader = new BodyReader({ maxTrailers: 100 });
      reader.begin(CHUNKED);
      const read: Buffer[] = [];
      const trailers: string[] = [];
      reader.read(out.bytes(), 0, out.bytes().length, {
        onData: (bytes, start, end) => void read.push(Buffer.from(bytes.subarray(start, end))),
        onTrailer: (name, value) => void trailers.push(name, value),
      });
      assert.ok(reader.done);
      assert.deepEqual(trailers, ['x-sum', '1']);
      assert.ok(Buffer.concat(read).equals(Buffer.concat(parts)));
    }),
    { numRuns: 50 },
  );
});
