import { hash32, mix32 } from '../../../core/hash.ts';
import type { Endpoint } from '../endpoint.ts';
import { byAddress, Draw } from './draw.ts';
import type { Picker, PickerDeps } from './picker.ts';

/** A prime; the paper's own for some hundreds of endpoints. */
const TABLE_SIZE = 65_537;

/**
 * A table in which every endpoint has its share of places, and most places stay with theirs when endpoints come or
 * go: loads are even to a percent, and a key is found in one step. Eisenbud et al., "Maglev: A Fast and Reliable
 * Software Network Load Balancer", section 3.4. Without a key, by chance.
 */
export function maglev(endpoints: readonly Endpoint[], { chance }: PickerDeps): Picker {
  return new Maglev(endpoints, new Draw(endpoints, chance));
}

class Maglev implements Picker {
  /** By address: every sidecar that knows them sends a key to the same one, in whatever order it was told of them. */
  #endpoints: readonly Endpoint[];
  readonly #draw: Draw;
  /** The number of the endpoint at each place; made when the first key asks. */
  #table: Int32Array | undefined;

  constructor(endpoints: readonly Endpoint[], draw: Draw) {
    this.#endpoints = endpoints;
    this.#draw = draw;
  }

  pick(except: Endpoint | undefined, hash?: number): Endpoint {
    if (hash === undefined) return this.#draw.one(except);
    const table = (this.#table ??= this.#prepare());
    const endpoint = this.#endpoints[table[hash % TABLE_SIZE]!]!;
    if (endpoint !== except) return endpoint;
    // Keys of the one to avoid are spread over all others, and each goes to the same one every time.
    for (let probe = 1, other = hash; probe <= 64; probe++) {
      other = mix32(other + probe);
      const next = this.#endpoints[table[other % TABLE_SIZE]!]!;
      if (next !== except) return next;
    }
    return this.#draw.one(except);
  }

  #prepare(): Int32Array {
    this.#endpoints = byAddress(this.#endpoints);
    return makeTable(this.#endpoints);
  }
}

function makeTable(endpoints: readonly Endpoint[]): Int32Array {
  const count = endpoints.length;
  const table = new Int32Array(TABLE_SIZE).fill(-1);
  const places = new Int32Array(count);
  const skips = new Int32Array(count);
  const weights = new Float64Array(count);
  const due = new Float64Array(count);
  let heaviest = 0;
  for (const { share } of endpoints) heaviest = Math.max(heaviest, share);
  for (const [i, endpoint] of endpoints.entries()) {
    places[i] = hash32(endpoint.address, 0x9e3779b9) % TABLE_SIZE;
    skips[i] = 1 + (hash32(endpoint.address, 0x7f4a7c15) % (TABLE_SIZE - 1));
    weights[i] = endpoint.share / heaviest;
  }
  for (let filled = 0; ;) {
    // Each takes the next place of its own order; a light one takes part in some of the rounds.
    for (let i = 0; i < count; i++) {
      due[i] = due[i]! + weights[i]!;
      if (due[i]! < 1) continue;
      due[i] = due[i]! - 1;
      let place = places[i]!;
      while (table[place] !== -1) place = after(place, skips[i]!);
      table[place] = i;
      places[i] = after(place, skips[i]!);
      if (++filled === TABLE_SIZE) return table;
    }
  }
}

function after(place: number, skip: number): number {
  const next = place + skip;
  return next >= TABLE_SIZE ? next - TABLE_SIZE : next;
}
