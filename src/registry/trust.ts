import type { Clock, Timer } from '../core/clock.ts';

/**
 * Whether what a registry does not list is gone. Others that lost it are on the way back too, so
 * from a loss on it is not, until a connection has lasted for a while.
 */
export class Trust {
  readonly #clock: Clock;
  readonly #settle: number;
  readonly #regained: () => void;
  #given = true;
  #timer: Timer | undefined;

  /** `settle`: ms after a reconnect until there is trust again; `regained` is called then. */
  constructor(clock: Clock, settle: number, regained: () => void) {
    this.#clock = clock;
    this.#settle = settle;
    this.#regained = regained;
  }

  get given(): boolean {
    return this.#given;
  }

  /** An established connection was lost. */
  lost(): void {
    this.#given = false;
    this.#timer?.cancel();
  }

  /** A connection is established; the first one is trusted at once. */
  connected(): void {
    if (this.#given) return;
    this.#timer = this.#clock.after(this.#settle, () => {
      this.#given = true;
      this.#regained();
    });
  }

  close(): void {
    this.#timer?.cancel();
  }
}
