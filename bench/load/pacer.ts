/** Worker thread: tells every `interval` ms, without drift, when this tick was due, in ms since 1970. */
import { parentPort, workerData } from 'node:worker_threads';

const { interval } = workerData as { interval: number };
const never = new Int32Array(new SharedArrayBuffer(4));
const start = performance.now();

for (let tick = 1; ; tick++) {
  const due = start + tick * interval;
  const wait = due - performance.now();
  if (wait > 0) Atomics.wait(never, 0, 0, wait);
  // Each thread counts from a time origin of its own.
  parentPort?.postMessage(performance.timeOrigin + due);
}
