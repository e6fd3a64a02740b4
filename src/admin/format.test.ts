import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAge, formatCount, formatSeconds, formatShare, formatTime } from './format.ts';

test('ages have two units at most', () => {
  const seconds = [0, 59, 60, 3599, 3600, 86_399, 86_400, 100 * 86_400 + 7200];
  const texts = ['0 s', '59 s', '1 min 0 s', '59 min 59 s', '1 h 0 min', '23 h 59 min', '1 d 0 h', '100 d 2 h'];
  assert.deepEqual(
    seconds.map((one) => formatAge(one * 1000)),
    texts,
  );
  assert.equal(formatAge(-5), '0 s');
});

test('counts have thin spaces between thousands', () => {
  assert.deepEqual([0, 999, 1000, 1234567].map(formatCount), ['0', '999', '1\u2009000', '1\u2009234\u2009567']);
});

test('a share is 100 % or 0 % only when it is', () => {
  assert.equal(formatShare(5, 5), '100 %');
  assert.equal(formatShare(0, 5), '0 %');
  assert.equal(formatShare(9_999_999, 10_000_000), '99.999 %');
  assert.equal(formatShare(1, 10_000_000), '0.1 %');
  assert.equal(formatShare(1, 3), '33.3 %');
  assert.equal(formatShare(0, 0), '–');
});

test('times have two figures, in the unit that fits', () => {
  assert.deepEqual([0.00025, 0.0123, 0.5, 1.26, 12.4].map(formatSeconds), [
    '0.25 ms',
    '12 ms',
    '500 ms',
    '1.3 s',
    '12 s',
  ]);
  assert.equal(formatTime(1_700_000_000_123), '2023-11-14 22:13:20Z');
});
