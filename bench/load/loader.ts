import type { CommandLine } from '../measure/pinning.ts';
import { cpuMicros } from '../measure/process-usage.ts';
import type { LaneLoad, Load } from '../scenarios/scenario.ts';
import { runH2load } from '../tools/h2load.ts';
import type { ToolResult, ToolRun } from '../tools/run.ts';
import { runWrk } from '../tools/wrk.ts';
import type { LoadResult } from './contract.ts';
import type { Generator } from './processes.ts';

/** Load of our own before the measured window of each turn, so that queues are as full as they get. */
const RUN_IN_MS = 300;

export type LoadRun = {
  port: number;
  /** The processes whose CPU time counts: the proxies between the load and the backend. */
  proxies: readonly number[];
  ms: number;
};

/** Puts loads of every kind on a port, one at a time. */
export type Loader = {
  /** Load that is not measured. */
  warmUp(load: Load, run: LoadRun): Promise<void>;
  measure(load: Load, run: LoadRun): Promise<LoadResult>;
};

export function createLoader(generator: Generator, folder: string, at: CommandLine): Loader {
  const lanes = (
    { traffic, connections, pace }: LaneLoad,
    run: LoadRun,
    times: { warmUpMs: number; durationMs: number },
  ) => generator.load({ traffic, connections, pace, port: run.port, proxies: [...run.proxies], ...times });
  return {
    async warmUp(load, run) {
      if (load.by === 'lanes') await lanes(load, run, { warmUpMs: run.ms, durationMs: 0 });
      else await runLoadTool(load, { ...run, folder, at });
    },
    measure(load, run) {
      if (load.by === 'lanes') return lanes(load, run, { warmUpMs: RUN_IN_MS, durationMs: run.ms });
      return measureTool(run.proxies, () => runLoadTool(load, { ...run, folder, at }));
    },
  };
}

function runLoadTool(load: Exclude<Load, LaneLoad>, run: ToolRun): Promise<ToolResult> {
  return load.by === 'wrk' ? runWrk(load, run) : runH2load(load, run);
}

/**
 * A tool's window is its whole run: opening its few connections counts, one for hundreds of requests, and so do the
 * requests in flight at the end, which the tool does not count.
 */
async function measureTool(proxies: readonly number[], run: () => Promise<ToolResult>): Promise<LoadResult> {
  const before = cpuOf(proxies);
  const result = await run();
  return { ...result, proxyCpuMicros: cpuOf(proxies) - before };
}

function cpuOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + cpuMicros(pid), 0);
}
