/**
 * The lanes of the test suite and the arguments that run them with Node's test runner.
 */
import { globSync } from 'node:fs';
import { join } from 'node:path';

export interface Lane {
  /** Relative to the repository's root. */
  readonly files: readonly string[];
  /** `none`: all files in one process, in a second or two. `process`: one process a file. */
  readonly isolation: 'none' | 'process';
  /** A test that takes longer fails. */
  readonly timeoutMs: number;
}

const MINUTE_MS = 60_000;

export const LANES = {
  unit: {
    files: ['src/**/*.test.ts', 'scripts/**/*.test.ts', 'bench/**/*.test.ts', 'test/support/**/*.test.ts'],
    isolation: 'none',
    timeoutMs: MINUTE_MS,
  },
  integration: { files: ['test/integration/**/*.test.ts'], isolation: 'process', timeoutMs: 5 * MINUTE_MS },
  interop: { files: ['test/interop/**/*.test.ts'], isolation: 'process', timeoutMs: 10 * MINUTE_MS },
  fuzz: { files: ['test/fuzz/**/*.test.ts'], isolation: 'process', timeoutMs: 5 * MINUTE_MS },
  peers: { files: ['test/peers/**/*.test.ts'], isolation: 'process', timeoutMs: 15 * MINUTE_MS },
} as const satisfies Record<string, Lane>;

export type LaneName = keyof typeof LANES;

/** What `npm test` runs. The peers need toolchains of other languages and are asked for by name. */
export const DEFAULT_LANES = ['unit', 'integration', 'interop', 'fuzz'] as const satisfies readonly LaneName[];

/** Runs the files of the unit lane inside one test process; see runnerArguments. */
const UNIT_IN_ONE_PROCESS = 'scripts/unit-lane.ts';

export function isLaneName(name: string): name is LaneName {
  return Object.hasOwn(LANES, name);
}

/**
 * Lists a lane's test files, sorted. Throws when there is none: a lane that runs nothing must
 * not look like one that passes.
 */
export function listFiles(root: string, name: LaneName): string[] {
  const { files } = LANES[name];
  const found = globSync(files, { cwd: root }).toSorted();
  if (found.length === 0) throw new Error(`the ${name} lane has no test files (${files.join(', ')})`);
  return found;
}

/**
 * The arguments of `node` that run one lane. Of `given`, what starts with a dash goes to the
 * runner and the rest names the files instead of the lane's own.
 */
export function laneArguments(root: string, name: LaneName, given: readonly string[]): string[] {
  const lane = LANES[name];
  const named = given.filter((argument) => !argument.startsWith('-'));
  const files = named.length > 0 ? named : listFiles(root, name);
  return [
    ...runnerOptions(lane.isolation, lane.timeoutMs),
    ...given.filter((argument) => argument.startsWith('-')),
    ...files,
  ];
}

/**
 * The arguments of `node` that run several lanes as one run with one summary. The unit lane is
 * one file of that run, which imports all of its test files.
 */
export function suiteArguments(root: string, names: readonly LaneName[], given: readonly string[]): string[] {
  const files = names.flatMap((name) => {
    const found = listFiles(root, name);
    return LANES[name].isolation === 'none' ? [join(root, UNIT_IN_ONE_PROCESS)] : found;
  });
  const timeoutMs = Math.max(...names.map((name) => LANES[name].timeoutMs));
  return [...runnerOptions('process', timeoutMs), ...given, ...files];
}

function runnerOptions(isolation: Lane['isolation'], timeoutMs: number): string[] {
  return [
    '--test',
    `--test-isolation=${isolation}`,
    // One file at a time: they share the machine with the servers that they start.
    ...(isolation === 'process' ? ['--test-concurrency=1'] : []),
    `--test-timeout=${timeoutMs}`,
    leakGuardOption(),
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    `--test-reporter=${import.meta.resolve('./empty-run.ts')}`,
    '--test-reporter-destination=stderr',
  ];
}

/** The option of `node` that loads the guard against tests that keep their process alive. */
export function leakGuardOption(): string {
  return `--import=${import.meta.resolve('./leak-guard.ts')}`;
}
