import type { Clock, Timer } from '../../core/clock.ts';

/**
 * Who takes nothing for so long is given up. A peer that reads slowly and steadily shows no progress for long times, since
 * the kernel asks for more only when much of its own buffer is free: seconds of what it passes on.
 */
const PATIENCE_MS = 60_000;
/** How often those that close are looked at. */
const LOOK_MS = 10_000;

/** A connection that closes once its peer has taken what waits. */
export interface Closing {
  /** Changes whenever the peer takes something. */
  readonly progress: number;
  /** Octets that wait. */
  readonly queued: number;
  /** Ends it in a way that its peer cannot take for the end of what was to come. */
  reset(reason: string): void;
}

/**
 * Ends connections whose owners have done with them, and whose peers do not take the rest: nobody else
 * has an eye on these any more. Sets no timer while there are none.
 */
export class ClosingWatch {
  readonly #clock: Clock;
  /** Of each its progress, and since when it has been that. */
  readonly #closing = new Map<Closing, { progress: number; since: number }>();
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(connection: Closing): void {
    this.#closing.set(connection, { progress: connection.progress, since: this.#clock.now() });
    this.#timer ??= this.#clock.every(LOOK_MS, () => this.#look());
  }

  remove(connection: Closing): void {
    if (!this.#closing.delete(connection) || this.#closing.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #look(): void {
    const now = this.#clock.now();
    for (const [connection, state] of this.#closing) {
      const { progress, queued } = connection;
      if (progress !== state.progress) Object.assign(state, { progress, since: now });
      else if (now - state.since >= PATIENCE_MS) {
        connection.reset(`took none of the last ${queued} octets in ${Math.round((now - state.since) / 1000)} s`);
      }
    }
  }
}
