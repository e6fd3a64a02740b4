import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Liveness } from './liveness.ts';

const POLICY = { interval: 10, maxInterval: 40, misses: 3, timeout: 5 };

/** Looks whenever there is something to see, until `to`; what was done, and when. */
function lookUntil(to: number, liveness: Liveness, onAsk: (now: number) => void): string[] {
  const done: string[] = [];
  for (let now = liveness.next; now <= to; now = Math.max(liveness.next, now + 1)) {
    const verdict = liveness.check(now);
    if (verdict !== 'wait') done.push(`${verdict} at ${now}`);
    if (verdict === 'dead') return done;
    if (verdict !== 'ask') continue;
    liveness.asked(now);
    onAsk(now);
  }
  return done;
}

test('a peer that only answers heartbeats is asked less and less often, and a call brings that back', () => {
  const liveness = new Liveness(POLICY, 0);
  const answer = (now: number): void => {
    liveness.hear(now);
    liveness.answered();
  };
  assert.deepEqual(lookUntil(120, liveness, answer), ['ask at 10', 'ask at 30', 'ask at 70', 'ask at 110']);
  liveness.hear(121);
  liveness.exchanged();
  assert.equal(liveness.next, 131);
});

test('a peer that does not answer is silent after the timeout, and dead after the misses', () => {
  const liveness = new Liveness(POLICY, 0);
  const silent: boolean[] = [];
  const done = lookUntil(200, liveness, () => silent.push(liveness.silence !== ''));
  assert.deepEqual(done, ['ask at 10', 'ask at 15', 'ask at 25', 'dead at 35']);
  assert.deepEqual(silent, [false, true, true]);
});

test('any byte ends a silence, and only the first ones and those are news', () => {
  const liveness = new Liveness(POLICY, 0);
  assert.equal(liveness.heard, false);
  assert.equal(liveness.hear(1), true);
  assert.equal(liveness.hear(2), false);
  lookUntil(20, liveness, () => undefined);
  assert.notEqual(liveness.silence, '');
  assert.equal(liveness.hear(21), true);
  assert.equal(liveness.silence, '');
});

test('a call without a reply is a reason to ask, unless something came since, or it has been asked', () => {
  const liveness = new Liveness(POLICY, 0);
  liveness.hear(5);
  assert.equal(liveness.doubts(4), false);
  assert.equal(liveness.doubts(6), true);
  liveness.asked(7);
  assert.equal(liveness.doubts(6), false);
});
