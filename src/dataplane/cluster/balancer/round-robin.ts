import type { Chance } from '../../../core/clock.ts';
import type { Endpoint } from '../endpoint.ts';
import type { Picker, PickerDeps } from './picker.ts';

/** One after the other, beginning anywhere; endpoints of unequal weight by their share, evenly spread. */
export function roundRobin(endpoints: readonly Endpoint[], { chance }: PickerDeps): Picker {
  const first = endpoints[0]!;
  const equal = endpoints.every((endpoint) => endpoint.share === first.share);
  return equal ? new EqualRoundRobin(endpoints, chance) : new WeightedRoundRobin(endpoints, chance);
}

class EqualRoundRobin implements Picker {
  readonly #endpoints: readonly Endpoint[];
  #next: number;

  constructor(endpoints: readonly Endpoint[], chance: Chance) {
    this.#endpoints = endpoints;
    // Many sidecars that learn of a change at once must not all begin at the same endpoint.
    this.#next = Math.floor(chance() * endpoints.length);
  }

  pick(except: Endpoint | undefined): Endpoint {
    const chosen = this.#take();
    return chosen === except ? this.#take() : chosen;
  }

  #take(): Endpoint {
    const endpoint = this.#endpoints[this.#next]!;
    if (++this.#next === this.#endpoints.length) this.#next = 0;
    return endpoint;
  }
}

/**
 * Earliest deadline first: an endpoint of weight w is due every 1/w; the one due first is next.
 * A binary heap keeps a pick at the logarithm of the number of endpoints.
 */
class WeightedRoundRobin implements Picker {
  readonly #heap: { due: number; readonly endpoint: Endpoint }[];

  constructor(endpoints: readonly Endpoint[], chance: Chance) {
    this.#heap = endpoints
      .map((endpoint) => ({ due: chance() / endpoint.share, endpoint }))
      .sort((a, b) => a.due - b.due);
  }

  pick(except: Endpoint | undefined): Endpoint {
    // The one to avoid may be due several times in a row when it has most of the weight.
    let chosen = this.#take();
    for (let i = 0; chosen === except && i < this.#heap.length; i++) chosen = this.#take();
    return chosen === except ? this.#heap.find((entry) => entry.endpoint !== except)!.endpoint : chosen;
  }

  #take(): Endpoint {
    const heap = this.#heap;
    const top = heap[0]!;
    top.due += 1 / top.endpoint.share;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= heap.length) break;
      const right = left + 1;
      const child = right < heap.length && heap[right]!.due < heap[left]!.due ? right : left;
      if (heap[child]!.due >= top.due) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = top;
    return top.endpoint;
  }
}
