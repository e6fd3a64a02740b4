import { median, medianDifference, medianRatio, spread } from '../measure/statistics.ts';
import type { Wanted } from '../scenarios/scenario.ts';
import type { LoadOutcome, MemoryOutcome, Turn } from '../suite.ts';

/** The way without a proxy. */
const BASELINE = 'direct';

/** Medians over all turns. What a target does not have (the CPU of no proxy, a peer that did not run) is NaN. */
export type LoadSummary = {
  name: string;
  /** CPU µs of the proxies for each request, and its spread: (max - min) / median. */
  cpu: number;
  cpuSpread: number;
  /** Medians of the turns' ratios to each other target's CPU. */
  cpuRatios: Record<string, number>;
  /** Requests each second. */
  rate: number;
  /** In ms. */
  p50: number;
  p99: number;
  /** Median of the turns' differences to the direct p50, in ms. */
  addedP50: number;
  /** Medians of the turns' differences to each other target's p50, in ms. */
  p50Above: Record<string, number>;
  /** Bytes. */
  resident: number;
};

export type MemorySummary = { name: string; idle: number; connected: number; loaded: number; peak: number };

export type Verdict = { target: string; wanted: Wanted; value: number; ok: boolean };

export function summarizeLoad(outcome: LoadOutcome): LoadSummary[] {
  const baseP50 = turnsOf(outcome, BASELINE).map(p50Of);
  return outcome.targets.map(({ name, turns }) => {
    const proxied = name !== BASELINE;
    const cpu = proxied ? turns.map(cpuOf) : [];
    const p50 = turns.map(p50Of);
    return {
      name,
      cpu: median(cpu),
      cpuSpread: spread(cpu),
      cpuRatios: toOthers(outcome, (others) => medianRatio(cpu, others.map(cpuOf))),
      rate: median(turns.map((turn) => turn.requests / turn.seconds)),
      p50: median(p50),
      p99: median(turns.map((turn) => turn.latency.p99)),
      p50Above: toOthers(outcome, (others) => medianDifference(p50, others.map(p50Of))),
      addedP50: proxied ? medianDifference(p50, baseP50) : Number.NaN,
      resident: proxied ? median(turns.map((turn) => turn.resident)) : Number.NaN,
    };
  });
}

/** The medians of the turns' ratios `here` / `there`; NaN unless both ran. */
export function compareTargets(outcome: LoadOutcome, here: string, there: string): { cpu: number; p50: number } {
  const [a, b] = [turnsOf(outcome, here), turnsOf(outcome, there)];
  return { cpu: medianRatio(a.map(cpuOf), b.map(cpuOf)), p50: medianRatio(a.map(p50Of), b.map(p50Of)) };
}

function toOthers(outcome: LoadOutcome, compare: (turns: readonly Turn[]) => number): Record<string, number> {
  const others = outcome.targets.filter(({ name }) => name !== BASELINE);
  return Object.fromEntries(others.map(({ name, turns }) => [name, compare(turns)]));
}

function turnsOf(outcome: LoadOutcome, name: string): Turn[] {
  return outcome.targets.find((target) => target.name === name)?.turns ?? [];
}

function cpuOf(turn: Turn): number {
  return turn.proxyCpuMicros / turn.requests;
}

function p50Of(turn: Turn): number {
  return turn.latency.p50;
}

export function summarizeMemory(outcome: MemoryOutcome): MemorySummary[] {
  return outcome.targets.map(({ name, rounds }) => ({
    name,
    idle: median(rounds.map((round) => round.idle)),
    connected: median(rounds.map((round) => round.connected)),
    loaded: median(rounds.map((round) => round.loaded)),
    peak: median(rounds.map((round) => round.peak)),
  }));
}

/** How far `target` is from what is wanted. A figure that could not be had is not ok. */
export function judgeLoad(wanted: readonly Wanted[], summaries: readonly LoadSummary[], target: string): Verdict[] {
  const summary = summaries.find(({ name }) => name === target);
  if (summary === undefined) return [];
  return wanted.map((one) => judge(target, one, loadFigure(one, summary)));
}

export function judgeMemory(wanted: readonly Wanted[], summaries: readonly MemorySummary[], target: string): Verdict[] {
  const summary = summaries.find(({ name }) => name === target);
  if (summary === undefined) return [];
  return wanted.map((one) => judge(target, one, one.figure === 'idle-memory' ? megabytes(summary.idle) : Number.NaN));
}

function judge(target: string, wanted: Wanted, value: number): Verdict {
  return { target, wanted, value, ok: value <= wanted.atMost };
}

function loadFigure(wanted: Wanted, summary: LoadSummary): number {
  switch (wanted.figure) {
    case 'cpu':
      return summary.cpu;
    case 'cpu-ratio':
      return summary.cpuRatios[wanted.to] ?? Number.NaN;
    case 'added-p50':
      return summary.addedP50;
    case 'p50-above':
      return summary.p50Above[wanted.of] ?? Number.NaN;
    case 'idle-memory':
      return Number.NaN;
  }
}

/** 2^20 bytes, as ps and top count them. */
export function megabytes(bytes: number): number {
  return bytes / 2 ** 20;
}

export type Failures = { count: number; notes: string[] };

export function failuresOf(outcome: LoadOutcome | MemoryOutcome): Failures {
  const failures: Failures = { count: 0, notes: [] };
  for (const target of outcome.targets) {
    for (const turn of 'turns' in target ? target.turns : target.rounds) {
      failures.count += turn.failures;
      for (const note of turn.failureNotes) failures.notes.push(`${target.name}: ${note}`);
    }
  }
  return failures;
}
