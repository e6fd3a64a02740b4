import type { Child } from '../../test/support/children.ts';
import { startChild, waitUntil } from '../../test/support/children.ts';
import { expectAnswer } from '../load/answers.ts';
import type { CommandLine } from '../measure/pinning.ts';
import type { Protocol } from '../scenarios/scenario.ts';

/** What the load is sent to: one way from the generator to the backend. */
export type Target = {
  name: string;
  port: number;
  /** The processes on the way, whose CPU time and memory count. None for the direct way. */
  proxies: readonly Child[];
  /** Other processes that the proxies need, beside the way of the load. */
  beside?: readonly Child[];
  /** Its code is compiled while it runs, and is slow until then: it needs the whole warm-up. */
  jit?: boolean;
};

export type TargetPlace = {
  protocol: Protocol;
  backendPort: number;
  /** An empty folder for configs and the like. */
  folder: string;
  at: CommandLine;
};

export type TargetKind = {
  name: string;
  about: string;
  protocols: readonly Protocol[];
  /** Undefined when it is not installed; no such function where a version says nothing. */
  version?: () => string | undefined;
  /** Brings what `start` needs; rejects, with words for the user, when it cannot be had. */
  prepare?: (progress: (what: string) => void) => Promise<void>;
  start(place: TargetPlace): Promise<Target>;
};

const READY_MS = 15_000;

/** Starts a proxy and waits until calls through it succeed. */
export async function startServing(
  place: TargetPlace,
  port: number,
  name: string,
  program: string,
  args: readonly string[],
): Promise<Child> {
  const [command, all] = place.at(program, args);
  const child = await startChild(command, all, { name });
  await untilServing(child, port, place.protocol);
  return child;
}

/** Waits until a call through `port` succeeds; fails at once, with its output, when the process ends instead. */
export async function untilServing(child: Child, port: number, protocol: Protocol): Promise<void> {
  const serving = waitUntil(() => expectAnswer(protocol, port).then(() => true), {
    what: `a call through ${child.name}`,
    ms: READY_MS,
  });
  const ended = child.exit.then(() => {
    throw new Error(`${child.name} ended before it served a call`);
  });
  try {
    await Promise.race([serving, ended]);
  } catch (error) {
    serving.catch(() => undefined);
    await child.kill9();
    throw new Error(`${(error as Error).message}\n${child.tail()}`, { cause: error });
  } finally {
    ended.catch(() => undefined);
  }
}

export async function stopTarget(target: Target): Promise<void> {
  for (const proxy of [...target.proxies, ...(target.beside ?? [])]) await proxy[Symbol.asyncDispose]();
}
