import { mkdir, mkdtemp, readFile, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Options } from '../options.ts';
import type { Progress } from '../report/progress.ts';
import { fixed, table } from '../report/table.ts';
import { SCENARIOS } from '../scenarios.ts';
import type { LoadScenario } from '../scenarios/scenario.ts';
import { runLoadScenario } from '../suite.ts';
import { chooseBuild } from '../target/choose.ts';
import { weft } from '../target/weft.ts';
import { withBench } from '../workbench.ts';
import { topSelfTimes } from './self-time.ts';
import type { CpuProfile } from './self-time.ts';

/** Kept between runs, for DevTools and other viewers. */
const KEPT = join(import.meta.dirname, '../profiles');
const TOP = 30;

/** Runs one sidecar under V8's sampling profiler; prints where its time goes and where the profile lies. */
export async function profileScenario(
  name: string,
  options: Options,
  progress: Progress,
  print: (text: string) => void,
): Promise<number> {
  const scenario = SCENARIOS.find((one): one is LoadScenario => one.kind === 'load' && one.name === name);
  if (scenario === undefined) throw new Error(`"${name}" puts no load on the proxy that a profile could show`);
  const build = await chooseBuild(options, progress.say);
  await mkdir(KEPT, { recursive: true });
  const folder = await mkdtemp(join(KEPT, `${name}-`));
  const nodeArgs = ['--cpu-prof', `--cpu-prof-dir=${folder}`, '--cpu-prof-interval=200'];
  const once = { ...options, rounds: 1 };
  // The proxy writes its profile when it is stopped, so all is there once the scenario is over.
  const outcome = await withBench(once, new Set([scenario.protocol]), progress.say, (bench) =>
    runLoadScenario(scenario, [weft({ ...build, nodeArgs })], bench),
  );
  progress.clear();
  for (const { why } of outcome.absent) throw new Error(why);

  const [file] = (await readdir(folder)).filter((entry) => entry.endsWith('.cpuprofile'));
  if (file === undefined)
    throw new Error(`the proxy left no profile in ${folder}: it did not end by itself on SIGTERM`);
  const path = join(folder, file);
  const profile = JSON.parse(await readFile(path, 'utf8')) as CpuProfile;
  print(`${scenario.name}: ${scenario.title}\nself time without idle, warm-up included\n`);
  print(selfTimeTable(profile));
  print(`\nprofile: ${relative(process.cwd(), path)} (opens in DevTools, Performance)`);
  const failures = outcome.targets.flatMap(({ turns }) => turns).reduce((sum, turn) => sum + turn.failures, 0);
  if (failures > 0) print(`FAILED  ${failures} requests`);
  return failures > 0 ? 1 : 0;
}

function selfTimeTable(profile: CpuProfile): string {
  const rows = topSelfTimes(profile, TOP).map(({ name, place, micros, share }) => [
    name.slice(0, 36),
    fixed(share * 100, 1),
    fixed(micros / 1000, 0),
    place,
  ]);
  return table(['function', '%', 'ms', 'where'], rows).join('\n');
}
