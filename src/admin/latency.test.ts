import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeLatency, quantile, quantileText } from './latency.ts';

test('quantiles are read off between the bounds of their bucket', () => {
  const view = { bounds: [1, 2, 4], counts: [0, 10, 10, 0] };
  assert.equal(quantile(view, 0.5), 2);
  assert.equal(quantile(view, 0.25), 1.5);
  assert.equal(quantile(view, 0.75), 3);
  assert.equal(quantile(view, 1), 4);
  assert.equal(quantile({ bounds: [1, 2], counts: [4, 0, 0] }, 0.5), 0.5);
});

test('nothing was measured, or more than can be told', () => {
  assert.equal(quantile({ bounds: [1], counts: [0, 0] }, 0.5), undefined);
  assert.equal(quantile({ bounds: [1], counts: [0, 3] }, 0.5), Infinity);
  assert.equal(quantileText(undefined, 0.5), '–');
  assert.equal(quantileText({ bounds: [1], counts: [0, 0] }, 0.5), '–');
  assert.equal(quantileText({ bounds: [1, 10], counts: [0, 0, 1] }, 0.5), '> 10 s');
});

test('histograms are added up; one of another kind is left out', () => {
  const merged = mergeLatency([
    undefined,
    { bounds: [1, 2], counts: [1, 2, 3] },
    { bounds: [1, 2], counts: Float64Array.of(10, 20, 30) },
    { bounds: [5], counts: [100, 100] },
  ]);
  assert.deepEqual(merged, { bounds: [1, 2], counts: [11, 22, 33] });
  assert.equal(mergeLatency([undefined]), undefined);
});
