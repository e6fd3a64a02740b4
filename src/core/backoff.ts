import type { Chance } from './clock.ts';

export interface BackoffOptions {
  /** Ceiling of the first wait, in ms. */
  base: number;
  /** Ceiling of every wait, in ms. */
  max: number;
}

/** How long to wait before each further try. */
export interface Backoff {
  /** The next wait in ms. Its ceiling doubles with each call, up to `max`. */
  next(): number;
  /** To be called after a success: the next wait is a first one again. */
  reset(): void;
}

/**
 * Exponential backoff with full jitter: each wait is drawn evenly from zero to a ceiling that
 * doubles. Clients that lost the same server at the same moment then come back spread out
 * over time, and not in waves.
 */
export function createBackoff(options: BackoffOptions, chance: Chance): Backoff {
  let ceiling = options.base;
  return {
    next() {
      const wait = chance() * Math.min(ceiling, options.max);
      ceiling = Math.min(ceiling * 2, options.max);
      return wait;
    },
    reset() {
      ceiling = options.base;
    },
  };
}
