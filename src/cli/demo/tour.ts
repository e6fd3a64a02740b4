import { setTimeout as delay } from 'node:timers/promises';
import type { Director } from './director.ts';

const PAUSE_MS = 3_000;

/** Shows by itself what the keys would: one comes, one dies, one comes, one leaves. Rejects when the signal aborts. */
export async function runTour(director: Director, signal: AbortSignal): Promise<void> {
  const pause = (): Promise<void> => delay(PAUSE_MS, undefined, { signal });
  await pause();
  await director.add();
  await director.untilReady(2, signal);
  await pause();
  director.kill();
  await pause();
  await director.add();
  await director.untilReady(2, signal);
  await pause();
  await director.stop();
}
