import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../core/manual-clock.ts';
import { RedialWait } from './redial-wait.ts';

test('waits grow until a connection has lasted', () => {
  const clock = new ManualClock();
  const wait = new RedialWait({ base: 100, max: 1000 }, { clock, chance: () => 1 });
  assert.deepEqual([wait.next(), wait.next()], [100, 200]);
  wait.connected();
  clock.advance(4999);
  assert.equal(wait.next(), 400);
  clock.advance(10_000);
  assert.equal(wait.next(), 800);
  wait.connected();
  clock.advance(5000);
  assert.deepEqual([wait.next(), wait.next()], [100, 200]);
});
