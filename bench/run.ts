import { writeFile } from 'node:fs/promises';
import { describeMachine } from './measure/machine.ts';
import type { Machine } from './measure/machine.ts';
import type { Options } from './options.ts';
import type { Progress } from './report/progress.ts';
import { describeComparison, reportLoad, reportMemory } from './report/report.ts';
import type { Report } from './report/report.ts';
import { SCENARIOS } from './scenarios.ts';
import type { Scenario } from './scenarios.ts';
import { runLoadScenario, runMemoryScenario } from './suite.ts';
import type { Bench } from './suite.ts';
import { chooseTargets, JUDGED, OTHER } from './target/choose.ts';
import type { TargetKind } from './target/target.ts';
import { withBench } from './workbench.ts';

/** Runs the scenarios, prints a table after each, and returns the exit code. */
export async function measure(options: Options, progress: Progress, print: (text: string) => void): Promise<number> {
  const kinds = await chooseTargets(options, progress.say);
  const machine = describeMachine();
  progress.clear();
  print(introduce(machine, options, kinds));
  const reports = await withBench(options, progress.say, async (bench) => {
    const done: Report[] = [];
    for (const scenario of SCENARIOS.filter(({ name }) => options.only.includes(name))) {
      const report = await runScenario(scenario, kinds, bench);
      progress.clear();
      print(`\n${report.lines.join('\n')}`);
      done.push(report);
    }
    return done;
  });
  if (options.json !== undefined) await writeJson(options.json, machine, options, reports);
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
  const width = Math.max(...kinds.map(({ name }) => name.length));
  return [
    `${machine.cpus} × ${machine.cpu}, Linux ${machine.kernel}, Node ${machine.node}, HAProxy ${machine.haproxy ?? '–'}`,
    `${rounds} × ${durationMs / 1000} s a target after ${warmUpMs / 1000} s of warm-up; contents of 1 KiB there and back`,
    pin ? 'the proxy alone on CPU 0' : 'processes run wherever the kernel puts them',
    ...kinds.map(({ name, about }) => `  ${name.padEnd(width)}  ${about}`),
  ].join('\n');
}

async function writeJson(file: string, machine: Machine, options: Options, reports: readonly Report[]): Promise<void> {
  const { rounds, durationMs, warmUpMs, pin } = options;
  const scenarios = reports.map(({ scenario, summaries, verdicts, failures, outcome }) => {
    return { scenario, summaries, verdicts, failures, turns: outcome.targets };
  });
  const content = { at: new Date().toISOString(), machine, options: { rounds, durationMs, warmUpMs, pin }, scenarios };
  await writeFile(file, `${JSON.stringify(content, undefined, 2)}\n`);
}

function exitCode(reports: readonly Report[], strict: boolean): number {
  if (reports.some(({ failures }) => failures > 0)) return 1;
  return strict && reports.some(({ verdicts }) => verdicts.some(({ ok }) => !ok)) ? 1 : 0;
}
