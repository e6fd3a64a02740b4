/**
 * A bound on what many holders may keep together, in bytes. Whoever cannot take from it has
 * to refuse work instead of growing the process.
 */
export class Budget {
  /** May change; what was taken stays taken. */
  limit: number;
  #used = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get used(): number {
    return this.#used;
  }

  /** Takes `bytes`; false, and nothing taken, when that would pass the limit. */
  take(bytes: number): boolean {
    if (this.#used + bytes > this.limit) return false;
    this.#used += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#used -= bytes;
  }
}
