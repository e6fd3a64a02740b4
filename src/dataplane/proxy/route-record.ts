import type { Outcome } from '../message/outcome.ts';
import { RateLimit } from '../route/rate-limit.ts';
import type { RouteStats } from '../route/route.ts';
import type { LimitSpec } from '../route/route-spec.ts';
import type { OutcomeCounters } from './outcome-counters.ts';

/** What is known of one route, from one config to the next. */
export class RouteRecord implements RouteStats {
  readonly #outcomes: OutcomeCounters;
  #limit: RateLimit | undefined;

  constructor(outcomes: OutcomeCounters) {
    this.#outcomes = outcomes;
  }

  ended(outcome: Outcome): void {
    this.#outcomes.ended(outcome);
  }

  /** The limit of its requests, with what has been taken of it while it was the same. */
  limitOf(spec: LimitSpec): RateLimit {
    if (this.#limit?.isOf(spec) !== true) this.#limit = new RateLimit(spec);
    return this.#limit;
  }

  /** Requests so far. */
  totals(): Partial<Record<Outcome, number>> {
    return this.#outcomes.totals();
  }

  /** The route is gone. */
  close(): void {
    this.#outcomes.close();
  }
}
