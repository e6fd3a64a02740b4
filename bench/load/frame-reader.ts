import { frameLength, LONGEST_HEAD } from './frames.ts';

/** A frame in [at, end) of `bytes`; it may be overwritten as soon as the function returns. */
export type OnFrame = (bytes: Buffer, at: number, end: number) => void;

/** Nothing in a benchmark is larger. */
const MAX_FRAME = 1 << 20;

/**
 * Cuts a stream into whole frames. Frames that lie in one chunk are handed over in place; only one that is split
 * between chunks is copied together. Throws on bytes that are no Bolt frame, or on one above `maxFrame`.
 */
export class FrameReader {
  readonly #onFrame: OnFrame;
  readonly #maxFrame: number;
  #rest = Buffer.allocUnsafe(4096);
  #held = 0;

  constructor(onFrame: OnFrame, maxFrame = MAX_FRAME) {
    this.#onFrame = onFrame;
    this.#maxFrame = maxFrame;
  }

  push(chunk: Buffer): void {
    let at = this.#held > 0 ? this.#completeSplitFrame(chunk) : 0;
    while (at < chunk.length) {
      const length = this.#bounded(frameLength(chunk, at, chunk.length));
      if (length === 0 || at + length > chunk.length) break;
      this.#onFrame(chunk, at, at + length);
      at += length;
    }
    if (at < chunk.length) this.#hold(chunk, at, chunk.length);
  }

  /** Returns how much of the chunk belonged to the frame that an earlier chunk began. */
  #completeSplitFrame(chunk: Buffer): number {
    let used = 0;
    for (;;) {
      const length = this.#bounded(frameLength(this.#rest, 0, this.#held));
      // While the length is unknown, take the rest of the longest head, but never bytes of the next frame.
      const wanted = length === 0 ? nextStep(this.#held) : length;
      const missing = wanted - this.#held;
      if (length > 0 && missing === 0) break;
      const take = Math.min(missing, chunk.length - used);
      this.#hold(chunk, used, used + take);
      used += take;
      if (take < missing) return used;
    }
    const end = this.#held;
    this.#held = 0;
    this.#onFrame(this.#rest, 0, end);
    return used;
  }

  #hold(chunk: Buffer, from: number, to: number): void {
    const needed = this.#held + to - from;
    if (needed > this.#rest.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.#rest.length * 2));
      this.#rest.copy(larger, 0, 0, this.#held);
      this.#rest = larger;
    }
    chunk.copy(this.#rest, this.#held, from, to);
    this.#held = needed;
  }

  #bounded(length: number): number {
    if (length > this.#maxFrame) throw new Error(`a frame of ${length} bytes, above the limit of ${this.#maxFrame}`);
    return length;
  }
}

/** A head has 20, 22 or 24 bytes: the shortest first, then two more each time, so that no byte too many is taken. */
function nextStep(held: number): number {
  return held < 20 ? 20 : Math.min(LONGEST_HEAD, held + 2 - (held % 2));
}
