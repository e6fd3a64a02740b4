import type { Chance } from '../../core/clock.ts';
import type { Destination } from './route.ts';

/** Chooses among destinations, each as often as its weight says. */
export class Split {
  readonly #destinations: readonly Destination[];
  /** Running sums of the weights. */
  readonly #sums: readonly number[];
  readonly #total: number;

  /** @param weighted at least one, and not all of weight 0. */
  constructor(weighted: readonly (Destination & { readonly weight: number })[]) {
    let sum = 0;
    const taking = weighted.filter(({ weight }) => weight > 0);
    this.#destinations = taking;
    this.#sums = taking.map(({ weight }) => (sum += weight));
    this.#total = sum;
  }

  choose(chance: Chance): Destination {
    const last = this.#sums.length - 1;
    if (last === 0) return this.#destinations[0]!;
    const point = chance() * this.#total;
    let at = 0;
    while (at < last && this.#sums[at]! <= point) at++;
    return this.#destinations[at]!;
  }
}
