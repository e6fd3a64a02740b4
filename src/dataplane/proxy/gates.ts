import type { RequestHead } from '../message/http-head.ts';
import { type Gate, type GateRequest, type Refusal, Ticket } from '../message/gate.ts';
import type { Outcome } from '../message/outcome.ts';

/** Whose request it is that passes them. */
export interface GatesOwner {
  /** A gate that had held it lets it go on to the next ones, or, when there is a refusal, does not. */
  onGate(refusal: Refusal | undefined): void;
}

const NONE: readonly Gate[] = [];

/** The gates of one request after the other, each of which it passes once: those of its listener, then those of its route. */
export class Gates implements GateRequest {
  peer = '';
  now = 0;
  readonly #owner: GatesOwner;
  #head: RequestHead | undefined;
  #ofListener = NONE;
  #ofRoute = NONE;
  /** How many have let it go on. */
  #passed = 0;
  #ticket: Ticket | undefined;

  constructor(owner: GatesOwner) {
    this.#owner = owner;
  }

  get head(): RequestHead {
    return this.#head!;
  }

  /** A request has come to them; `undefined` where there are none. */
  begin(ofListener: readonly Gate[] | undefined, ofRoute: readonly Gate[] | undefined): void {
    this.#ofListener = ofListener ?? NONE;
    this.#ofRoute = ofRoute ?? NONE;
  }

  /** Whether it has to pass any. */
  get any(): boolean {
    return this.#ofListener !== NONE || this.#ofRoute !== NONE;
  }

  /** Whether there is any left. */
  get #ahead(): boolean {
    return this.#passed < this.#ofListener.length + this.#ofRoute.length;
  }

  /** The request goes on from gate to gate: past all of them (undefined), up to one that refuses it, or one that holds it. */
  next(head: RequestHead, peer: string, now: number): Refusal | Ticket | undefined {
    this.#head = head;
    this.peer = peer;
    this.now = now;
    while (this.#ahead) {
      const answer = this.#gate(this.#passed).ask(this);
      if (answer instanceof Ticket) return (this.#ticket = answer);
      if (answer !== undefined) return answer;
      this.#passed++;
    }
    return undefined;
  }

  hold(): Ticket {
    return new Ticket((refusal) => {
      this.#ticket = undefined;
      if (refusal === undefined) this.#passed++;
      this.#owner.onGate(refusal);
    });
  }

  /** The request is over. */
  end(outcome: Outcome, ms: number): void {
    this.#ticket?.leave();
    this.#ticket = undefined;
    for (let at = 0; at < this.#passed; at++) this.#gate(at).ended?.(outcome, ms);
    this.#passed = 0;
    this.#ofListener = this.#ofRoute = NONE;
    this.#head = undefined;
  }

  #gate(at: number): Gate {
    const own = this.#ofListener.length;
    return at < own ? this.#ofListener[at]! : this.#ofRoute[at - own]!;
  }
}
