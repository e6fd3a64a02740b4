import type { Clock } from '../../../core/clock.ts';
import type { Endpoint } from '../endpoint.ts';
import { Draw } from './draw.ts';
import type { Picker, PickerDeps } from './picker.ts';

/** How much faster than nothing an endpoint counts of which nothing is known, while it has requests under way. */
const UNKNOWN_COST_MS = 1e6;

/**
 * Two choices, as `leastRequest`, by what one more request is expected to wait: how long replies take lately, times
 * how many are under way. An endpoint that becomes slow is known to be after one slow reply, and trusted again
 * little by little. After Finagle's PeakEwma.
 */
export function peakEwma(endpoints: readonly Endpoint[], { chance, clock }: PickerDeps): Picker {
  return new PeakEwma(new Draw(endpoints, chance), clock);
}

class PeakEwma implements Picker {
  readonly #draw: Draw;
  readonly #clock: Clock;

  constructor(draw: Draw, clock: Clock) {
    this.#draw = draw;
    this.#clock = clock;
  }

  pick(except: Endpoint | undefined): Endpoint {
    const a = this.#draw.one(except);
    const b = this.#draw.one(this.#draw.equal ? a : except);
    if (b === except) return a;
    const now = this.#clock.now();
    return cost(b, now) * a.share < cost(a, now) * b.share ? b : a;
  }
}

function cost({ latency, active }: Endpoint, now: number): number {
  const wait = latency.at(now);
  if (wait > 0) return wait * (active + 1);
  // Unknown: one request shall find out, not all of them at once.
  return active === 0 ? 0 : UNKNOWN_COST_MS + active;
}
