import { writeFile } from 'node:fs/promises';
import { describeMachine } from './measure/machine.ts';
import type { Machine } from './measure/machine.ts';
import type { Options } from './options.ts';
import type { Progress } from './report/progress.ts';
import { describeComparison, reportLoad, reportMemory } from './report/report.ts';
import type { Report } from './report/report.ts';
import { SCENARIOS } from './scenarios.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { runLoadScenario, runMemoryScenario } from './suite.ts';
import type { Absent, Bench } from './suite.ts';
import { chooseTargets, JUDGED, OTHER } from './target/choose.ts';
import type { TargetKind } from './target/target.ts';
import { withBench } from './workbench.ts';

/** Runs the scenarios, prints a table after each, and returns the exit code. */
export async function measure(options: Options, progress: Progress, print: (text: string) => void): Promise<number> {
  const scenarios = SCENARIOS.filter(({ name }) => options.only.includes(name));
  const protocols = new Set(scenarios.map(({ protocol }) => protocol));
  const kinds = await chooseTargets(options, protocols, progress.say);
  const machine = describeMachine();
  progress.clear();
  print(introduce(machine, options, kinds));
  const reports = await withBench(options, protocols, progress.say, async (bench) => {
    const done: Report[] = [];
    for (const scenario of scenarios) {
      const fitting = kinds.filter((kind) => kind.protocols.includes(scenario.protocol));
      const report = await runScenario(scenario, fitting, bench);
      progress.clear();
      print(`\n${report.lines.join('\n')}`);
      done.push(report);
    }
    return done;
  });
  if (options.json !== undefined)
    await writeJson(options.json, { machine, versions: versionsOf(kinds) }, options, reports);
  return exitCode(reports, options.strict);
}

async function runScenario(scenario: Scenario, kinds: readonly TargetKind[], bench: Bench): Promise<Report> {
  if (scenario.kind === 'memory') return reportMemory(await runMemoryScenario(scenario, kinds, bench), JUDGED);
  const outcome = await runLoadScenario(scenario, kinds, bench);
  const report = reportLoad(outcome, JUDGED);
  report.lines.push(...describeComparison(outcome, JUDGED, OTHER));
  return report;
}

function introduce(machine: Machine, options: Options, kinds: readonly TargetKind[]): string {
  const { rounds, durationMs, warmUpMs, pin } = options;
  const versions = versionsOf(kinds);
  const names = kinds.map(({ name }) => (versions[name] === undefined ? name : `${name} ${versions[name]}`));
  const width = Math.max(...names.map((name) => name.length));
  return [
    `${machine.cpus} × ${machine.cpu}, Linux ${machine.kernel}, Node ${machine.node}`,
    `${rounds} × ${durationMs / 1000} s a target after ${warmUpMs / 1000} s of warm-up; Bolt with contents of 1 KiB there and back`,
    pin ? 'the proxy alone on CPU 0' : 'processes run wherever the kernel puts them',
    ...kinds.map(({ about }, i) => `  ${(names[i] ?? '').padEnd(width)}  ${about}`),
  ].join('\n');
}

function versionsOf(kinds: readonly TargetKind[]): Record<string, string> {
  const versions = kinds.map((kind): [string, string | undefined] => [kind.name, kind.version?.()]);
  return Object.fromEntries(versions.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

type Setting = { machine: Machine; versions: Record<string, string> };

async function writeJson(file: string, setting: Setting, options: Options, reports: readonly Report[]): Promise<void> {
  const { rounds, durationMs, warmUpMs, pin } = options;
  const scenarios = reports.map(({ scenario, summaries, verdicts, failures, outcome }) => {
    return { scenario, summaries, verdicts, failures, turns: outcome.targets, absent: outcome.absent };
  });
  const content = {
    at: new Date().toISOString(),
    ...setting,
    options: { rounds, durationMs, warmUpMs, pin },
    scenarios,
  };
  await writeFile(file, `${JSON.stringify(content, undefined, 2)}\n`);
}

/** A peer that is missing leaves a gap in the table; a build of ours that does not serve has failed. */
function isOurs({ name }: Absent): boolean {
  return name.startsWith(JUDGED) || name === OTHER;
}

function exitCode(reports: readonly Report[], strict: boolean): number {
  if (reports.some(({ failures, outcome }) => failures > 0 || outcome.absent.some(isOurs))) return 1;
  return strict && reports.some(({ verdicts }) => verdicts.some(({ ok }) => !ok)) ? 1 : 0;
}
