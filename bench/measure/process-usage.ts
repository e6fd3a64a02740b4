import { readdirSync, readFileSync } from 'node:fs';

/**
 * CPU time, user and system, that all threads of a running process have used, in µs. Linux only: the scheduler's own
 * count in ns (/proc/<pid>/task/<tid>/schedstat, first field), which is not rounded to clock ticks as the times of
 * /proc/<pid>/stat are. Threads that have ended do not count; neither Node nor HAProxy ends threads under load.
 */
export function cpuMicros(pid: number): number {
  let nanos = 0;
  for (const tid of readdirSync(`/proc/${pid}/task`)) nanos += readRunTime(`/proc/${pid}/task/${tid}/schedstat`);
  return nanos / 1000;
}

function readRunTime(path: string): number {
  try {
    return parseSchedstat(readFileSync(path, 'latin1'));
  } catch (error) {
    // The thread ended between the listing and the reading.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || (error as NodeJS.ErrnoException).code === 'ESRCH')
      return 0;
    throw error;
  }
}

/** Time on a CPU in ns: the first of the three fields. */
export function parseSchedstat(text: string): number {
  const nanos = Number.parseInt(text, 10);
  if (Number.isNaN(nanos)) throw new Error(`not a schedstat line: ${JSON.stringify(text)}`);
  return nanos;
}

export type Memory = {
  /** Resident set in bytes. */
  resident: number;
  /** Largest resident set so far in bytes. */
  peak: number;
};

/** Memory of a running process as the kernel counts it, shared pages of the executable included. */
export function memoryOf(pid: number): Memory {
  return parseStatus(readFileSync(`/proc/${pid}/status`, 'latin1'));
}

export function parseStatus(text: string): Memory {
  return { resident: kibibytes(text, 'VmRSS'), peak: kibibytes(text, 'VmHWM') };
}

function kibibytes(status: string, field: string): number {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status);
  if (match === null) throw new Error(`no ${field} in the status of the process (has it ended?)`);
  return Number(match[1]) * 1024;
}
