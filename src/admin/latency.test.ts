import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeLatency, quantile, quantileText } from './latency.ts';

test('quantiles are read off between the bounds of their bucket', () => {
  const view = { bounds: [1, 2, 4], counts: [0, 10, 10, 0], max: 4 };
  assert.equal(quantile(view, 0.5), 2);
  assert.equal(quantile(view, 0.25), 1.5);
  assert.equal(quantile(view, 0.75), 3);
  assert.equal(quantile(view, 1), 4);
  assert.equal(quantile({ bounds: [1, 2], counts: [4, 0, 0], max: 1 }, 0.5), 0.5);
});

test('no quantile is above the largest value', () => {
  assert.equal(quantile({ bounds: [1, 5], counts: [0, 1, 0], max: 3 }, 0.5), 3);
  assert.equal(quantile({ bounds: [1], counts: [0, 3], max: 17 }, 0.5), 17);
  assert.equal(quantileText({ bounds: [1, 10], counts: [0, 0, 1], max: 12 }, 0.5), '12 s');
});

test('nothing was measured', () => {
  assert.equal(quantile({ bounds: [1], counts: [0, 0], max: 0 }, 0.5), undefined);
  assert.equal(quantileText(undefined, 0.5), '–');
  assert.equal(quantileText({ bounds: [1], counts: [0, 0], max: 0 }, 0.5), '–');
});

test('histograms are added up; one of another kind is left out', () => {
  const merged = mergeLatency([
    undefined,
    { bounds: [1, 2], counts: [1, 2, 3], max: 7 },
    { bounds: [1, 2], counts: Float64Array.of(10, 20, 30), max: 5 },
    { bounds: [5], counts: [100, 100], max: 9 },
  ]);
  assert.deepEqual(merged, { bounds: [1, 2], counts: [11, 22, 33], max: 7 });
  assert.equal(mergeLatency([undefined]), undefined);
});
