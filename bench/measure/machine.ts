import { availableParallelism, cpus, release } from 'node:os';

/** What figures depend on besides the code. */
export type Machine = { cpu: string; cpus: number; kernel: string; node: string };

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown CPU',
    cpus: availableParallelism(),
    kernel: release(),
    node: process.version,
  };
}
