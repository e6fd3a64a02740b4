import assert from 'node:assert/strict';
import { test } from 'node:test';
import { median, medianDifference, medianRatio, spread } from './statistics.ts';

test('median takes the middle value, or the mean of the two in the middle', () => {
  assert.equal(median([5, 1, 3]), 3);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.equal(median([7]), 7);
  assert.ok(Number.isNaN(median([])));
});

test('median leaves its input as it was', () => {
  const values = [3, 1, 2];
  median(values);
  assert.deepEqual(values, [3, 1, 2]);
});

test('spread is the range relative to the median', () => {
  assert.equal(spread([10, 12, 8]), 0.4);
  assert.ok(Number.isNaN(spread([10])));
});

test('ratios and differences pair the values of one round', () => {
  // The second round ran on a machine half as fast: the ratio does not move.
  assert.equal(medianRatio([12, 24, 12], [10, 20, 10]), 1.2);
  assert.equal(medianDifference([12, 24, 12], [10, 20, 11]), 2);
});

test('a round without a partner is left out', () => {
  assert.equal(medianRatio([2, 100], [1]), 2);
  assert.ok(Number.isNaN(medianRatio([1], [])));
});
