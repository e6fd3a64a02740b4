import type { WeftError } from '../../../core/errors.ts';

/** Endpoints that do not take a request are left for others this often, before it fails. */
const MAX_ELSEWHERE = 3;
/** An endpoint that ends its connections after a few requests refuses those that were already on their way. */
const MAX_REFUSED = 10;
/** Of pooled connections all may just be closing, after a restart of their peer; each try takes one out of the pool. */
const MAX_STALE = 8;

/** How often one request may still be begun anew. */
export class Tries {
  #elsewhere = 0;
  #refused = 0;
  #stale = 0;

  begin(): void {
    this.#elsewhere = MAX_ELSEWHERE;
    this.#refused = MAX_REFUSED;
    this.#stale = MAX_STALE;
  }

  /** It could not be sent. */
  afterUnavailable(): boolean {
    return this.#elsewhere-- > 0;
  }

  /** It was sent, and its stream lost in a way after which it may be sent again. */
  afterLost(error: WeftError): boolean {
    return (error.retriable ? this.#refused-- : this.#stale--) > 0;
  }
}
