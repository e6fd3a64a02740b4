import { type Clock, systemClock } from '../../core/clock.ts';
import { ClosingWatch } from './closing-watch.ts';

/**
 * What all connections of one thread share: the buffer that they read into, the slabs that
 * they write from, and the list of those with something to write. Idle connections hold no
 * buffers, so ten thousand of them cost little.
 */

/** A read event brings at most this much; it is also the most that one read call can return. */
export const READ_BUFFER_BYTES = 64 * 1024;
export const SLAB_BYTES = 64 * 1024;

/** Slabs kept for reuse; a burst beyond it goes back to the allocator. */
const MAX_FREE_SLABS = 64;

export interface Flushable {
  flush(): void;
}

export class NetContext {
  /** Shared: its bytes are valid only during the read callback that they were passed to. */
  readonly readBuffer: Buffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  /** Bytes that wait on all connections together because their peers take no more. */
  unsent = 0;
  /** The memory that these are kept in: one octet keeps a whole slab. */
  held = 0;
  /** With more than this `held` it is `full`. Bytes that are written are never refused: whoever causes them has to ask. */
  maxHeld = Number.POSITIVE_INFINITY;
  readonly closing: ClosingWatch;
  readonly #free: Buffer[] = [];
  #dirty: Flushable[] = [];
  #spare: Flushable[] = [];
  readonly #flushAll = (): void => this.#flush();

  constructor(clock: Clock = systemClock) {
    this.closing = new ClosingWatch(clock);
  }

  /** Whether more waits than may: whatever can wait elsewhere should. */
  get full(): boolean {
    return this.held > this.maxHeld;
  }

  takeSlab(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(SLAB_BYTES);
  }

  giveSlab(slab: Buffer): void {
    if (this.#free.length < MAX_FREE_SLABS) this.#free.push(slab);
  }

  /**
   * Flushes `connection` once all events of this turn of the loop have been handled (the check
   * phase follows the poll phase directly): whatever many peers caused to be written to one
   * connection leaves in one system call, with no timer and no extra turn.
   */
  flushLater(connection: Flushable): void {
    if (this.#dirty.length === 0) setImmediate(this.#flushAll);
    this.#dirty.push(connection);
  }

  #flush(): void {
    const dirty = this.#dirty;
    this.#dirty = this.#spare;
    for (const connection of dirty) connection.flush();
    dirty.length = 0;
    this.#spare = dirty;
  }
}
