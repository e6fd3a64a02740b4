import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Split } from './split.ts';

function counts(weights: readonly number[], requests = 10_000): number[] {
  const split = new Split(weights.map((weight, i) => ({ cluster: String(i), subset: undefined, weight })));
  const found = weights.map(() => 0);
  // Evenly spread chance: the shares are exact.
  for (let i = 0; i < requests; i++) found[Number(split.choose(() => (i + 0.5) / requests).cluster)]!++;
  return found;
}

test('split: each as often as its weight says, 0 never, and less than a percent exactly', () => {
  assert.deepEqual(counts([90, 10]), [9000, 1000]);
  assert.deepEqual(counts([1, 0, 3]), [2500, 0, 7500]);
  assert.deepEqual(counts([9995, 5]), [9995, 5]);
  assert.deepEqual(counts([0, 7]), [0, 10_000]);
  assert.deepEqual(counts([1]), [10_000]);
  assert.deepEqual(counts([1, 1, 1], 9999), [3333, 3333, 3333]);
});
