import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBackoff } from './backoff.ts';

test('the ceiling doubles up to the maximum and a success starts over', () => {
  const backoff = createBackoff({ base: 100, max: 1000 }, () => 1);
  assert.deepEqual(
    Array.from({ length: 6 }, () => backoff.next()),
    [100, 200, 400, 800, 1000, 1000],
  );
  backoff.reset();
  assert.equal(backoff.next(), 100);
});

test('each wait is drawn evenly from zero to its ceiling', () => {
  const draws = [0, 0.5, 0.25];
  const backoff = createBackoff({ base: 100, max: 1000 }, () => draws.shift() ?? 0);
  assert.deepEqual([backoff.next(), backoff.next(), backoff.next()], [0, 100, 100]);
});

test('a base above the maximum is held to the maximum', () => {
  assert.equal(createBackoff({ base: 5000, max: 1000 }, () => 1).next(), 1000);
});

test('it stays at the maximum for ever', () => {
  const backoff = createBackoff({ base: 1, max: 10 }, () => 1);
  let last = 0;
  for (let i = 0; i < 5000; i++) last = backoff.next();
  assert.equal(last, 10);
});
