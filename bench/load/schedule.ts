import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** Called for each request that is due; `due` and `now` in ms of performance.now(). */
export type OnDue = (due: number, now: number) => void;

/**
 * Calls `onDue` `rate` times a second, evenly spaced. Timers of Node are coarse (1 ms and more), and spinning would
 * take one of few cores away from what is measured; a second thread that sleeps in Atomics.wait wakes this one to
 * within about 0.1 ms. A tick that comes late still carries the time that it was due.
 */
export async function startSchedule(rate: number, onDue: OnDue): Promise<() => void> {
  const pacer = new Worker(new URL('./pacer.ts', import.meta.url), { workerData: { interval: 1000 / rate } });
  pacer.on('message', (due: number) => onDue(due - performance.timeOrigin, performance.now()));
  await once(pacer, 'online');
  return () => void pacer.terminate();
}
