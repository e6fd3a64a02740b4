import { Counter } from '../../telemetry/metrics.ts';
import { OUTCOMES, type Outcome } from '../message/outcome.ts';

/**
 * Requests by outcome. A series is made when its outcome first happens, so that what is counted
 * costs what it uses; from then on counting is an addition.
 */
export class OutcomeCounters {
  readonly #bind: (outcome: Outcome) => Counter;
  readonly #counters = new Map<Outcome, Counter>();
  #ok: Counter | undefined;
  #closed = false;

  /** @param bind makes the series of an outcome. */
  constructor(bind: (outcome: Outcome) => Counter) {
    this.#bind = bind;
  }

  /** Makes the series of what goes well before it does: who watches sees it begin at 0. */
  begin(): this {
    this.#ok ??= this.#counter('ok');
    return this;
  }

  ended(outcome: Outcome): void {
    // By far the most.
    if (outcome === 'ok') (this.#ok ??= this.#counter('ok')).inc();
    else (this.#counters.get(outcome) ?? this.#counter(outcome)).inc();
  }

  /** So far. */
  totals(): Partial<Record<Outcome, number>> {
    const totals: Partial<Record<Outcome, number>> = {};
    for (const outcome of OUTCOMES) {
      const counter = this.#counters.get(outcome);
      if (counter !== undefined) totals[outcome] = counter.value;
    }
    return totals;
  }

  /** The series are gone: what is counted from now on is seen by nobody, and makes no new ones. */
  close(): void {
    this.#closed = true;
  }

  #counter(outcome: Outcome): Counter {
    const counter = this.#closed ? new Counter() : this.#bind(outcome);
    this.#counters.set(outcome, counter);
    return counter;
  }
}
