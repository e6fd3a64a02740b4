import { type Gate, type Refusal, Ticket } from '../../message/gate.ts';
import type { RequestHead } from '../../message/http-head.ts';
import type { CallerStream } from '../../message/http-stream.ts';
import type { Outcome } from '../../message/outcome.ts';
import { Gates, type GatesOwner } from '../gates.ts';
import type { HttpDeadlines } from './http-deadlines.ts';
import type { HttpScope } from './http-scope.ts';
import { NO_MEMORY } from './local-answer.ts';
import type { Waiting } from './waiting.ts';

/** Whose requests are admitted. */
interface Entrant {
  onAdmitted(): void;
  onRefused(refusal: Refusal): void;
}

/** Brings one request after the other past the gates before its cluster, and keeps its head while one of them holds it. */
export class Admission implements GatesOwner {
  /** A gate holds the request. */
  held = false;
  readonly #owner: Entrant;
  readonly #scope: HttpScope;
  readonly #deadlines: HttpDeadlines;
  readonly #waiting: Waiting;
  readonly #gates = new Gates(this);
  #caller: CallerStream | undefined;
  #head: RequestHead | undefined;

  constructor(owner: Entrant, scope: HttpScope, deadlines: HttpDeadlines, waiting: Waiting) {
    this.#owner = owner;
    this.#scope = scope;
    this.#deadlines = deadlines;
    this.#waiting = waiting;
  }

  /** A request comes; where there are no gates it is admitted at once. */
  enter(
    ofListener: readonly Gate[] | undefined,
    ofRoute: readonly Gate[] | undefined,
    head: RequestHead,
    caller: CallerStream,
  ): void {
    if (ofListener === undefined && ofRoute === undefined) return this.#owner.onAdmitted();
    this.#gates.begin(ofListener, ofRoute);
    this.#head = head;
    this.#caller = caller;
    this.#pass();
  }

  onGate(refusal: Refusal | undefined): void {
    this.held = false;
    this.#deadlines.onHeld(false);
    this.#waiting.release();
    if (refusal === undefined) this.#pass();
    else this.#owner.onRefused(refusal);
  }

  /** The request is over. @param startedAt when it began, in ms. */
  end(outcome: Outcome, startedAt: number): void {
    if (!this.#gates.any) return;
    this.held = false;
    this.#caller = this.#head = undefined;
    this.#gates.end(outcome, this.#scope.deps.clock.now() - startedAt);
  }

  #pass(): void {
    const answer = this.#gates.next(this.#head!, this.#caller!.peer, this.#scope.deps.clock.now());
    if (answer instanceof Ticket) this.#hold();
    else if (answer === undefined) this.#owner.onAdmitted();
    else this.#owner.onRefused(answer);
  }

  #hold(): void {
    this.held = true;
    this.#deadlines.onHeld(true);
    if (this.#waiting.hold(this.#caller!, this.#head!)) return;
    this.#owner.onRefused({ outcome: 'overload', message: NO_MEMORY });
  }
}
