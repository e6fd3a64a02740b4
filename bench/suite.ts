import { setTimeout as delay } from 'node:timers/promises';
import type { LoadResult } from './load/contract.ts';
import type { Backend, Generator } from './load/processes.ts';
import { cpuMicros, memoryOf } from './measure/process-usage.ts';
import type { Load, LoadScenario, MemoryScenario } from './scenarios.ts';
import { stopTarget } from './target/target.ts';
import type { Target, TargetKind, TargetPlace } from './target/target.ts';

/** Load before the measured window of each turn, so that connections are open and queues as full as they get. */
const RUN_IN_MS = 300;
/** What a process needs to come to rest after its start, or after a change, before its memory is read. */
const SETTLE_MS = 2000;

export type Bench = {
  generator: Generator;
  backend: Backend;
  place: TargetPlace;
  rounds: number;
  /** Measured time of one target in one round, in ms. */
  durationMs: number;
  /** Load on a freshly started target before anything is measured (the JIT compiler), in ms. */
  warmUpMs: number;
  progress(what: string): void;
};

export type Turn = LoadResult & {
  /** Resident memory of the proxies right after the load, in bytes. */
  resident: number;
  backendCpuMicros: number;
};

export type LoadOutcome = { scenario: LoadScenario; targets: { name: string; turns: Turn[] }[] };

/**
 * All targets run at the same time, one of them under load: after a warm-up each, they take turns, in another order
 * each round, so that what the machine does meanwhile hits all alike.
 */
export async function runLoadScenario(
  scenario: LoadScenario,
  kinds: readonly TargetKind[],
  bench: Bench,
): Promise<LoadOutcome> {
  const targets = await startAll(kinds, bench, scenario.name);
  try {
    for (const target of targets) {
      bench.progress(`${scenario.name}: warm-up, ${target.name}`);
      await takeTurn(scenario.load, target, bench, { warmUpMs: bench.warmUpMs, durationMs: 0 });
    }
    const outcome = targets.map(({ name }) => ({ name, turns: [] as Turn[] }));
    const durationMs = bench.durationMs / scenario.turns;
    for (let turn = 0; turn < bench.rounds * scenario.turns; turn++) {
      const round = `round ${Math.floor(turn / scenario.turns) + 1} of ${bench.rounds}`;
      const part = scenario.turns === 1 ? '' : `, part ${(turn % scenario.turns) + 1} of ${scenario.turns}`;
      for (const index of order(targets.length, turn)) {
        const target = targets[index] as Target;
        bench.progress(`${scenario.name}: ${round}${part}, ${target.name}`);
        outcome[index]?.turns.push(await takeTurn(scenario.load, target, bench, { warmUpMs: RUN_IN_MS, durationMs }));
      }
    }
    return { scenario, targets: outcome };
  } finally {
    for (const target of targets) await stopTarget(target);
  }
}

/** The targets' indices: every target is first, and each of two neighbours goes first, equally often. */
export function order(length: number, turn: number): number[] {
  const indices = Array.from({ length }, (_, i) => (i + (turn >> 1)) % length);
  return turn % 2 === 0 ? indices : indices.reverse();
}

async function startAll(kinds: readonly TargetKind[], bench: Bench, scenario: string): Promise<Target[]> {
  const targets: Target[] = [];
  try {
    for (const kind of kinds) {
      bench.progress(`${scenario}: start ${kind.name}`);
      targets.push(await kind.start(bench.place));
    }
    return targets;
  } catch (error) {
    for (const target of targets) await stopTarget(target);
    throw error;
  }
}

async function takeTurn(
  load: Load,
  target: Target,
  bench: Bench,
  times: { warmUpMs: number; durationMs: number },
): Promise<Turn> {
  const proxies = target.proxies.map((proxy) => proxy.pid);
  const backendBefore = cpuMicros(bench.backend.pid);
  const result = await bench.generator.load({ ...load, port: target.port, ...times, proxies });
  for (const proxy of target.proxies) {
    if (!proxy.running()) throw new Error(`${proxy.name} ended under load\n${proxy.tail()}`);
  }
  return {
    ...result,
    resident: residentOf(target),
    backendCpuMicros: cpuMicros(bench.backend.pid) - backendBefore,
  };
}

function residentOf(target: Target): number {
  return target.proxies.reduce((sum, proxy) => sum + memoryOf(proxy.pid).resident, 0);
}

export type MemoryRound = {
  /** Resident bytes, summed over the proxies of the target. */
  idle: number;
  connected: number;
  loaded: number;
  peak: number;
  failures: number;
  failureNotes: string[];
};

export type MemoryOutcome = { scenario: MemoryScenario; targets: { name: string; rounds: MemoryRound[] }[] };

/** A process of its own for each target and round; those without a proxy have no memory to show. */
export async function runMemoryScenario(
  scenario: MemoryScenario,
  kinds: readonly TargetKind[],
  bench: Bench,
): Promise<MemoryOutcome> {
  const outcome: MemoryOutcome = { scenario, targets: [] };
  for (let round = 1; round <= bench.rounds; round++) {
    for (const kind of kinds) {
      bench.progress(`${scenario.name}: round ${round} of ${bench.rounds}, ${kind.name}`);
      const target = await kind.start(bench.place);
      try {
        if (target.proxies.length === 0) continue;
        const measured = await measureMemory(scenario, target, bench);
        const known = outcome.targets.find(({ name }) => name === kind.name);
        if (known === undefined) outcome.targets.push({ name: kind.name, rounds: [measured] });
        else known.rounds.push(measured);
      } finally {
        await stopTarget(target);
      }
    }
  }
  return outcome;
}

async function measureMemory(scenario: MemoryScenario, target: Target, bench: Bench): Promise<MemoryRound> {
  await delay(SETTLE_MS);
  const idle = residentOf(target);
  await bench.generator.hold(target.port, scenario.idleConnections);
  await delay(SETTLE_MS);
  const connected = residentOf(target);
  await bench.generator.release();
  const times = { warmUpMs: bench.warmUpMs, durationMs: bench.durationMs };
  const { resident, failures, failureNotes } = await takeTurn(scenario.load, target, bench, times);
  const peak = target.proxies.reduce((sum, proxy) => sum + memoryOf(proxy.pid).peak, 0);
  return { idle, connected, loaded: resident, peak, failures, failureNotes };
}
