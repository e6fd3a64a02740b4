import type { Budget } from './budget.ts';

/** What one holder has of a budget, where the amount is known but not how it came about. */
export class BudgetShare {
  readonly #budget: Budget;
  #held = 0;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** From now on it holds `bytes`; false when there is no room for so many: then it holds what it did before. */
  set(bytes: number): boolean {
    if (bytes === this.#held) return true;
    if (bytes > this.#held) {
      if (!this.#budget.take(bytes - this.#held)) return false;
    } else {
      this.#budget.give(this.#held - bytes);
    }
    this.#held = bytes;
    return true;
  }
}
