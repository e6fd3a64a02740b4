import type { ByteSink } from '../message/frame.ts';
import { type NetContext, SLAB_BYTES } from './net-context.ts';

/**
 * The bytes that wait to be written on one connection. Small frames are gathered in slabs
 * that the thread lends out; a frame larger than a slab has a buffer of its own.
 */
export class Output implements ByteSink {
  readonly #context: NetContext;
  #target: Buffer | undefined;
  #used = 0;
  #sealed: Buffer[] = [];
  #sealedBytes = 0;

  constructor(context: NetContext) {
    this.#context = context;
  }

  /** Bytes that wait. */
  get length(): number {
    return this.#sealedBytes + this.#used;
  }

  get target(): Buffer {
    return this.#target!;
  }

  reserve(length: number): number {
    let target = this.#target;
    if (target === undefined || this.#used + length > target.length) {
      this.#seal();
      target = length > SLAB_BYTES ? Buffer.allocUnsafeSlow(length) : this.#context.takeSlab();
      this.#target = target;
    }
    const at = this.#used;
    this.#used = at + length;
    return at;
  }

  /**
   * Takes what waits, in order: all, or the first of it when there is more than `about` bytes. The
   * caller returns each buffer with `release`.
   */
  take(about: number): Buffer[] {
    if (this.#sealedBytes < about) this.#seal();
    const sealed = this.#sealed;
    if (this.#sealedBytes <= about) {
      this.#sealed = [];
      this.#sealedBytes = 0;
      return sealed;
    }
    const taken: Buffer[] = [];
    let [bytes, whole] = [0, 0];
    while (bytes < about) {
      const next = sealed[whole]!;
      const room = Math.max(about - bytes, SLAB_BYTES);
      // A slab goes as a whole: it is lent out again when it has been written.
      const piece = next.length > room ? next.subarray(0, room) : next;
      taken.push(piece);
      bytes += piece.length;
      if (piece === next) whole++;
      else sealed[whole] = next.subarray(room);
    }
    sealed.splice(0, whole);
    this.#sealedBytes -= bytes;
    return taken;
  }

  /** Gives the memory of a taken buffer back for reuse. It may not be read any more. */
  release(taken: Buffer): void {
    if (taken.buffer.byteLength !== SLAB_BYTES) return;
    this.#context.giveSlab(taken.length === SLAB_BYTES ? taken : Buffer.from(taken.buffer));
  }

  clear(): void {
    for (const buffer of this.take(Number.POSITIVE_INFINITY)) this.release(buffer);
  }

  #seal(): void {
    if (this.#target === undefined) return;
    this.#sealed.push(this.#target.subarray(0, this.#used));
    this.#sealedBytes += this.#used;
    this.#target = undefined;
    this.#used = 0;
  }
}
