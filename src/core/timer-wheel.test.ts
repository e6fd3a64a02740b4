import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from './manual-clock.ts';
import { NOT_SET, TimerWheel, type WheelEntry } from './timer-wheel.ts';

function entry(onDeadline: () => void): WheelEntry {
  return { deadline: 0, wheelSlot: NOT_SET, wheelNext: undefined, wheelPrev: undefined, onDeadline };
}

test('an entry fires once, at its deadline and not before', () => {
  const clock = new ManualClock();
  const wheel = new TimerWheel(clock, 10);
  let fired = 0;
  wheel.set(
    entry(() => fired++),
    95,
  );
  clock.advance(90);
  assert.equal(fired, 0);
  clock.advance(10);
  assert.equal(fired, 1);
  clock.advance(20_000);
  assert.equal(fired, 1);
});

test('deadlines beyond one turn of the wheel wait for their turn', () => {
  const clock = new ManualClock();
  const wheel = new TimerWheel(clock, 10);
  const at: number[] = [];
  for (const ms of [5_120, 5_130, 51_200, 60_000]) {
    wheel.set(
      entry(() => at.push(clock.now())),
      ms,
    );
  }
  clock.advance(70_000);
  assert.deepEqual(at, [5_120, 5_130, 51_200, 60_000]);
});

test('a cleared entry does not fire, and the clock is left alone when nothing is set', () => {
  const clock = new ManualClock();
  const wheel = new TimerWheel(clock, 10);
  const one = entry(() => assert.fail('was cleared'));
  wheel.set(one, 50);
  assert.equal(clock.pending, 1);
  wheel.clear(one);
  wheel.clear(one);
  clock.advance(100);
  assert.equal(wheel.size, 0);
  assert.equal(clock.pending, 0);
});

test('an entry may clear and set others of its own slot while firing', () => {
  const clock = new ManualClock();
  const wheel = new TimerWheel(clock, 10);
  const fired: string[] = [];
  const second = entry(() => fired.push('second'));
  const first: WheelEntry = entry(() => {
    fired.push('first');
    wheel.clear(second);
    wheel.set(second, clock.now() + 30);
    if (fired.length < 4) wheel.set(first, clock.now() + 10);
  });
  wheel.set(second, 50);
  wheel.set(first, 50);
  clock.advance(60);
  assert.deepEqual(fired, ['first', 'first']);
  clock.advance(200);
  assert.deepEqual(fired, ['first', 'first', 'first', 'first', 'second']);
});

test('after a long stall everything overdue fires', () => {
  const clock = new ManualClock();
  const wheel = new TimerWheel(clock, 10);
  let fired = 0;
  for (let i = 0; i < 2_000; i++) {
    wheel.set(
      entry(() => fired++),
      i * 7,
    );
  }
  clock.advance(1_000_000);
  assert.equal(fired, 2_000);
});
