import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineReader } from './lines.ts';

function read(chunks: readonly Buffer[], maxLine = 100): string[] {
  const lines: string[] = [];
  const reader = new LineReader(maxLine);
  for (const chunk of chunks) reader.push(chunk, (line) => void lines.push(line));
  return lines;
}

test('lines come out the same wherever the bytes are cut', () => {
  const bytes = Buffer.from('{"a":1}\n\nüß\r\nlast one has no end');
  for (let cut = 0; cut <= bytes.length; cut++) {
    assert.deepEqual(read([bytes.subarray(0, cut), bytes.subarray(cut)]), ['{"a":1}', 'üß']);
  }
  assert.deepEqual(read([...bytes].map((byte) => Buffer.of(byte))), ['{"a":1}', 'üß']);
});

test('a line that is too long is refused before it is complete', () => {
  assert.deepEqual(read([Buffer.from('12345\n')], 5), ['12345']);
  assert.throws(() => read([Buffer.from('123456')], 5), /longer than 5 bytes/);
  assert.throws(() => read([Buffer.from('123'), Buffer.from('456\n')], 5), /longer than 5 bytes/);
});
