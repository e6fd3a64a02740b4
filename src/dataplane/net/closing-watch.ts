import type { Clock, Timer } from '../../core/clock.ts';

/** How often those that close are looked at: who takes nothing from one look to the next is given up. */
const LOOK_MS = 10_000;

/** A connection that closes once its peer has taken what waits. */
export interface Closing {
  /** Changes whenever the peer takes something. */
  readonly progress: number;
  /** Octets that wait. */
  readonly queued: number;
  destroy(reason: string): void;
}

/**
 * Ends connections whose owners have done with them, and whose peers do not take the rest: nobody else
 * has an eye on these any more. Sets no timer while there are none.
 */
export class ClosingWatch {
  readonly #clock: Clock;
  readonly #closing = new Map<Closing, number>();
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(connection: Closing): void {
    this.#closing.set(connection, connection.progress);
    this.#timer ??= this.#clock.every(LOOK_MS, () => this.#look());
  }

  remove(connection: Closing): void {
    if (!this.#closing.delete(connection) || this.#closing.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #look(): void {
    for (const [connection, before] of this.#closing) {
      const { progress, queued } = connection;
      if (progress === before) connection.destroy(`took none of the last ${queued} octets in ${LOOK_MS} ms`);
      else this.#closing.set(connection, progress);
    }
  }
}
