import assert from 'node:assert/strict';
import { appendFile, mkdtemp, rename, rm, mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { Clock } from '../core/clock.ts';
import { ManualClock } from '../core/manual-clock.ts';
import { silentLogger } from '../telemetry/log.ts';
import { ChangeSignal } from './change-signal.ts';

const DEBOUNCE = 100;

interface Bench {
  readonly directory: string;
  readonly clock: ManualClock;
  calls(): number;
  /** Does something to the directory, and waits until an event of it has come. */
  after(change: () => Promise<void>): Promise<void>;
}

async function start(t: TestContext, poll = 1e9): Promise<Bench> {
  const parent = await mkdtemp(join(tmpdir(), 'weft-signal-'));
  const directory = join(parent, 'watched');
  await mkdir(directory);
  const clock = new ManualClock();
  let calls = 0;
  /** Each event sets the call off anew. */
  let events = 0;
  const counting: Clock = {
    now: () => clock.now(),
    wall: () => clock.wall(),
    every: (ms, task) => clock.every(ms, task),
    after: (ms, task) => {
      events++;
      return clock.after(ms, task);
    },
  };
  const options = { clock: counting, log: silentLogger, debounce: DEBOUNCE, poll };
  const signal = new ChangeSignal([directory], () => void calls++, options);
  t.after(async () => {
    signal.close();
    await rm(parent, { recursive: true, force: true });
  });
  return {
    directory,
    clock,
    calls: () => calls,
    async after(change) {
      const before = events;
      await change();
      const deadline = performance.now() + 5000;
      // oxlint-disable-next-line no-unmodified-loop-condition -- a callback changes it
      while (events === before) {
        assert.ok(performance.now() < deadline, 'no event has come');
        await new Promise(setImmediate);
      }
    },
  };
}

test('what is written in several steps is one change, once it is at rest', async (t) => {
  const { directory, clock, calls, after } = await start(t, 2 * DEBOUNCE);
  const file = join(directory, 'file');
  for (let step = 0; step < 8; step++) {
    await after(() => appendFile(file, 'a line\n'));
    clock.advance(DEBOUNCE * 0.6);
    assert.equal(calls(), 0, `after step ${step}`);
  }
  clock.advance(DEBOUNCE);
  assert.equal(calls(), 1);
});

test('a directory that never rests is looked at all the same', async (t) => {
  const { directory, clock, calls, after } = await start(t);
  const file = join(directory, 'log');
  while (calls() === 0) {
    assert.ok(clock.now() < 10 * DEBOUNCE, 'not at all');
    await after(() => appendFile(file, 'a line\n'));
    clock.advance(DEBOUNCE / 2);
  }
  assert.equal(clock.now(), 10 * DEBOUNCE);
});

test('a directory that another takes the place of is watched as before', async (t) => {
  const { directory, clock, calls, after } = await start(t);
  const other = `${directory}.new`;
  await mkdir(other);
  await after(async () => {
    await rename(directory, `${directory}.old`);
    await rename(other, directory);
  });
  clock.advance(DEBOUNCE);
  const before = calls();
  await after(() => writeFile(join(directory, 'file'), 'text'));
  clock.advance(DEBOUNCE);
  assert.ok(calls() > before);
});

test('without an event it calls now and then', async (t) => {
  const { clock, calls } = await start(t, 1000);
  clock.advance(3000);
  assert.equal(calls(), 3);
});
