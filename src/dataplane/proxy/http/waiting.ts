import type { Budget } from '../../../core/budget.ts';
import { BudgetShare } from '../../../core/budget-share.ts';
import type { Place } from '../../../core/line.ts';
import { octetsOf, type RequestHead } from '../../message/http-head.ts';
import type { CallerStream } from '../../message/http-stream.ts';
import type { HttpDeadlines } from './http-deadlines.ts';

const NOTHING = Buffer.alloc(0);
/** Room for a head that is kept from one request to the next. */
const MAX_SCRATCH = 4096;

/** What one request after another needs while it waits: its place in line, and its head beyond the turn in which it came. */
export class Waiting {
  readonly #deadlines: HttpDeadlines;
  #place: Place | undefined;
  /** Of a head that waits. */
  readonly #share: BudgetShare;
  /** Where an HTTP/1 head is kept. */
  #scratch: Buffer = NOTHING;
  #kept = false;

  constructor(budget: Budget, deadlines: HttpDeadlines) {
    this.#deadlines = deadlines;
    this.#share = new BudgetShare(budget);
  }

  keep(caller: CallerStream): void {
    if (this.#kept) return;
    this.#kept = true;
    this.#scratch = caller.keepHead(this.#scratch);
  }

  /** Keeps it while its request waits; false when there is no memory left. */
  hold(caller: CallerStream, head: RequestHead): boolean {
    this.keep(caller);
    return this.#share.set(caller.headStays ? octetsOf(head) : this.#scratch.length);
  }

  /** The same, in line. */
  join(place: Place, caller: CallerStream, head: RequestHead): boolean {
    this.#place = place;
    return this.hold(caller, head);
  }

  /** It is in line no longer. */
  leave(): void {
    if (this.#place === undefined) return;
    this.#place.leave();
    this.#place = undefined;
    this.#deadlines.onDequeued();
  }

  /** Its request waits no longer. */
  release(): void {
    this.#share.set(0);
  }

  /** Whether it can be sent once more. */
  stays(caller: CallerStream): boolean {
    return this.#kept || caller.headStays;
  }

  /** The request is over, or another one begins. */
  forget(): void {
    this.#kept = false;
    if (this.#scratch.length > MAX_SCRATCH) this.#scratch = NOTHING;
  }
}
