import { fileURLToPath } from 'node:url';
import { HTTP_HOST } from '../load/http-traffic.ts';
import type { WrkLoad } from '../scenarios/scenario.ts';
import { describeFailures, runTool } from './run.ts';
import type { ToolResult, ToolRun } from './run.ts';

const REPORT = fileURLToPath(new URL('./wrk-report.lua', import.meta.url));

/** What wrk-report.lua prints. */
type Summary = {
  requests: number;
  micros: number;
  bytes: number;
  p50: number;
  p99: number;
  p999: number;
  max: number;
  mean: number;
  errors: Record<string, number>;
};

/** wrk counts in whole seconds only: `ms` is rounded up. */
export async function runWrk(load: WrkLoad, run: ToolRun): Promise<ToolResult> {
  const seconds = Math.max(1, Math.ceil(run.ms / 1000));
  const url = `http://127.0.0.1:${run.port}${load.path}`;
  const args = ['-t', '1', '-c', String(load.connections), '-d', `${seconds}s`, '-H', `Host: ${HTTP_HOST}`];
  return parseWrk(await runTool('wrk', [...args, '-s', REPORT, url], run), load.replyBytes);
}

/** `replyBytes` is the length of a body: fewer bytes than that for each request mean that some were cut short. */
export function parseWrk(output: readonly string[], replyBytes: number): ToolResult {
  const line = output.find((one) => one.startsWith('{"requests"'));
  if (line === undefined) throw new Error(`wrk reported nothing\n${output.join('\n')}`);
  const { requests, micros, bytes, errors, ...latency } = JSON.parse(line) as Summary;
  if (requests === 0) throw new Error(`wrk got no reply\n${output.join('\n')}`);
  const short = bytes < requests * replyBytes ? { 'reply or more cut short': 1 } : {};
  return {
    requests,
    seconds: micros / 1e6,
    ...describeFailures({ ...errors, ...short }),
    latency: {
      p50: latency.p50 / 1000,
      p99: latency.p99 / 1000,
      p999: latency.p999 / 1000,
      max: latency.max / 1000,
      mean: latency.mean / 1000,
    },
  };
}
