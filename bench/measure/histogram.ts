/** In ms. */
export type Latency = { p50: number; p99: number; p999: number; max: number; mean: number };

/** Values below this many units are counted exactly; above, the buckets grow with the value. */
const EXACT = 256;
const HALF_BITS = 7;
/** 0.1 µs */
const UNITS_PER_MS = 10_000;
/** About 107 s; anything longer lands in the last bucket. */
const MAX_UNITS = 2 ** 30 - 1;

/**
 * Latencies in buckets whose width is at most 1/128 of the value (log-linear, as HdrHistogram has them): recording is
 * a few integer operations, the size does not depend on the number of values.
 */
export class LatencyHistogram {
  readonly #counts = new Uint32Array(bucketOf(MAX_UNITS) + 1);
  #count = 0;
  #sum = 0;
  #max = 0;

  record(ms: number): void {
    const units = ms <= 0 ? 0 : Math.min(MAX_UNITS, Math.round(ms * UNITS_PER_MS));
    const bucket = bucketOf(units);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#count++;
    this.#sum += ms;
    if (ms > this.#max) this.#max = ms;
  }

  get count(): number {
    return this.#count;
  }

  /** The exact largest value in ms. */
  get max(): number {
    return this.#max;
  }

  /** The exact mean in ms, NaN without values. */
  get mean(): number {
    return this.#sum / this.#count;
  }

  /** The value in ms that `quantile` (0 to 1) of all values do not exceed, NaN without values. */
  quantile(quantile: number): number {
    if (this.#count === 0) return Number.NaN;
    const rank = Math.max(1, Math.ceil(quantile * this.#count));
    let seen = 0;
    for (let bucket = 0; bucket < this.#counts.length; bucket++) {
      seen += this.#counts[bucket] ?? 0;
      if (seen >= rank) return Math.min(middleOf(bucket) / UNITS_PER_MS, this.#max);
    }
    return this.#max;
  }

  summary(): Latency {
    const [p50, p99, p999] = [this.quantile(0.5), this.quantile(0.99), this.quantile(0.999)];
    return { p50, p99, p999, max: this.max, mean: this.mean };
  }

  reset(): void {
    this.#counts.fill(0);
    this.#count = 0;
    this.#sum = 0;
    this.#max = 0;
  }
}

function bucketOf(units: number): number {
  if (units < EXACT) return units;
  const shift = 31 - Math.clz32(units) - HALF_BITS;
  return (shift << HALF_BITS) + (units >>> shift);
}

function middleOf(bucket: number): number {
  if (bucket < EXACT) return bucket;
  const shift = (bucket >>> HALF_BITS) - 1;
  const lowest = (bucket - (shift << HALF_BITS)) * 2 ** shift;
  return lowest + (2 ** shift - 1) / 2;
}
