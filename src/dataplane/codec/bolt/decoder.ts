import type { Budget } from '../../../core/budget.ts';
import type { FrameDecoder, FrameLimits, FrameSink } from '../../message/frame.ts';
import { crc32 } from './crc.ts';
import { BoltFrame } from './frame.ts';
import { CRC_LENGTH, readU32, REQUEST_HEAD_V2 } from './wire.ts';

/** Room for any fixed part; what is kept before a frame's length is known. */
const HEAD_ROOM = REQUEST_HEAD_V2;
const FIRST_GROWTH = 4096;

/**
 * Cuts a connection's bytes into Bolt frames. A frame that lies whole in the chunk is read
 * where it is; one that is cut is gathered in a buffer of its own, which grows as bytes
 * arrive, so that a peer cannot claim memory by announcing a length.
 */
export class BoltDecoder implements FrameDecoder {
  readonly #limits: FrameLimits;
  readonly #budget: Budget;
  readonly #sink: FrameSink;
  readonly #frame = new BoltFrame();
  #partial: Buffer | undefined;
  #partialLength = 0;
  /** The length of the partial frame, 0 while its fixed part is incomplete. */
  #partialTotal = 0;
  /** Bytes that the partial frame has taken from the budget. */
  #claimed = 0;
  /** Bytes of a rejected frame that are still to be passed over. */
  #skip = 0;
  #closed = false;

  constructor(limits: FrameLimits, budget: Budget, sink: FrameSink) {
    this.#limits = limits;
    this.#budget = budget;
    this.#sink = sink;
  }

  get buffered(): number {
    return this.#partialLength;
  }

  push(chunk: Buffer, length: number): void {
    let at = 0;
    if (this.#partial !== undefined) at = this.#fillPartial(chunk, length);
    // A callback may close the connection, and with it this decoder.
    while (at < length && !this.#closed) {
      if (this.#skip > 0) {
        const passed = Math.min(this.#skip, length - at);
        this.#skip -= passed;
        at += passed;
        continue;
      }
      const total = this.#frame.readHead(chunk, at, length - at);
      if (total === 0) return this.#keep(chunk, at, length, 0);
      if (this.#tooLarge(total)) {
        this.#reject(total, 'too_large');
      } else if (at + total > length) {
        return this.#keep(chunk, at, length, total);
      } else {
        this.#deliver();
        at += total;
      }
    }
  }

  close(): void {
    this.#closed = true;
    this.#dropPartial();
  }

  #deliver(): void {
    const frame = this.#frame;
    if (frame.hasChecksum) {
      const covered = frame.end - CRC_LENGTH;
      if (crc32(frame.bytes.subarray(frame.start, covered)) !== readU32(frame.bytes, covered)) {
        this.close();
        return this.#sink.onRejected(frame, 'checksum');
      }
    }
    this.#sink.onFrame(frame);
  }

  #tooLarge(total: number): boolean {
    return total > this.#limits.maxFrame || this.#frame.headerLength > this.#limits.maxHeader;
  }

  #reject(total: number, reason: 'too_large' | 'overload'): void {
    this.#skip = total;
    this.#sink.onRejected(this.#frame, reason);
  }

  /** Keeps the incomplete frame `chunk[at, length)`, whose length is `total` if that is known. */
  #keep(chunk: Buffer, at: number, length: number, total: number): void {
    const have = length - at;
    const room = total === 0 ? HEAD_ROOM : Math.min(total, Math.max(have * 2, FIRST_GROWTH));
    // Without its fixed part a frame cannot be answered: that little is always kept, uncounted.
    if (total !== 0 && !this.#claim(room)) {
      this.#reject(total, 'overload');
      this.#skip -= have;
      return;
    }
    this.#partial = Buffer.allocUnsafeSlow(room);
    chunk.copy(this.#partial, 0, at, length);
    this.#partialLength = have;
    this.#partialTotal = total;
  }

  /** Adds to the partial frame, delivers it when it is whole; returns how many bytes it took. */
  #fillPartial(chunk: Buffer, length: number): number {
    let at = 0;
    if (this.#partialTotal === 0) {
      at = this.#append(chunk, 0, Math.min(length, HEAD_ROOM - this.#partialLength));
      const total = this.#frame.readHead(this.#partial!, 0, this.#partialLength);
      if (total === 0) return at;
      // The fixed part of some frames is shorter than the room for it: what was taken beyond
      // the end of this frame goes back.
      if (this.#partialLength > total) {
        at -= this.#partialLength - total;
        this.#partialLength = total;
      }
      this.#partialTotal = total;
      if (this.#tooLarge(total)) return this.#rejectPartial('too_large', at);
    }
    const taken = this.#append(chunk, at, Math.min(length, at + this.#partialTotal - this.#partialLength));
    if (taken < 0) return this.#rejectPartial('overload', at);
    if (this.#partialLength === this.#partialTotal) {
      this.#frame.readHead(this.#partial!, 0, this.#partialLength);
      this.#deliver();
      this.#dropPartial();
    }
    return taken;
  }

  #rejectPartial(reason: 'too_large' | 'overload', at: number): number {
    const total = this.#partialTotal;
    const have = this.#partialLength;
    this.#frame.readHead(this.#partial!, 0, have);
    this.#reject(total, reason);
    this.#skip -= have;
    this.#dropPartial();
    return at;
  }

  /** Copies `chunk[from, to)` behind the partial frame; returns `to`, or -1 without room. */
  #append(chunk: Buffer, from: number, to: number): number {
    const needed = this.#partialLength + to - from;
    let partial = this.#partial!;
    if (needed > partial.length) {
      const room = Math.min(this.#partialTotal, Math.max(needed, partial.length * 2));
      if (!this.#claim(room - this.#claimed)) return -1;
      const grown = Buffer.allocUnsafeSlow(room);
      partial.copy(grown, 0, 0, this.#partialLength);
      this.#partial = partial = grown;
    }
    chunk.copy(partial, this.#partialLength, from, to);
    this.#partialLength = needed;
    return to;
  }

  #claim(bytes: number): boolean {
    if (!this.#budget.take(bytes)) return false;
    this.#claimed += bytes;
    return true;
  }

  #dropPartial(): void {
    this.#budget.give(this.#claimed);
    this.#claimed = 0;
    this.#partial = undefined;
    this.#partialLength = 0;
    this.#partialTotal = 0;
  }
}
