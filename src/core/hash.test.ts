import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hash32, mix32 } from './hash.ts';

/** MurmurHash3_x86_32 of octets, as Appleby's code computes it: for pairs of octets that spell UTF-16 the two agree. */
test('hash: it is MurmurHash3 over UTF-16, by the published vectors', () => {
  // Vectors of the reference implementation, of octets that are UTF-16LE of the text.
  assert.equal(hash32('', 0), 0);
  assert.equal(hash32('', 1), 0x514e28b7);
  assert.equal(hash32('', 0xffffffff), 0x81f16f39);
  assert.equal(hash32('\uffff\uffff', 0), 0x76293b50);
  assert.equal(hash32('\u4321\u8765', 0), 0xf55b516b);
  assert.equal(hash32('\u4321\u8765', 0x5082edee), 0x2362f9de);
  assert.equal(hash32('\u4321', 0), 0xa0f7b07a);
  assert.equal(hash32('\0\0', 0), 0x2362f9de);
  assert.equal(hash32('\0', 0), 0x30f4c306);
});

test('hash: texts that differ little differ in half of their bits', () => {
  let bits = 0;
  const texts = 10_000;
  for (let i = 0; i < texts; i++) {
    const difference = hash32(`user-${i}`) ^ hash32(`user-${i + 1}`);
    for (let bit = 0; bit < 32; bit++) bits += (difference >>> bit) & 1;
  }
  assert.ok(Math.abs(bits / texts - 16) < 0.2, `${bits / texts} of 32`);
});

test('hash: mixing loses nothing', () => {
  const seen = new Set<number>();
  for (let i = 0; i < 100_000; i++) seen.add(mix32(i));
  assert.equal(seen.size, 100_000);
});
