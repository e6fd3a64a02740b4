import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LatencyHistogram } from './histogram.ts';

test('quantiles lie within a hundredth of the exact ones', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 60_000, noNaN: true }), { minLength: 1, maxLength: 300 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (values, quantile) => {
        const histogram = new LatencyHistogram();
        for (const value of values) histogram.record(value);
        const sorted = values.toSorted((a, b) => a - b);
        const exact = sorted[Math.max(1, Math.ceil(quantile * sorted.length)) - 1] ?? 0;
        assert.ok(Math.abs(histogram.quantile(quantile) - exact) <= exact * 0.01 + 0.0001);
      },
    ),
  );
});

test('count, mean and max are exact', () => {
  const histogram = new LatencyHistogram();
  for (const value of [0.25, 0.5, 3]) histogram.record(value);
  assert.equal(histogram.count, 3);
  assert.equal(histogram.mean, 1.25);
  assert.equal(histogram.max, 3);
  assert.equal(histogram.quantile(1), 3);
});

test('a summary has the quantiles by name', () => {
  const histogram = new LatencyHistogram();
  for (const value of [1, 2, 3]) histogram.record(value);
  const { p50, p99, p999, max, mean } = histogram.summary();
  assert.deepEqual(
    [p50, p99, p999],
    [0.5, 0.99, 0.999].map((part) => histogram.quantile(part)),
  );
  assert.deepEqual([max, mean], [3, 2]);
});

test('a value beyond the range counts as the largest', () => {
  const histogram = new LatencyHistogram();
  histogram.record(10 ** 9);
  assert.equal(histogram.count, 1);
  assert.equal(histogram.max, 10 ** 9);
  assert.ok(histogram.quantile(0.5) > 100_000);
});

test('empty and reset histograms have no quantile', () => {
  const histogram = new LatencyHistogram();
  assert.ok(Number.isNaN(histogram.quantile(0.5)));
  histogram.record(1);
  histogram.reset();
  assert.equal(histogram.count, 0);
  assert.ok(Number.isNaN(histogram.quantile(0.99)));
});
