import { memoryOf } from '../../bench/measure/process-usage.ts';
import { waitUntil } from './children.ts';
import type { TestSidecar } from './mesh.ts';
import type { RawPeer } from './raw-bolt.ts';

/** So long without a change counts as standing still, in ms. */
const STILL_MS = 400;

/** Waits until `read` gives a number that is not 0 and has stopped changing; returns it. */
export async function standsStill(what: string, read: () => number): Promise<number> {
  let last = read();
  let since = performance.now();
  const still = (): boolean => {
    const now = read();
    if (now !== last) since = performance.now();
    last = now;
    return now !== 0 && performance.now() - since >= STILL_MS;
  };
  await waitUntil(still, { what: `${what} stands still`, ms: 20_000 });
  return last;
}

/** Resident memory of a sidecar beyond what it has now, in bytes. */
export function watchMemory(sidecar: TestSidecar): { readonly grown: number } {
  const { pid } = sidecar.child;
  const before = memoryOf(pid).resident;
  return {
    get grown() {
      return memoryOf(pid).resident - before;
    },
  };
}

/** Reads one chunk of 64 KiB every `ms`, at 5 about 12 MiB a second, until told to go on freely. */
export function readSlowly(peer: RawPeer, ms = 5): { readonly goOn: () => void } {
  const onData = (): void => void peer.socket.pause();
  peer.socket.on('data', onData);
  const timer = setInterval(() => peer.socket.resume(), ms);
  return {
    goOn() {
      clearInterval(timer);
      peer.socket.off('data', onData);
      peer.socket.resume();
    },
  };
}
