import type { Child } from '../../test/support/children.ts';
import { waitUntil } from '../../test/support/children.ts';
import { holdConnections } from '../load/load.ts';
import type { CommandLine } from '../measure/pinning.ts';

/** What the load is sent to: one way from the generator to the echo server. */
export type Target = {
  name: string;
  port: number;
  /** The processes on the way, whose CPU time and memory count. None for the direct way. */
  proxies: readonly Child[];
  /** Other processes that the proxies need, beside the way of the load. */
  beside?: readonly Child[];
};

export type TargetPlace = {
  backendPort: number;
  /** An empty folder for configs and the like. */
  folder: string;
  at: CommandLine;
};

export type TargetKind = {
  name: string;
  about: string;
  start(place: TargetPlace): Promise<Target>;
};

const READY_MS = 15_000;

/** Waits until an echo call through `port` succeeds; fails at once, with its output, when the process ends instead. */
export async function untilServing(child: Child, port: number): Promise<void> {
  const serving = waitUntil(() => holdConnections(port, 1).then((release) => (release(), true)), {
    what: `an echo call through ${child.name}`,
    ms: READY_MS,
  });
  const ended = child.exit.then(() => {
    throw new Error(`${child.name} ended before it served a call\n${child.tail()}`);
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
