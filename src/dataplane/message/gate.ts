import type { RequestHead } from './http-head.ts';
import type { FailureCode, Outcome } from './outcome.ts';

/** Why a request does not go on. */
export interface Refusal {
  readonly outcome: FailureCode;
  /** For people. */
  readonly message: string;
  /** Of HTTP, in place of the one that goes with `outcome`. */
  readonly status?: number | undefined;
  /** Likewise, of gRPC. */
  readonly grpcStatus?: number | undefined;
  /** More fields of a response of HTTP that is not gRPC: names in lower case and values by turns. */
  readonly fields?: readonly string[];
}

/** What a gate may look at of a request that has come to it. */
export interface GateRequest {
  /** Valid until `ask` returns; where the request is held, until its ticket is passed or left. */
  readonly head: RequestHead;
  /** The other end of the caller's connection, `host:port`. */
  readonly peer: string;
  /** The clock's time, in ms. */
  readonly now: number;
  /** Holds the request: to be returned by `ask`. */
  hold(): Ticket;
}

/**
 * Something that a request passes when its route and cluster are known, and before it goes to an endpoint: a limit, a
 * fault on purpose, a filter. One serves all requests of its listener or route.
 */
export interface Gate {
  /** What it is, for people. */
  readonly text: string;
  /** Undefined: the request goes on. A refusal: it is answered with that. A ticket, which `hold` has given: it waits. */
  ask(request: GateRequest): Refusal | Ticket | undefined;
  /** A request that it has let go on is over. @param ms since the request came. */
  ended?(outcome: Outcome, ms: number): void;
}

/** A request that a gate holds. */
export class Ticket {
  /** The request is over before the gate has let it go on. Set it before `ask` returns. */
  onLeave: (() => void) | undefined;
  #onPass: ((refusal: Refusal | undefined) => void) | undefined;

  constructor(onPass: (refusal: Refusal | undefined) => void) {
    this.#onPass = onPass;
  }

  /** Lets it go on, or refuses it. Only the first time counts, and none once the request is over. */
  pass(refusal?: Refusal): void {
    const onPass = this.#onPass;
    this.#onPass = this.onLeave = undefined;
    onPass?.(refusal);
  }

  /** The request is over. */
  leave(): void {
    const { onLeave } = this;
    this.#onPass = this.onLeave = undefined;
    onLeave?.();
  }
}
