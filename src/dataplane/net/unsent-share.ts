import type { NetContext } from './net-context.ts';

/** What one holder has of all that waits for peers. */
export class UnsentShare {
  readonly #context: NetContext;
  #octets = 0;
  #memory = 0;

  constructor(context: NetContext) {
    this.#context = context;
  }

  get octets(): number {
    return this.#octets;
  }

  /** From now on `octets` wait here, and `memory` bytes are used for them. */
  set(octets: number, memory = octets): void {
    if (octets === this.#octets && memory === this.#memory) return;
    this.#context.unsent += octets - this.#octets;
    this.#context.held += memory - this.#memory;
    this.#octets = octets;
    this.#memory = memory;
  }
}
