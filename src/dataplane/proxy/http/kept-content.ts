import type { Budget } from '../../../core/budget.ts';
import type { EndpointStream } from '../../message/http-stream.ts';

/** More than this of one request is not kept to be sent again. */
const MAX_REPLAY = 64 << 10;

const MAX_BLOCK = 16 << 10;

class Block {
  readonly bytes: Buffer;
  length = 0;

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafe(size);
  }

  /** Takes of `bytes[start, end)` what there is room for; returns how much that was. */
  fill(bytes: Buffer, start: number, end: number): number {
    const taken = bytes.copy(this.bytes, this.length, start, end);
    this.length += taken;
    return taken;
  }
}

/** Content of a request that has no stream yet, or might have to be sent again. */
export class KeptContent {
  readonly #budget: Budget;
  #blocks: Block[] = [];
  #octets = 0;
  #keeping = false;
  #complete = true;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  get empty(): boolean {
    return this.#octets === 0;
  }

  /** Whether nothing of the content has gone that is not kept: the request can be sent once more. */
  get complete(): boolean {
    return this.#complete;
  }

  /** Keeps a copy of what cannot go yet; false when there is no memory left. */
  hold(bytes: Buffer, start: number, end: number): boolean {
    if (!this.#budget.take(end - start)) return false;
    const last = this.#blocks.at(-1);
    let at = start;
    if (last !== undefined) at += last.fill(bytes, at, end);
    if (at < end) {
      // Small pieces share blocks, so that what they take is near what they count.
      const block = new Block(Math.max(end - at, Math.min(MAX_BLOCK, this.#octets)));
      block.fill(bytes, at, end);
      this.#blocks.push(block);
    }
    this.#octets += end - start;
    return true;
  }

  /** It goes now. Keeps a copy as long as it is wanted and small. */
  passed(bytes: Buffer, start: number, end: number): void {
    if (!this.#complete || start === end) return;
    const small = this.#keeping && this.#octets + end - start <= MAX_REPLAY;
    if (small && this.hold(bytes, start, end)) return;
    this.drop();
    this.#complete = false;
  }

  /** Sends what is kept. @param keep whether it may be wanted again. */
  replay(stream: EndpointStream, keep: boolean): void {
    this.#keeping = keep;
    for (const { bytes, length } of this.#blocks) stream.sendData(bytes, 0, length);
    if (this.#octets === 0 || (keep && this.#octets <= MAX_REPLAY)) return;
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
    if (this.#octets === 0) return;
    this.#budget.give(this.#octets);
    this.#blocks = [];
    this.#octets = 0;
  }
}
