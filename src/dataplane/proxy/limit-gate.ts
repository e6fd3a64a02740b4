import type { Gate, GateRequest, Refusal } from '../message/gate.ts';
import type { RateLimit } from '../route/rate-limit.ts';

/** Lets as many requests of a route through as its limit says. */
export class LimitGate implements Gate {
  readonly text: string;
  readonly #limit: RateLimit;

  /** @param route its name. */
  constructor(route: string, limit: RateLimit) {
    this.text = `route ${route} takes ${limit.text} (limit)`;
    this.#limit = limit;
  }

  ask({ now, head, peer }: GateRequest): Refusal | undefined {
    const wait = this.#limit.take(now, head, peer);
    if (wait === 0) return undefined;
    // RFC 9110, section 10.2.3: whole seconds.
    return { outcome: 'limited', message: this.text, fields: ['retry-after', String(Math.ceil(wait / 1000))] };
  }
}
