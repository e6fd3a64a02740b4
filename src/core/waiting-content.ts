const SMALLEST = 1024;
const LARGEST = 16_384;

/**
 * Content that waits until somebody takes it, in order. It is copied into blocks that grow with what
 * they hold, so that what comes in crumbs takes no more room than what comes at once.
 */
export class WaitingContent {
  readonly #blocks: Buffer[] = [];
  /** How far the first block has been taken, and the last one filled. */
  #taken = 0;
  #filled = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Copies `bytes[at, end)`. */
  add(bytes: Buffer, at: number, end: number): void {
    this.#length += end - at;
    let last = this.#blocks.at(-1);
    if (last !== undefined) {
      const to = Math.min(end, at + last.length - this.#filled);
      bytes.copy(last, this.#filled, at, to);
      this.#filled += to - at;
      at = to;
    }
    if (at === end) return;
    last = Buffer.allocUnsafe(Math.max(end - at, roomBehind(last)));
    bytes.copy(last, 0, at, end);
    this.#filled = end - at;
    this.#blocks.push(last);
  }

  /** Forgets all of it. */
  clear(): void {
    while (this.#blocks.length > 0) this.#blocks.pop();
    this.#taken = this.#filled = this.#length = 0;
  }

  /** Gives all of it to `use`, in order, and keeps it. */
  each(use: (bytes: Buffer, start: number, end: number) => void): void {
    const last = this.#blocks.length - 1;
    for (const [i, block] of this.#blocks.entries()) {
      use(block, i === 0 ? this.#taken : 0, i === last ? this.#filled : block.length);
    }
  }

  /** What comes first is `first[start, end)`; there is something while `length` is above 0. */
  get first(): Buffer {
    return this.#blocks[0]!;
  }

  get start(): number {
    return this.#taken;
  }

  get end(): number {
    return this.#blocks.length === 1 ? this.#filled : this.first.length;
  }

  /** So many octets of the first block have been sent. */
  take(octets: number): void {
    this.#length -= octets;
    this.#taken += octets;
    if (this.#taken < this.end) return;
    this.#blocks.shift();
    this.#taken = 0;
    if (this.#blocks.length === 0) this.#filled = 0;
  }
}

/** Most often there is but one piece, which gets a block of its own size. */
function roomBehind(last: Buffer | undefined): number {
  return last === undefined ? 0 : Math.min(LARGEST, Math.max(SMALLEST, 2 * last.length));
}
