import { createBackoff, type Backoff } from '../../core/backoff.ts';
import type { Chance, Clock } from '../../core/clock.ts';

/** An endpoint whose connections do not last is connected to at once this often at most. */
const AT_ONCE_EVERY_MS = 1_000;
const RECONNECT = { base: 100, max: 10_000 };

/** How long to wait before a connection to an endpoint follows one that has ended. */
export class ReconnectPacer {
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  #atOnce = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, chance: Chance) {
    this.#clock = clock;
    this.#backoff = createBackoff(RECONNECT, chance);
  }

  /**
   * One that worked is followed at once: most often the peer has just restarted. One on which the
   * peer never said a word did not work: many things accept connections on behalf of who is gone.
   *
   * @param heard whether anything came on the connection that has ended.
   * @returns milliseconds.
   */
  wait(heard: boolean): number {
    const now = this.#clock.now();
    if (!heard || now - this.#atOnce < AT_ONCE_EVERY_MS) return this.#backoff.next();
    this.#atOnce = now;
    this.#backoff.reset();
    return 0;
  }
}
