import { availableParallelism, cpus, release } from 'node:os';
import { execFileSync } from 'node:child_process';

/** What figures depend on besides the code. */
export type Machine = { cpu: string; cpus: number; kernel: string; node: string; haproxy: string | undefined };

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown CPU',
    cpus: availableParallelism(),
    kernel: release(),
    node: process.version,
    haproxy: haproxyVersion(),
  };
}

/** For instance `2.6.12`; undefined when HAProxy is not installed. */
export function haproxyVersion(): string | undefined {
  try {
    const text = execFileSync('haproxy', ['-v'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return /version (\d+(?:\.\d+)*)/.exec(text)?.[1];
  } catch {
    return undefined;
  }
}
