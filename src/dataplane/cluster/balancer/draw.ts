import type { Chance } from '../../../core/clock.ts';
import type { Endpoint } from '../endpoint.ts';

/** Draws endpoints by chance, each as often as its share of the weights says. There are at least two. */
export class Draw {
  readonly #endpoints: readonly Endpoint[];
  readonly #chance: Chance;
  /** Running sums of the weights; undefined when they are equal. */
  readonly #sums: Float64Array | undefined;

  constructor(endpoints: readonly Endpoint[], chance: Chance) {
    this.#endpoints = endpoints;
    this.#chance = chance;
    const first = endpoints[0]!.share;
    if (endpoints.every(({ share }) => share === first)) return;
    this.#sums = new Float64Array(endpoints.length);
    let sum = 0;
    endpoints.forEach(({ share }, i) => (this.#sums![i] = sum += share));
  }

  /** Whether all weights are the same. */
  get equal(): boolean {
    return this.#sums === undefined;
  }

  /** One, another one than `except`. */
  one(except: Endpoint | undefined): Endpoint {
    const endpoints = this.#endpoints;
    if (this.#sums !== undefined) return endpoints[this.#weighted(this.#sums, except)]!;
    const at = Math.floor(this.#chance() * endpoints.length);
    if (endpoints[at] !== except) return endpoints[at]!;
    const step = 1 + Math.floor(this.#chance() * (endpoints.length - 1));
    return endpoints[(at + step) % endpoints.length]!;
  }

  #weighted(sums: Float64Array, except: Endpoint | undefined): number {
    const total = sums[sums.length - 1]!;
    const left = except === undefined ? -1 : this.#endpoints.indexOf(except);
    if (left < 0) return at(sums, this.#chance() * total);
    // As if it had no weight: what lies behind it moves up.
    const before = left === 0 ? 0 : sums[left - 1]!;
    const weight = sums[left]! - before;
    const point = this.#chance() * (total - weight);
    return at(sums, point < before ? point : point + weight);
  }
}

/** The first whose sum is above `point`. */
function at(sums: Float64Array, point: number): number {
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sums[middle]! > point) high = middle;
    else low = middle + 1;
  }
  return low;
}

export function byAddress(endpoints: readonly Endpoint[]): Endpoint[] {
  const named = endpoints.map((endpoint) => ({ endpoint, address: endpoint.address }));
  return named.sort((a, b) => (a.address < b.address ? -1 : 1)).map(({ endpoint }) => endpoint);
}
