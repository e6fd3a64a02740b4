const SLICE_MS = 500;
/** Ten seconds: long enough for a p99, short enough that it follows what happens. */
const SLICES = 20;
/** Two seconds, so that the rate follows at once. */
const RATE_SLICES = 4;
/** Buckets a power of two: a percentile is off by at most 1/32. */
const STEPS = 32;
const BUCKETS = STEPS * 24;

/** What the calls of the last seconds were like; absent where nothing is known yet. */
export interface CallStats {
  readonly perSecond: number;
  /** 0 to 1. */
  readonly success: number | undefined;
  /** ms */
  readonly p50: number | undefined;
  readonly p99: number | undefined;
}

interface Slice {
  /** Which half second this is; a slice of another one is empty. */
  turn: number;
  calls: number;
  failures: number;
  readonly latencies: Uint32Array;
}

/** Counts calls and their latencies over a window that slides along. */
export class CallWindow {
  readonly #now: () => number;
  /** When the first call ended: the rate is that since then. */
  #firstTurn: number | undefined;
  readonly #slices: Slice[];

  /** @param now ms, monotonic */
  constructor(now: () => number) {
    this.#now = now;
    this.#slices = Array.from({ length: SLICES }, () => ({
      turn: -1,
      calls: 0,
      failures: 0,
      latencies: new Uint32Array(BUCKETS),
    }));
  }

  /** @param micros undefined when its latency does not count */
  answered(micros: number | undefined): void {
    const slice = this.#current();
    slice.calls++;
    if (micros === undefined) return;
    const bucket = bucketOf(micros);
    slice.latencies[bucket] = (slice.latencies[bucket] ?? 0) + 1;
  }

  failed(): void {
    const slice = this.#current();
    slice.calls++;
    slice.failures++;
  }

  read(): CallStats {
    const turn = this.#turn();
    const alive = this.#slices.filter((slice) => turn - slice.turn < SLICES);
    const calls = sum(alive, (slice) => slice.calls);
    const failures = sum(alive, (slice) => slice.failures);
    const percentile = percentiles(alive);
    return {
      perSecond: this.#rate(turn, alive),
      success: calls === 0 ? undefined : 1 - failures / calls,
      p50: percentile(0.5),
      p99: percentile(0.99),
    };
  }

  /** Over whole slices only: the current one is not over. */
  #rate(turn: number, alive: readonly Slice[]): number {
    const whole = Math.min(RATE_SLICES, turn - (this.#firstTurn ?? turn));
    if (whole === 0) return 0;
    const recent = alive.filter((slice) => slice.turn < turn && turn - slice.turn <= whole);
    return (sum(recent, (slice) => slice.calls) * 1_000) / (whole * SLICE_MS);
  }

  #current(): Slice {
    const turn = this.#turn();
    this.#firstTurn ??= turn;
    // SLICES slices exist, and the remainder is below SLICES.
    const slice = this.#slices[turn % SLICES]!;
    if (slice.turn !== turn) {
      slice.turn = turn;
      slice.calls = slice.failures = 0;
      slice.latencies.fill(0);
    }
    return slice;
  }

  #turn(): number {
    return Math.floor(this.#now() / SLICE_MS);
  }
}

/** Each power of two is cut into STEPS buckets of one width; below STEPS each number has its own. */
function bucketOf(micros: number): number {
  const value = Math.max(0, Math.floor(micros));
  const power = Math.max(0, Math.floor(Math.log2(Math.max(1, value))) - Math.log2(STEPS));
  return Math.min(BUCKETS - 1, power * STEPS + Math.floor(value / 2 ** power));
}

/** The middle of a bucket, in ms. */
function valueOf(bucket: number): number {
  const power = Math.max(0, Math.floor(bucket / STEPS) - 1);
  const width = 2 ** power;
  return ((bucket - power * STEPS) * width + (width - 1) / 2) / 1_000;
}

function percentiles(slices: readonly Slice[]): (part: number) => number | undefined {
  const merged = new Uint32Array(BUCKETS);
  for (const { latencies } of slices) {
    for (let bucket = 0; bucket < BUCKETS; bucket++) merged[bucket]! += latencies[bucket]!;
  }
  const count = merged.reduce((total, amount) => total + amount, 0);
  return (part) => {
    if (count === 0) return undefined;
    let left = Math.ceil(count * part);
    const bucket = merged.findIndex((amount) => (left -= amount) <= 0);
    return valueOf(bucket);
  };
}

function sum(slices: readonly Slice[], of: (slice: Slice) => number): number {
  return slices.reduce((total, slice) => total + of(slice), 0);
}
