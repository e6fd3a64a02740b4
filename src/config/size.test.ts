import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatSize, MAX_SIZE, parseSize } from './size.ts';

test('a size becomes bytes', () => {
  const cases: readonly (readonly [unknown, number])[] = [
    [65535, 65535],
    ['512B', 512],
    ['64KiB', 65536],
    ['1.5MiB', 1_572_864],
    ['1GiB', 1_073_741_824],
  ];
  for (const [value, bytes] of cases) assert.deepEqual(parseSize(value), { ok: true, value: bytes }, String(value));
});

test('what is no size is refused with the next step', () => {
  const cases: readonly (readonly [unknown, string, string | undefined])[] = [
    ['16MB', "expected a size in bytes or such as 64KiB or 16MiB, found '16MB'", 'write 16MiB (powers of 1024)'],
    ['16 m', "expected a size in bytes or such as 64KiB or 16MiB, found '16 m'", 'write 16MiB (powers of 1024)'],
    ['16', "expected a size in bytes or such as 64KiB or 16MiB, found '16'", 'write 16 without quotes'],
    ['big', "expected a size in bytes or such as 64KiB or 16MiB, found 'big'", undefined],
    [true, 'expected a size in bytes or such as 64KiB or 16MiB, found true', undefined],
    [Number.NaN, 'expected a size in bytes or such as 64KiB or 16MiB, found the number NaN', undefined],
    [1.5, 'the number 1.5 is not a whole number of bytes', undefined],
    [0, 'the number 0 is too small', 'write 1 or more'],
    ['2000GiB', "'2000GiB' is too large", 'write 1024GiB or less'],
  ];
  for (const [value, message, hint] of cases) {
    const parsed = parseSize(value);
    assert.ok(!parsed.ok, String(value));
    assert.deepEqual([parsed.message, parsed.hint], [message, hint]);
  }
});

test('bounds are told in the shortest form', () => {
  const refused = parseSize('128KiB', { max: 65536 });
  assert.deepEqual(refused, { ok: false, message: "'128KiB' is too large", hint: 'write 64KiB or less' });
});

test('any size survives being written and read', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1024, max: MAX_SIZE }), (bytes) => {
      const text = formatSize(bytes);
      assert.deepEqual(parseSize(/^\d+$/.test(text) ? Number(text) : text), { ok: true, value: bytes });
    }),
  );
});
