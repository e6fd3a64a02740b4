/** What is known loses a factor of e in this time. */
const DECAY_MS = 10_000;

/** How long replies take lately, in ms: a peak counts at once, and is forgotten by and by. */
export class Latency {
  #value = 0;
  #asOf = 0;

  /** 0 when nothing is known, or nothing any more. */
  at(now: number): number {
    return this.#value === 0 ? 0 : this.#value * Math.exp((this.#asOf - now) / DECAY_MS);
  }

  observe(ms: number, now: number): void {
    const kept = Math.exp((this.#asOf - now) / DECAY_MS);
    this.#asOf = now;
    this.#value = ms > this.#value ? ms : this.#value * kept + ms * (1 - kept);
  }
}
