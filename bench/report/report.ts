import type { LoadScenario, Wanted } from '../scenarios/scenario.ts';
import type { Absent, LoadOutcome, MemoryOutcome } from '../suite.ts';
import {
  compareTargets,
  failuresOf,
  judgeLoad,
  judgeMemory,
  megabytes,
  summarizeLoad,
  summarizeMemory,
} from './summary.ts';
import type { LoadSummary, MemorySummary, Verdict } from './summary.ts';
import { fixed, table } from './table.ts';

/** What is known of one scenario when it is over: for people (`lines`) and for programs (all). */
export type Report = {
  scenario: string;
  lines: string[];
  summaries: LoadSummary[] | MemorySummary[];
  verdicts: Verdict[];
  failures: number;
  outcome: LoadOutcome | MemoryOutcome;
};

/** `judged` is the target that the wanted figures are for. */
export function reportLoad(outcome: LoadOutcome, judged: string): Report {
  const summaries = summarizeLoad(outcome);
  const verdicts = judgeLoad(outcome.scenario.wanted, summaries, judged);
  return assemble(outcome, summaries, loadTable(summaries, outcome.scenario), verdicts);
}

export function reportMemory(outcome: MemoryOutcome, judged: string): Report {
  const summaries = summarizeMemory(outcome);
  const verdicts = judgeMemory(outcome.scenario.wanted, summaries, judged);
  return assemble(outcome, summaries, memoryTable(summaries), verdicts);
}

function assemble(
  outcome: LoadOutcome | MemoryOutcome,
  summaries: LoadSummary[] | MemorySummary[],
  figures: string[],
  verdicts: Verdict[],
): Report {
  const { name, title } = outcome.scenario;
  const failures = failuresOf(outcome);
  const failed =
    failures.count === 0 ? [] : [`  FAILED  ${failures.count} requests: ${failures.notes.slice(0, 3).join('; ')}`];
  const absent = outcome.absent.flatMap(describeAbsent);
  const lines = [`${name}: ${title}`, ...figures, ...absent, ...verdicts.map(describeVerdict), ...failed];
  return { scenario: name, lines, summaries, verdicts, failures: failures.count, outcome };
}

function loadTable(summaries: readonly LoadSummary[], { light, peers }: LoadScenario): string[] {
  const head = ['', 'CPU µs', '±%', ...peers.map((peer) => `× ${peer}`), 'req/s', 'p50 ms', 'p99 ms', 'RSS MB'];
  const rows = summaries.map((summary) => [
    summary.name,
    fixed(summary.cpu, 1),
    fixed(summary.cpuSpread * 50, 0),
    ...peers.map((peer) => fixed(summary.cpuRatios[peer] ?? Number.NaN, 2)),
    fixed(summary.rate, 0),
    fixed(summary.p50, 3),
    fixed(summary.p99, 3),
    fixed(megabytes(summary.resident), 0),
    fixed(summary.addedP50, 3),
  ]);
  // Of a saturated machine, the added latency tells only how many processes share it.
  return light
    ? table([...head, 'added ms'], rows)
    : table(
        head,
        rows.map((row) => row.slice(0, head.length)),
      );
}

function memoryTable(summaries: readonly MemorySummary[]): string[] {
  return table(
    ['', 'idle MB', 'connected MB', 'after load MB', 'peak MB'],
    summaries.map(({ name, idle, connected, loaded, peak }) => [
      name,
      ...[idle, connected, loaded, peak].map((bytes) => fixed(megabytes(bytes), 1)),
    ]),
  );
}

/** The first line says what is wrong, those that follow are what the program itself had to say. */
function describeAbsent({ name, why }: Absent): string[] {
  const lines = why.split('\n').filter((line) => line.trim() !== '');
  const [first = '', ...others] = lines.slice(0, MOST_LINES);
  return [`  absent  ${name}: ${first}`, ...others.map((line) => `          ${line}`)];
}

const MOST_LINES = 5;

export function describeVerdict({ target, wanted, value, ok }: Verdict): string {
  const [what, unit, digits] = wordsFor(wanted);
  const limit = `wanted at most ${wanted.atMost}${unit}`;
  // Beside a peer that did not run: neither reached nor missed, but nothing that --strict lets pass.
  if (Number.isNaN(value)) return `  unknown ${target}: ${what}, ${limit}`;
  return `  ${ok ? 'ok    ' : 'misses'}  ${target}: ${what} ${fixed(value, digits)}${unit}, ${limit}`;
}

function wordsFor(wanted: Wanted): readonly [what: string, unit: string, digits: number] {
  switch (wanted.figure) {
    case 'cpu':
      return ['CPU of a request', ' µs', 1];
    case 'cpu-ratio':
      return [`CPU relative to ${wanted.to}`, ' ×', 2];
    case 'added-p50':
      return ['added to the direct p50', ' ms', 3];
    case 'p50-above':
      return [`p50 above that of ${wanted.of}`, ' ms', 3];
    case 'idle-memory':
      return ['memory when idle', ' MB', 1];
  }
}

/** Two builds in the same rounds; no line unless both ran. */
export function describeComparison(outcome: LoadOutcome, here: string, there: string): string[] {
  const { cpu, p50 } = compareTargets(outcome, here, there);
  if (Number.isNaN(cpu)) return [];
  return [`  ${here} / ${there}: CPU ${fixed(cpu, 3)}, p50 ${fixed(p50, 3)} (medians of the turns' ratios)`];
}
