import type { Http2Stream } from './stream.ts';

/** Streams that were reset here, and on which the peer may still be sending. */
const REMEMBERED_RESETS = 256;
/** A power of two. */
const SLOTS = 64;
export const MAX_STREAM = 2 ** 31 - 1;

/** The streams of one connection: those that are open, and what is known of the others. RFC 9113, section 5.1. */
export class StreamTable {
  /** The last one that the peer has opened. */
  lastOfPeer = 0;
  readonly #server: boolean;
  /** Numbers are dense, so most streams find their slot free; the others, behind a long-lived one, are in the map. */
  #slots: (Http2Stream | undefined)[] = [];
  readonly #others = new Map<number, Http2Stream>();
  readonly #resets = new Set<number>();
  /** The highest one that is no longer remembered. */
  #forgotten = 0;
  #ofPeer = 0;
  #own = 0;
  #next: number;

  constructor(server: boolean) {
    this.#server = server;
    this.#next = server ? 2 : 1;
  }

  /** How many are open, of both sides. */
  get size(): number {
    return this.#ofPeer + this.#own;
  }

  /** How many are open that the peer has opened, or we. */
  get ofPeer(): number {
    return this.#ofPeer;
  }

  get own(): number {
    return this.#own;
  }

  /** Whether no more can be opened from here: their numbers never come back. */
  get exhausted(): boolean {
    return this.#next >= MAX_STREAM;
  }

  /** The number of the next stream that is opened from here. */
  takeNumber(): number {
    const number = this.#next;
    this.#next += 2;
    return number;
  }

  get(id: number): Http2Stream | undefined {
    const stream = this.#slots[slotOf(id)];
    if (stream !== undefined && stream.id === id) return stream;
    return this.#others.size === 0 ? undefined : this.#others.get(id);
  }

  /** A copy, so that they can be closed one after the other. */
  all(): Http2Stream[] {
    const streams = this.#slots.filter((stream) => stream !== undefined);
    return [...streams, ...this.#others.values()].sort((a, b) => a.id - b.id);
  }

  add(stream: Http2Stream): void {
    if (this.#slots.length === 0) this.#slots = Array.from({ length: SLOTS }, () => undefined);
    const slot = slotOf(stream.id);
    if (this.#slots[slot] === undefined) this.#slots[slot] = stream;
    else this.#others.set(stream.id, stream);
    if (this.isPeers(stream.id)) this.#ofPeer++;
    else this.#own++;
  }

  delete(stream: Http2Stream): void {
    const slot = slotOf(stream.id);
    if (this.#slots[slot] === stream) this.#slots[slot] = undefined;
    else if (!this.#others.delete(stream.id)) return;
    if (this.isPeers(stream.id)) this.#ofPeer--;
    else this.#own--;
  }

  isPeers(id: number): boolean {
    return (id % 2 === 1) === this.#server;
  }

  isIdle(id: number): boolean {
    return this.isPeers(id) ? id > this.lastOfPeer : id >= this.#next;
  }

  rememberReset(id: number): void {
    this.#resets.add(id);
    if (this.#resets.size <= REMEMBERED_RESETS) return;
    for (const oldest of this.#resets) {
      this.#resets.delete(oldest);
      this.#forgotten = Math.max(this.#forgotten, oldest);
      return;
    }
  }

  /** Or may have been: of those up to the last one forgotten nothing is known. */
  wasReset(id: number): boolean {
    return id <= this.#forgotten || this.#resets.has(id);
  }
}

/** The numbers of one side are all odd, or all even. */
function slotOf(id: number): number {
  return (id >>> 1) & (SLOTS - 1);
}
