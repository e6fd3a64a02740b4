import { setImmediate } from 'node:timers/promises';

/** Turns of the loop in which bytes on this machine arrive and are answered many times over. */
const TURNS = 50;
const GIVE_UP_MS = 10_000;

/** Everything that was on its way between sockets of this process has arrived, and what follows from it too. */
export async function settled(): Promise<void> {
  for (let i = 0; i < TURNS; i++) await setImmediate();
}

/** Waits until `condition` holds; `what` says what for. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const before = performance.now() + GIVE_UP_MS;
  while (!condition()) {
    if (performance.now() > before) throw new Error(`waited in vain for ${what}`);
    await setImmediate();
  }
}
