/** `npm run bench`: see options.ts for what it can do, and docs/benchmarks.md for how to read the figures. */
import { runMicro } from './micro/run.ts';
import { HELP, parseOptions } from './options.ts';
import type { Options } from './options.ts';
import { profileScenario } from './profile/run.ts';
import { progressOn } from './report/progress.ts';
import { measure } from './run.ts';

const print = (text: string): void => void process.stdout.write(`${text}\n`);

async function main(options: Options): Promise<number> {
  if (options.help) {
    print(HELP);
    return 0;
  }
  const progress = progressOn(process.stderr);
  if (options.micro) return runMicro(options, print);
  if (options.profile !== undefined) return profileScenario(options.profile, options, progress, print);
  return measure(options, progress, print);
}

// One listener on 'exit' for each child, and all targets of a scenario run at once.
process.setMaxListeners(30);

// An interrupt ends the children and removes the folder: both hang on the exit of this process.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

try {
  process.exitCode = await main(parseOptions(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`\nbench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
