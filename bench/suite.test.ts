import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { LoadResult } from './load/contract.ts';
import type { LoadScenario } from './scenarios/scenario.ts';
import { order, runLoadScenario } from './suite.ts';
import type { Bench } from './suite.ts';
import type { TargetKind } from './target/target.ts';

test('every turn has each target once, and over the turns each goes first', () => {
  const turns = Array.from({ length: 6 }, (_, turn) => order(3, turn));
  for (const turn of turns)
    assert.deepEqual(
      turn.toSorted((a, b) => a - b),
      [0, 1, 2],
    );
  assert.deepEqual(new Set(turns.map(([first]) => first)), new Set([0, 1, 2]));
});

test('of two targets, each comes before the other equally often', () => {
  const before = Array.from({ length: 6 }, (_, turn) => order(3, turn)).filter((o) => o.indexOf(0) < o.indexOf(2));
  assert.equal(before.length, 3);
});

test('a target that cannot start is told, and the others run', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'weft-suite-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const here = kind('here', () => Promise.resolve({ name: 'here', port: 1, proxies: [] }));
  const gone = kind('gone', () => Promise.reject(new Error('not to be had')));
  const { targets, absent } = await runLoadScenario(scenario, [gone, here], fakeBench(folder));
  assert.deepEqual(absent, [{ name: 'gone', why: 'not to be had' }]);
  assert.deepEqual(
    targets.map(({ name, turns }) => [name, turns.length]),
    [['here', 6]],
  );
});

const scenario: LoadScenario = {
  kind: 'load',
  name: 'some',
  title: 'some load',
  protocol: 'http1',
  load: { by: 'wrk', connections: 1, path: '/', replyBytes: 1 },
  light: false,
  turns: 2,
  peers: [],
  wanted: [],
};

function kind(name: string, start: TargetKind['start']): TargetKind {
  return { name, about: '', protocols: ['http1'], start };
}

const RESULT: LoadResult = {
  requests: 1,
  seconds: 1,
  failures: 0,
  failureNotes: [],
  latency: { p50: 1, p99: 1, p999: 1, max: 1, mean: 1 },
  proxyCpuMicros: 0,
};

function fakeBench(folder: string): Bench {
  const nothing = (): Promise<void> => Promise.resolve();
  return {
    loader: { warmUp: nothing, measure: () => Promise.resolve(RESULT) },
    generator: { load: () => Promise.resolve(RESULT), hold: nothing, release: nothing, stop: nothing },
    backends: new Map([['http1', { port: 1, pid: process.pid, stop: nothing }]]),
    folder,
    at: (command, args) => [command, [...args]],
    rounds: 3,
    durationMs: 1,
    warmUpMs: 0,
    progress: () => undefined,
  };
}
