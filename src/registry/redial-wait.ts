import { createBackoff, type Backoff, type BackoffOptions } from '../core/backoff.ts';
import type { Chance, Clock } from '../core/clock.ts';

/** ms that a connection has to last for the next try to be a first one again. */
const STEADY = 5000;

/** How long to wait before a lost server is called again: a server that ends each connection at once is not hammered. */
export class RedialWait {
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  #connectedAt: number | undefined;

  constructor(options: BackoffOptions, deps: { readonly clock: Clock; readonly chance: Chance }) {
    this.#clock = deps.clock;
    this.#backoff = createBackoff(options, deps.chance);
  }

  connected(): void {
    this.#connectedAt = this.#clock.now();
  }

  /** The connection is lost, or there was none. Returns ms. */
  next(): number {
    if (this.#connectedAt !== undefined && this.#clock.now() - this.#connectedAt >= STEADY) this.#backoff.reset();
    this.#connectedAt = undefined;
    return this.#backoff.next();
  }
}
