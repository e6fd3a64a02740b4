import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeLatin1 } from './latin1.ts';

test('short and long texts are written in the same way, and nothing beside them', () => {
  for (const length of [0, 1, 47, 48, 49, 500]) {
    const text = Array.from({ length }, (_, i) => String.fromCharCode((i * 7) & 0xff)).join('');
    const target = Buffer.alloc(length + 2, '#');
    assert.equal(writeLatin1(target, text, 1), length + 1);
    assert.equal(target.toString('latin1'), `#${text}#`);
  }
});
