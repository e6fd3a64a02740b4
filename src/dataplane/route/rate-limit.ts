import { hash32 } from '../../core/hash.ts';
import type { RequestHead } from '../message/http-head.ts';
import { type RequestValue, requestValue } from './request-value.ts';
import type { LimitSpec } from './route-spec.ts';

/** Keys with a bucket of their own; beyond it the one that was used the longest time ago begins anew with a full one. */
const MAX_KEYS = 10_000;
/** Longer keys are told apart by a part and a hash: callers choose them, and 10 000 are kept. */
const MAX_KEY = 64;
/** Sums of fractions miss a whole by less than this. */
const ROUNDING = 1e-6;

interface Bucket {
  tokens: number;
  /** When there were so many. */
  at: number;
}

/** Lets so many requests through in a time, and some more at once: a token bucket, or one for each key. */
export class RateLimit {
  readonly #spec: LimitSpec;
  readonly #burst: number;
  /** Tokens in a millisecond. */
  readonly #rate: number;
  readonly #keys: readonly RequestValue[];
  /** In the order of their last use. Without keys there is one, and so has what has no key. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(spec: LimitSpec) {
    this.#spec = spec;
    this.#burst = spec.burst ?? spec.requests;
    this.#rate = spec.requests / spec.per;
    this.#keys = (spec.by ?? []).map(requestValue);
  }

  /** How many buckets there are. */
  get size(): number {
    return this.#buckets.size;
  }

  /** For people. */
  get text(): string {
    const { requests, per } = this.#spec;
    return `${requests === 1 ? '1 request' : `${requests} requests`} in ${per} ms`;
  }

  /** Whether it is the same limit, so that what is left of it counts on. */
  isOf(spec: LimitSpec): boolean {
    return JSON.stringify(spec) === JSON.stringify(this.#spec);
  }

  /**
   * Takes a token for a request.
   *
   * @returns 0, or in how many milliseconds there will be one, and none is taken.
   */
  take(now: number, head: RequestHead, peer: string): number {
    const bucket = this.#bucketOf(this.#keyOf(head, peer), now);
    const tokens = Math.min(this.#burst, bucket.tokens + (now - bucket.at) * this.#rate);
    bucket.at = now;
    const goes = tokens + ROUNDING >= 1;
    bucket.tokens = goes ? Math.max(0, tokens - 1) : tokens;
    return goes ? 0 : (1 - tokens) / this.#rate;
  }

  #bucketOf(key: string, now: number): Bucket {
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      if (this.#buckets.size >= MAX_KEYS) this.#buckets.delete(this.#buckets.keys().next().value!);
      bucket = { tokens: this.#burst, at: now };
    } else {
      // Alone it is first and last.
      if (this.#buckets.size === 1) return bucket;
      this.#buckets.delete(key);
    }
    this.#buckets.set(key, bucket);
    return bucket;
  }

  /** Of the first source that the request has: that the same text in two of them is not one key, the source is part of it. */
  #keyOf(head: RequestHead, peer: string): string {
    for (const [source, valueOf] of this.#keys.entries()) {
      const value = valueOf(head, peer);
      if (value === undefined) continue;
      if (value.length <= MAX_KEY) return `${source}:${value}`;
      return `${source}:${value.slice(0, MAX_KEY)}:${value.length}:${hash32(value)}`;
    }
    return '';
  }
}
