import { hash32, mix32 } from '../../../core/hash.ts';
import type { Endpoint } from '../endpoint.ts';
import { byAddress, Draw } from './draw.ts';
import type { Picker, PickerDeps } from './picker.ts';

/** Points of an endpoint of average weight: with so many, loads differ by some 8 %. */
const POINTS_EACH = 160;
/** And of all together, so that a change among very many endpoints is no matter of many milliseconds. */
const MAX_POINTS = 1 << 16;
/** From one point of an endpoint to the next, before it is mixed. */
const STEP = 0x9e3779b9;
/** Room for the number of an endpoint behind its 32-bit point in one double. */
const NUMBERS = 1 << 20;

/**
 * A key goes to the endpoint whose point follows it on a ring: when an endpoint comes or goes, only the keys
 * next to its points move. Karger et al., "Consistent hashing and random trees". Without a key, by chance.
 */
export function ringHash(endpoints: readonly Endpoint[], { chance }: PickerDeps): Picker {
  return new RingHash(endpoints, new Draw(endpoints, chance));
}

class RingHash implements Picker {
  /** By address: every sidecar that knows them sends a key to the same one, in whatever order it was told of them. */
  #endpoints: readonly Endpoint[];
  readonly #draw: Draw;
  /** Made when the first key asks: `point * NUMBERS + number`, in order. */
  #ring: Float64Array | undefined;

  constructor(endpoints: readonly Endpoint[], draw: Draw) {
    this.#endpoints = endpoints;
    this.#draw = draw;
  }

  pick(except: Endpoint | undefined, hash?: number): Endpoint {
    if (hash === undefined) return this.#draw.one(except);
    const ring = (this.#ring ??= this.#prepare());
    let at = firstFrom(ring, hash * NUMBERS);
    // Past the one to avoid the next on the ring is where its keys would go without it.
    for (let left = ring.length; left > 0; left--) {
      const endpoint = this.#endpoints[ring[at]! % NUMBERS]!;
      if (endpoint !== except) return endpoint;
      if (++at === ring.length) at = 0;
    }
    return this.#draw.one(except);
  }

  #prepare(): Float64Array {
    this.#endpoints = byAddress(this.#endpoints);
    return makeRing(this.#endpoints);
  }
}

function makeRing(endpoints: readonly Endpoint[]): Float64Array {
  let sum = 0;
  for (const { share } of endpoints) sum += share;
  const points = Math.min(MAX_POINTS, POINTS_EACH * endpoints.length);
  const counts = endpoints.map(({ share }) => Math.max(1, Math.round((share / sum) * points)));
  const ring = new Float64Array(counts.reduce((a, b) => a + b));
  let at = 0;
  for (const [number, endpoint] of endpoints.entries()) {
    const base = hash32(endpoint.address);
    for (let i = 0; i < counts[number]!; i++) ring[at++] = mix32(base + Math.imul(i, STEP)) * NUMBERS + number;
  }
  return ring.sort();
}

/** The place of the first that is not below `value`; 0 behind the last. */
function firstFrom(ring: Float64Array, value: number): number {
  let low = 0;
  let high = ring.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ring[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low === ring.length ? 0 : low;
}
