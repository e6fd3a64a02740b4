/**
 * Runs the tests with Node's own runner.
 *
 *   npm test                              every lane but the peers'
 *   npm run test:unit -- src/core/x.test.ts --test-name-pattern=deadline
 */
import { dirname } from 'node:path';
import process from 'node:process';
import { DEFAULT_LANES, isLaneName, laneArguments, suiteArguments } from './lanes.ts';

const ROOT = dirname(import.meta.dirname);

main(process.argv.slice(2));

function main(args: readonly string[]): void {
  try {
    run(runnerArguments(args));
  } catch (error) {
    console.error(`weft: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}

function runnerArguments(args: readonly string[]): string[] {
  const [first, ...rest] = args;
  if (first !== undefined && isLaneName(first)) return laneArguments(ROOT, first, rest);
  const stray = args.find((argument) => !argument.startsWith('-'));
  if (stray !== undefined) {
    throw new Error(`npm test runs every lane; for ${stray} use its lane: npm run test:unit -- ${stray}`);
  }
  return suiteArguments(ROOT, DEFAULT_LANES, args);
}

/** Becomes the runner: its output, exit code and signals are then its own. */
function run(args: readonly string[]): void {
  if (process.execve === undefined) throw new Error(`Node ${process.version} on ${process.platform} has no execve`);
  process.chdir(ROOT);
  process.execve(process.execPath, [process.execPath, ...args], process.env);
}
