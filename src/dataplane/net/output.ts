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
  /** What is full, and for each of these the slab that it is of, or undefined for a buffer of its own. */
  #sealed: Buffer[] = [];
  #slabs: (Buffer | undefined)[] = [];
  #sealedBytes = 0;
  /** Slabs of what has been taken and not released. */
  #taken: (Buffer | undefined)[] = [];

  constructor(context: NetContext) {
    this.#context = context;
  }

  /** Bytes that wait. */
  get length(): number {
    return this.#sealedBytes + this.#used;
  }

  /** The memory that is in use, with that of what has been taken and not released. */
  get memory(): number {
    const pieces = this.#slabs.length + this.#taken.length + (this.#target === undefined ? 0 : 1);
    return pieces * SLAB_BYTES;
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
   * Takes what waits, in order: all, or the first of it when there is more than `about` bytes. Nothing
   * more is taken until the caller has called `release`.
   */
  take(about: number): Buffer[] {
    if (this.#sealedBytes < about) this.#seal();
    const sealed = this.#sealed;
    if (this.#sealedBytes <= about) {
      this.#sealed = [];
      this.#sealedBytes = 0;
      const released = this.#taken;
      this.#taken = this.#slabs;
      this.#slabs = released;
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
    this.#taken.push(...this.#slabs.splice(0, whole));
    this.#sealedBytes -= bytes;
    return taken;
  }

  /** Gives the memory of all that was taken back for reuse. It may not be read any more. */
  release(): void {
    const taken = this.#taken;
    for (let i = 0; i < taken.length; i++) {
      const slab = taken[i];
      if (slab !== undefined) this.#context.giveSlab(slab);
    }
    taken.length = 0;
  }

  clear(): void {
    this.release();
    this.take(Number.POSITIVE_INFINITY);
    this.release();
  }

  #seal(): void {
    const target = this.#target;
    if (target === undefined) return;
    this.#sealed.push(target.subarray(0, this.#used));
    this.#slabs.push(target.length === SLAB_BYTES ? target : undefined);
    this.#sealedBytes += this.#used;
    this.#target = undefined;
    this.#used = 0;
  }
}
