import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GRPC_REQUEST_FIELDS, HTTP_HOST, RPC, SMALL } from '../load/http-traffic.ts';
import { LatencyHistogram } from '../measure/histogram.ts';
import type { H2loadLoad } from '../scenarios/scenario.ts';
import { describeFailures, runTool } from './run.ts';
import type { ToolResult, ToolRun } from './run.ts';

export async function runH2load(load: H2loadLoad, run: ToolRun): Promise<ToolResult> {
  const log = join(run.folder, 'h2load.log');
  const args = ['-c', String(load.connections), '-m', String(load.streams), '-t', '1', '-D', `${Math.ceil(run.ms)}ms`];
  // h2load appends to a log that is there.
  await rm(log, { force: true });
  if (load.grpc) args.push(...(await grpcArguments(run.folder)));
  args.push(`--log-file=${log}`, `--connect-to=127.0.0.1:${run.port}`, `http://${HTTP_HOST}${load.path}`);
  const output = await runTool('h2load', args, run);
  return parseH2load(output, await readFile(log), (load.grpc ? RPC : SMALL).reply.length);
}

async function grpcArguments(folder: string): Promise<string[]> {
  const file = join(folder, 'grpc-request');
  await writeFile(file, RPC.reply);
  const fields = Object.entries(GRPC_REQUEST_FIELDS).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  return ['-d', file, ...fields];
}

/**
 * Of the output, the counts; of the log, the latencies: a line for each request with its start, status and µs.
 * `replyBytes` is the length of a body: fewer bytes than that for each request mean that some were cut short.
 */
export function parseH2load(output: readonly string[], log: Buffer, replyBytes: number): ToolResult {
  const seconds = /^finished in ([\d.]+)(s|ms)/;
  const [, length = '', unit] = find(output, seconds);
  const counts = find(output, /(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout/)
    .slice(1)
    .map(Number);
  const [requests = 0, failed = 0, errored = 0, timeout = 0] = counts;
  const [, bytes] = find(output, /\((\d+)\) data$/);
  if (requests === 0) throw new Error(`h2load got no reply\n${output.join('\n')}`);
  const short = Number(bytes) < requests * replyBytes ? { 'reply or more cut short': 1 } : {};
  return {
    requests,
    seconds: Number(length) / (unit === 'ms' ? 1000 : 1),
    // h2load counts a reply with a status of 4xx or 5xx as failed.
    ...describeFailures({ failed, errored, timeout, ...short }),
    latency: readLatencies(log).summary(),
  };
}

function find(output: readonly string[], pattern: RegExp): RegExpExecArray {
  for (const line of output) {
    const match = pattern.exec(line);
    if (match !== null) return match;
  }
  throw new Error(`no line of h2load's output matches ${pattern}\n${output.join('\n')}`);
}

/** The last column of each line, read in place: a run leaves half a million lines. */
function readLatencies(log: Buffer): LatencyHistogram {
  const latencies = new LatencyHistogram();
  let micros = 0;
  for (const byte of log) {
    if (byte === LINE_FEED) latencies.record(micros / 1000);
    micros = byte === LINE_FEED || byte === TAB ? 0 : micros * 10 + (byte - ZERO);
  }
  return latencies;
}

const [TAB, LINE_FEED, ZERO] = [0x09, 0x0a, 0x30];
