import { availableParallelism } from 'node:os';

/** Turns a command into the one that runs it on certain CPUs. */
export type CommandLine = (command: string, args: readonly string[]) => [command: string, args: string[]];

export type Placement = { proxy: CommandLine; load: CommandLine };

const anywhere: CommandLine = (command, args) => [command, [...args]];

/** Where processes run: wherever the kernel puts them, or the proxy alone on the first CPU and the load on the others. */
export function placement(pin: boolean): Placement {
  if (!pin) return { proxy: anywhere, load: anywhere };
  const cpus = availableParallelism();
  if (cpus < 2) throw new Error('--pin needs two CPUs or more');
  return { proxy: onCpus('0'), load: onCpus(cpus === 2 ? '1' : `1-${cpus - 1}`) };
}

/** taskset becomes the command that it starts, so the pid stays. */
function onCpus(list: string): CommandLine {
  return (command, args) => ['taskset', ['-c', list, command, ...args]];
}
