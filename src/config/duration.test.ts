import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatDuration, MAX_DURATION, parseDuration } from './duration.ts';

test('a duration becomes whole milliseconds', () => {
  const cases: readonly (readonly [string, number])[] = [
    ['0s', 0],
    ['100ms', 100],
    ['3s', 3000],
    ['1.1s', 1100],
    ['1.5m', 90_000],
    ['1h', 3_600_000],
    ['2147483647ms', MAX_DURATION],
  ];
  for (const [text, ms] of cases) assert.deepEqual(parseDuration(text), { ok: true, value: ms }, text);
});

test('what is no duration is refused with the next step', () => {
  const cases: readonly (readonly [unknown, string, string | undefined])[] = [
    [5, 'expected a duration such as 3s, found the number 5', 'a unit is missing: write 5s or 5ms'],
    [0, 'expected a duration such as 3s, found the number 0', 'write 0s'],
    [-1, 'expected a duration such as 3s, found the number -1', 'write a duration with a unit: ms, s, m or h'],
    ['', 'expected a duration such as 100ms, 3s, 1.5m or 1h, found an empty text', undefined],
    ['3 s', "expected a duration such as 100ms, 3s, 1.5m or 1h, found '3 s'", undefined],
    ['-3s', "expected a duration such as 100ms, 3s, 1.5m or 1h, found '-3s'", undefined],
    [null, 'expected a duration such as 100ms, 3s, 1.5m or 1h, found nothing', undefined],
    ['0.5ms', "'0.5ms' is finer than a millisecond", 'write 1ms'],
    ['597h', "'597h' is too long", 'write 596h (24 days) or less'],
  ];
  for (const [value, message, hint] of cases) {
    const parsed = parseDuration(value);
    assert.ok(!parsed.ok, String(value));
    assert.deepEqual([parsed.message, parsed.hint], [message, hint]);
  }
});

test('a timer that must run cannot be zero', () => {
  assert.deepEqual(parseDuration('0s', { min: 1 }), {
    ok: false,
    message: "'0s' is too short",
    hint: 'write 1ms or more',
  });
});

test('any duration survives being written and read', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: MAX_DURATION }), (ms) => {
      assert.deepEqual(parseDuration(formatDuration(ms)), { ok: true, value: ms });
    }),
  );
});
