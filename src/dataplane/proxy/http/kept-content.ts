import type { Budget } from '../../../core/budget.ts';
import { WaitingContent } from '../../../core/waiting-content.ts';
import type { EndpointStream } from '../../message/http-stream.ts';

/** More than this of one request is not kept to be sent again. */
const MAX_REPLAY = 64 << 10;

/** Content of a request that has no stream yet, or might have to be sent again. */
export class KeptContent {
  readonly #budget: Budget;
  readonly #kept = new WaitingContent();
  #keeping = false;
  #complete = true;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** Whether more of it could not be sent again. */
  get large(): boolean {
    return this.#kept.length > MAX_REPLAY;
  }

  get empty(): boolean {
    return this.#kept.length === 0;
  }

  /** Whether nothing of the content has gone that is not kept: the request can be sent once more. */
  get complete(): boolean {
    return this.#complete;
  }

  /** Keeps a copy of what cannot go yet; false when there is no memory left. */
  hold(bytes: Buffer, start: number, end: number): boolean {
    if (!this.#budget.take(end - start)) return false;
    this.#kept.add(bytes, start, end);
    return true;
  }

  /** Gives what is kept to a copy of the request as well. */
  copyTo(copy: { data(bytes: Buffer, start: number, end: number): void }): void {
    this.#kept.each((bytes, start, end) => copy.data(bytes, start, end));
  }

  /** It goes now. Keeps a copy as long as it is wanted and small. */
  passed(bytes: Buffer, start: number, end: number): void {
    if (!this.#complete || start === end) return;
    const small = this.#keeping && this.#kept.length + end - start <= MAX_REPLAY;
    if (small && this.hold(bytes, start, end)) return;
    this.drop();
    this.#complete = false;
  }

  /** Sends what is kept. @param keep whether it may be wanted again. */
  replay(stream: EndpointStream, keep: boolean): void {
    this.#keeping = keep;
    this.#kept.each((bytes, start, end) => stream.sendData(bytes, start, end));
    if (this.empty || (keep && this.#kept.length <= MAX_REPLAY)) return;
    this.drop();
    this.#complete = false;
  }

  /** Begins anew. */
  reset(): void {
    this.drop();
    this.#complete = true;
    this.#keeping = false;
  }

  /** Gives back what is kept. */
  drop(): void {
    if (this.empty) return;
    this.#budget.give(this.#kept.length);
    this.#kept.clear();
  }
}
