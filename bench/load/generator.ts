/** The load generator's process: takes commands as JSON lines on stdin, answers each with one on stdout. */
import { createInterface } from 'node:readline';
import type { Answer, Command } from './contract.ts';
import { holdConnections, runLoad } from './load.ts';

let release = (): void => undefined;

async function carryOut(command: Command): Promise<Answer> {
  switch (command.kind) {
    case 'load':
      return { kind: 'result', result: await runLoad(command.spec) };
    case 'hold':
      release = await holdConnections(command.port, command.connections, command.traffic);
      return { kind: 'done' };
    case 'release':
      release();
      return { kind: 'done' };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await carryOut(JSON.parse(line) as Command).catch((error: unknown): Answer => ({
    kind: 'error',
    message: error instanceof Error ? error.message : String(error),
  }));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
