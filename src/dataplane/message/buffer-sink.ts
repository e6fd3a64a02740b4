import type { ByteSink } from './frame.ts';

/** A growing buffer to write frames into, where there is no connection. */
export class BufferSink implements ByteSink {
  target: Buffer = Buffer.allocUnsafeSlow(256);
  #length = 0;

  reserve(length: number): number {
    const at = this.#length;
    this.#length += length;
    if (this.#length > this.target.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(this.#length, this.target.length * 2));
      this.target.copy(grown, 0, 0, at);
      this.target = grown;
    }
    return at;
  }

  /** What was written, without a copy. */
  bytes(): Buffer {
    return this.target.subarray(0, this.#length);
  }
}
