import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Backend } from './load/backends.ts';
import type { LoadResult } from './load/contract.ts';
import type { Loader } from './load/loader.ts';
import type { Generator } from './load/processes.ts';
import type { CommandLine } from './measure/pinning.ts';
import { cpuMicros, memoryOf } from './measure/process-usage.ts';
import type { LoadScenario, MemoryScenario, Protocol, Scenario } from './scenarios/scenario.ts';
import { stopTarget } from './target/target.ts';
import type { Target, TargetKind, TargetPlace } from './target/target.ts';

/** What a process needs to come to rest after its start, or after a change, before its memory is read. */
const SETTLE_MS = 2000;

/** Enough for a program that was compiled before: its connections upstream are open and its buffers are there. */
const NATIVE_WARM_UP_MS = 1000;

export type Bench = {
  loader: Loader;
  /** Holds idle connections. */
  generator: Generator;
  backends: ReadonlyMap<Protocol, Backend>;
  folder: string;
  /** Where the proxies run. */
  at: CommandLine;
  rounds: number;
  /** Measured time of one target in one round, in ms. */
  durationMs: number;
  /** Load on a freshly started target before anything is measured (the JIT compiler), in ms; shorter without one. */
  warmUpMs: number;
  progress(what: string): void;
};

export type Turn = LoadResult & {
  /** Resident memory of the proxies right after the load, in bytes. */
  resident: number;
  backendCpuMicros: number;
};

/** A target that could not be started, and why. */
export type Absent = { name: string; why: string };

export type LoadOutcome = { scenario: LoadScenario; targets: { name: string; turns: Turn[] }[]; absent: Absent[] };

/**
 * All targets run at the same time, one of them under load: after a warm-up each, they take turns, in another order
 * each round, so that what the machine does meanwhile hits all alike.
 */
export async function runLoadScenario(
  scenario: LoadScenario,
  kinds: readonly TargetKind[],
  bench: Bench,
): Promise<LoadOutcome> {
  const { targets, absent } = await startAll(scenario, kinds, bench);
  try {
    for (const target of targets) await warmUp(scenario, target, bench);
    const outcome = targets.map(({ name }) => ({ name, turns: [] as Turn[] }));
    const durationMs = bench.durationMs / scenario.turns;
    for (let turn = 0; turn < bench.rounds * scenario.turns; turn++) {
      const round = `round ${Math.floor(turn / scenario.turns) + 1} of ${bench.rounds}`;
      const part = scenario.turns === 1 ? '' : `, part ${(turn % scenario.turns) + 1} of ${scenario.turns}`;
      for (const index of order(targets.length, turn)) {
        const target = targets[index] as Target;
        bench.progress(`${scenario.name}: ${round}${part}, ${target.name}`);
        outcome[index]?.turns.push(await takeTurn(scenario, target, bench, durationMs));
      }
    }
    return { scenario, targets: outcome, absent };
  } finally {
    for (const target of targets) await stopTarget(target);
  }
}

/** The targets' indices: every target is first, and each of two neighbours goes first, equally often. */
export function order(length: number, turn: number): number[] {
  const indices = Array.from({ length }, (_, i) => (i + (turn >> 1)) % length);
  return turn % 2 === 0 ? indices : indices.reverse();
}

async function startAll(
  scenario: Scenario,
  kinds: readonly TargetKind[],
  bench: Bench,
): Promise<{ targets: Target[]; absent: Absent[] }> {
  const targets: Target[] = [];
  const absent: Absent[] = [];
  for (const kind of kinds) {
    const started = await start(scenario, kind, bench);
    if ('why' in started) absent.push(started);
    else targets.push(started);
  }
  return { targets, absent };
}

async function start(scenario: Scenario, kind: TargetKind, bench: Bench): Promise<Target | Absent> {
  bench.progress(`${scenario.name}: start ${kind.name}`);
  const { protocol } = scenario;
  try {
    return await kind.start({
      protocol,
      backendPort: backendOf(bench, protocol).port,
      ...(await placeOf(scenario, bench)),
    });
  } catch (error) {
    return { name: kind.name, why: (error as Error).message };
  }
}

/** A folder for each scenario, so that no target starts on what one of its kind has left. */
async function placeOf({ name }: Scenario, bench: Bench): Promise<Pick<TargetPlace, 'folder' | 'at'>> {
  const folder = join(bench.folder, name);
  await mkdir(folder, { recursive: true });
  return { folder, at: bench.at };
}

function backendOf(bench: Bench, protocol: Protocol): Backend {
  const backend = bench.backends.get(protocol);
  if (backend === undefined) throw new Error(`no backend for ${protocol}`);
  return backend;
}

async function warmUp(scenario: Scenario, target: Target, bench: Bench): Promise<void> {
  bench.progress(`${scenario.name}: warm-up, ${target.name}`);
  const ms = target.jit === true ? bench.warmUpMs : Math.min(bench.warmUpMs, NATIVE_WARM_UP_MS);
  await bench.loader.warmUp(scenario.load, { port: target.port, proxies: [], ms });
}

async function takeTurn(scenario: Scenario, target: Target, bench: Bench, ms: number): Promise<Turn> {
  const proxies = target.proxies.map((proxy) => proxy.pid);
  const backend = backendOf(bench, scenario.protocol).pid;
  const backendBefore = cpuMicros(backend);
  const result = await bench.loader.measure(scenario.load, { port: target.port, proxies, ms });
  for (const proxy of target.proxies) {
    if (!proxy.running()) throw new Error(`${proxy.name} ended under load\n${proxy.tail()}`);
  }
  return { ...result, resident: residentOf(target), backendCpuMicros: cpuMicros(backend) - backendBefore };
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

export type MemoryOutcome = {
  scenario: MemoryScenario;
  targets: { name: string; rounds: MemoryRound[] }[];
  absent: Absent[];
};

/** A process of its own for each target and round; those without a proxy have no memory to show. */
export async function runMemoryScenario(
  scenario: MemoryScenario,
  kinds: readonly TargetKind[],
  bench: Bench,
): Promise<MemoryOutcome> {
  const outcome: MemoryOutcome = { scenario, targets: [], absent: [] };
  const rounds = Math.min(bench.rounds, scenario.mostRounds);
  for (let round = 1; round <= rounds; round++) {
    for (const kind of kinds) {
      if (outcome.absent.some(({ name }) => name === kind.name)) continue;
      bench.progress(`${scenario.name}: round ${round} of ${rounds}, ${kind.name}`);
      const target = await start(scenario, kind, bench);
      if ('why' in target) {
        outcome.absent.push(target);
        continue;
      }
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
  await bench.generator.hold(target.port, scenario.idleConnections, scenario.idleTraffic);
  await delay(SETTLE_MS);
  const connected = residentOf(target);
  await bench.generator.release();
  await warmUp(scenario, target, bench);
  const { resident, failures, failureNotes } = await takeTurn(scenario, target, bench, bench.durationMs);
  const peak = target.proxies.reduce((sum, proxy) => sum + memoryOf(proxy.pid).peak, 0);
  return { idle, connected, loaded: resident, peak, failures, failureNotes };
}
