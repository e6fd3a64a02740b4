import type { Chance } from '../../../core/clock.ts';
import type { Endpoint } from '../endpoint.ts';
import type { Picker } from './picker.ts';

/**
 * Two choices: of two endpoints drawn by chance (by their weights), the one with fewer requests
 * under way for its weight. A slow or frozen endpoint gathers requests and so gets few new ones.
 * Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing".
 */
export function leastRequest(endpoints: readonly Endpoint[], chance: Chance): Picker {
  return new LeastRequest(endpoints, chance);
}

class LeastRequest implements Picker {
  readonly #endpoints: readonly Endpoint[];
  readonly #chance: Chance;
  /** Running sums of the weights; undefined when they are equal. */
  readonly #sums: Float64Array | undefined;

  constructor(endpoints: readonly Endpoint[], chance: Chance) {
    this.#endpoints = endpoints;
    this.#chance = chance;
    const first = endpoints[0]!.weight;
    if (endpoints.some((endpoint) => endpoint.weight !== first)) {
      this.#sums = new Float64Array(endpoints.length);
      let sum = 0;
      endpoints.forEach((endpoint, i) => (this.#sums![i] = sum += endpoint.weight));
    }
  }

  pick(except: Endpoint | undefined): Endpoint {
    const a = this.#draw(except);
    const b = this.#sums === undefined ? this.#draw(a) : this.#draw(except);
    if (b === except) return a;
    // The first one drawn wins a tie, so that without load the shares are those of the weights.
    return b.active * a.weight < a.active * b.weight ? b : a;
  }

  /** One by chance, another one than `other`. */
  #draw(other: Endpoint | undefined): Endpoint {
    const endpoints = this.#endpoints;
    const at = this.#sums === undefined ? Math.floor(this.#chance() * endpoints.length) : this.#drawWeighted();
    if (endpoints[at] !== other) return endpoints[at]!;
    const step = 1 + Math.floor(this.#chance() * (endpoints.length - 1));
    return endpoints[(at + step) % endpoints.length]!;
  }

  #drawWeighted(): number {
    const sums = this.#sums!;
    const point = this.#chance() * sums[sums.length - 1]!;
    let low = 0;
    let high = sums.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sums[middle]! > point) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
