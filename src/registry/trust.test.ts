import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../core/manual-clock.ts';
import { Trust } from './trust.ts';

function start(): { clock: ManualClock; trust: Trust; regained: () => number } {
  const clock = new ManualClock();
  let times = 0;
  return { clock, trust: new Trust(clock, 1000, () => void times++), regained: () => times };
}

test('the first connection is trusted at once, later ones after a while', () => {
  const { clock, trust, regained } = start();
  trust.connected();
  assert.equal(trust.given, true);
  trust.lost();
  assert.equal(trust.given, false);
  trust.connected();
  clock.advance(999);
  assert.deepEqual([trust.given, regained()], [false, 0]);
  clock.advance(1);
  assert.deepEqual([trust.given, regained()], [true, 1]);
});

test('a connection that is lost again brings no trust, however much time passes', () => {
  const { clock, trust, regained } = start();
  trust.lost();
  trust.connected();
  clock.advance(500);
  trust.lost();
  clock.advance(10_000);
  assert.deepEqual([trust.given, regained()], [false, 0]);
  trust.connected();
  clock.advance(999);
  assert.equal(trust.given, false);
  clock.advance(1);
  assert.deepEqual([trust.given, regained()], [true, 1]);
});

test('nothing is pending after the end', () => {
  const { clock, trust } = start();
  trust.lost();
  trust.connected();
  trust.close();
  assert.equal(clock.pending, 0);
});
