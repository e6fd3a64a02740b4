/** What the runs of wrk and h2load have in common. */
import { startChild } from '../../test/support/children.ts';
import type { Child } from '../../test/support/children.ts';
import type { LoadResult } from '../load/contract.ts';
import type { CommandLine } from '../measure/pinning.ts';

/** On top of what a run is meant to last. */
const SLACK_MS = 20_000;

export type ToolRun = {
  port: number;
  ms: number;
  /** An empty folder for what a tool leaves. */
  folder: string;
  at: CommandLine;
};

/** What a tool counted in its own window: all but the CPU time. */
export type ToolResult = Omit<LoadResult, 'proxyCpuMicros'>;

/** Runs a tool to its end. Rejects, with its output, when it fails or does not end. */
export async function runTool(name: string, args: readonly string[], { at, ms }: ToolRun): Promise<readonly string[]> {
  const [command, all] = at(name, args);
  const child = await startChild(command, all, { name });
  const { code } = await endOf(child, ms + SLACK_MS);
  if (code !== 0) throw new Error(`${name} failed\n${child.tail()}`);
  return child.output;
}

async function endOf(child: Child, ms: number): Promise<{ code: number | null }> {
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    void child.kill9();
  }, ms);
  const exit = await child.exit;
  clearTimeout(timer);
  if (late) throw new Error(`${child.name} did not end within ${ms} ms\n${child.tail()}`);
  return exit;
}

/** The counts that are not zero, as failures in words. */
export function describeFailures(counts: Readonly<Record<string, number>>): {
  failures: number;
  failureNotes: string[];
} {
  const some = Object.entries(counts).filter(([, count]) => count > 0);
  return {
    failures: some.reduce((sum, [, count]) => sum + count, 0),
    failureNotes: some.map(([what, count]) => `${count} × ${what}`),
  };
}
