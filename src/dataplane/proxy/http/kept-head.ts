import type { Budget } from '../../../core/budget.ts';
import { BudgetShare } from '../../../core/budget-share.ts';
import { octetsOf, type RequestHead } from '../../message/http-head.ts';
import type { CallerStream } from '../../message/http-stream.ts';

const NOTHING = Buffer.alloc(0);
/** Room for a head that is kept from one request to the next. */
const MAX_SCRATCH = 4096;

/** The head of one request after another, where it is needed beyond the turn in which it came. */
export class KeptHead {
  /** Of a head that waits. */
  readonly #share: BudgetShare;
  /** Where an HTTP/1 head is kept. */
  #scratch: Buffer = NOTHING;
  #kept = false;

  constructor(budget: Budget) {
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
