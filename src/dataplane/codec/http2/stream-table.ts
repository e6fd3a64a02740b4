import type { Http2Stream } from './stream.ts';

/** Streams that were reset here, and on which the peer may still be sending. */
const REMEMBERED_RESETS = 256;
export const MAX_STREAM = 2 ** 31 - 1;

/** The streams of one connection: those that are open, and what is known of the others. RFC 9113, section 5.1. */
export class StreamTable {
  /** The last one that the peer has opened. */
  lastOfPeer = 0;
  readonly #server: boolean;
  readonly #open = new Map<number, Http2Stream>();
  readonly #resets = new Set<number>();
  #ofPeer = 0;
  #own = 0;
  #next: number;

  constructor(server: boolean) {
    this.#server = server;
    this.#next = server ? 2 : 1;
  }

  /** How many are open, of both sides. */
  get size(): number {
    return this.#open.size;
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
    return this.#open.get(id);
  }

  /** A copy, so that they can be closed one after the other. */
  all(): Http2Stream[] {
    return [...this.#open.values()];
  }

  add(stream: Http2Stream): void {
    this.#open.set(stream.id, stream);
    if (this.isPeers(stream.id)) this.#ofPeer++;
    else this.#own++;
  }

  delete(stream: Http2Stream): void {
    if (!this.#open.delete(stream.id)) return;
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
      return;
    }
  }

  wasReset(id: number): boolean {
    return this.#resets.has(id);
  }
}
