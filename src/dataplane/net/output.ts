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

  /** Takes all that waits, in order. The caller returns each buffer with `release`. */
  takeAll(): Buffer[] {
    this.#seal();
    const all = this.#sealed;
    this.#sealed = [];
    this.#sealedBytes = 0;
    return all;
  }

  /** Gives the memory of a taken buffer back for reuse. It may not be read any more. */
  release(taken: Buffer): void {
    if (taken.buffer.byteLength !== SLAB_BYTES) return;
    this.#context.giveSlab(taken.length === SLAB_BYTES ? taken : Buffer.from(taken.buffer));
  }

  clear(): void {
    for (const buffer of this.takeAll()) this.release(buffer);
  }

  #seal(): void {
    if (this.#target === undefined) return;
    this.#sealed.push(this.#target.subarray(0, this.#used));
    this.#sealedBytes += this.#used;
    this.#target = undefined;
    this.#used = 0;
  }
}
