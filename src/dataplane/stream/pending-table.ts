const SLOT_BITS = 16;
const SLOT_MASK = (1 << SLOT_BITS) - 1;
/** Of slots: so many times 65,535 requests go by before an id is used again. */
const FIRST_CAPACITY = 1024;

/** The most that a table holds. */
export const MAX_PENDING: number = 1 << SLOT_BITS;

/** What `add` returns when there is no room. An id is never 0. */
export const NO_ROOM = 0;

/**
 * The requests of one connection that wait for a reply, by an id that the table gives out.
 * The lower 16 bits of an id are a slot, the upper ones tell apart the requests that used it
 * one after the other, so finding a request is reading an array, and a reply that comes after
 * its request has been given up finds nothing. Slots are used in turn, which keeps ids from
 * coming again for 67 million requests, however few wait at once.
 */
export class PendingTable<T> {
  readonly #max: number;
  #items: (T | undefined)[] = [];
  #ids: Uint32Array = new Uint32Array(0);
  /** The free slots, a ring that begins at `#head`; there is one for each item that is not. */
  #free: Uint16Array = new Uint16Array(0);
  #head = 0;
  #size = 0;

  /** @param max how many may wait at once; at most MAX_PENDING. */
  constructor(max: number) {
    this.#max = Math.min(max, MAX_PENDING);
  }

  get size(): number {
    return this.#size;
  }

  get full(): boolean {
    return this.#size >= this.#max;
  }

  /** @returns the id under which `item` is found, or NO_ROOM. */
  add(item: T): number {
    if (this.#size >= this.#max) return NO_ROOM;
    if (this.#size === this.#free.length) this.#grow();
    const free = this.#free;
    const slot = free[this.#head]!;
    this.#head = (this.#head + 1) & (free.length - 1);
    let id = (this.#ids[slot]! + (1 << SLOT_BITS)) >>> 0;
    if (id <= SLOT_MASK) id = ((1 << SLOT_BITS) | slot) >>> 0;
    this.#ids[slot] = id;
    this.#items[slot] = item;
    this.#size++;
    return id;
  }

  /** Removes and returns what waits under `id`, if anything does. */
  take(id: number): T | undefined {
    const slot = id & SLOT_MASK;
    if (slot >= this.#items.length || this.#ids[slot] !== id) return undefined;
    const item = this.#items[slot];
    if (item === undefined) return undefined;
    this.#items[slot] = undefined;
    const free = this.#free;
    free[(this.#head + free.length - this.#size) & (free.length - 1)] = slot;
    this.#size--;
    return item;
  }

  /** Removes and returns everything. */
  takeAll(): T[] {
    const all: T[] = [];
    for (let slot = 0; slot < this.#items.length; slot++) {
      if (this.#items[slot] !== undefined) all.push(this.take(this.#ids[slot]!)!);
    }
    return all;
  }

  /** Doubles the slots, none of which is free. Their number is a power of two. */
  #grow(): void {
    const old = this.#items.length;
    const capacity = Math.max(old * 2, FIRST_CAPACITY);
    const ids = new Uint32Array(capacity);
    ids.set(this.#ids);
    this.#free = new Uint16Array(capacity);
    this.#head = 0;
    for (let slot = old; slot < capacity; slot++) {
      ids[slot] = slot;
      this.#items.push(undefined);
      this.#free[slot - old] = slot;
    }
    this.#ids = ids;
  }
}
