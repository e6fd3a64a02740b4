import { fileURLToPath } from 'node:url';
import { startChild } from '../../test/support/children.ts';
import type { Child } from '../../test/support/children.ts';
import type { CommandLine } from '../measure/pinning.ts';
import type { Answer, Command, LoadResult, LoadSpec, Traffic } from './contract.ts';

/** On top of what a run is meant to last: connecting, the replies that come home, a busy machine. */
const SLACK_MS = 20_000;

/** The bench's end of the load generator's process. One command at a time. */
export type Generator = {
  load(spec: LoadSpec): Promise<LoadResult>;
  hold(port: number, connections: number, traffic: Traffic): Promise<void>;
  release(): Promise<void>;
  stop(): Promise<unknown>;
};

/** `at` makes a command line run where the load belongs. */
export async function startGenerator(at: CommandLine): Promise<Generator> {
  const [command, args] = at(process.execPath, [fileURLToPath(new URL('./generator.ts', import.meta.url))]);
  const child = await startChild(command, args, { name: 'load generator' });
  return {
    async load(spec) {
      const answer = await ask(child, { kind: 'load', spec }, spec.warmUpMs + spec.durationMs);
      if (answer.kind !== 'result') throw new Error(`the load generator gave no result but ${answer.kind}`);
      return answer.result;
    },
    async hold(port, connections, traffic) {
      await ask(child, { kind: 'hold', port, connections, traffic }, 0);
    },
    async release() {
      await ask(child, { kind: 'release' }, 0);
    },
    stop: () => child.stop(),
  };
}

async function ask(child: Child, command: Command, ms: number): Promise<Answer> {
  const from = child.output.length;
  child.writeLine(JSON.stringify(command));
  const [line] = await child.waitFor(/^\{"kind".*/, ms + SLACK_MS, from);
  const answer = JSON.parse(line) as Answer;
  if (answer.kind === 'error') throw new Error(answer.message);
  return answer;
}
