/** Chance that is the same each time, to make what a failing test did again. */
export class Seeded {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** In [0, 1). Mulberry32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number in [from, to]. */
  int(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    for (let at = 0; at + 4 <= length; at += 4) bytes.writeUInt32LE(Math.floor(this.next() * 2 ** 32), at);
    for (let at = length & ~3; at < length; at++) bytes[at] = this.int(0, 255);
    return bytes;
  }

  /** Cuts `bytes` into pieces, of which most are small and some large. */
  *pieces(bytes: Buffer): Generator<Buffer> {
    for (let at = 0; at < bytes.length;) {
      const most = this.next() < 0.7 ? 200 : this.next() < 0.7 ? 20_000 : 300_000;
      const end = Math.min(bytes.length, at + this.int(1, most));
      yield bytes.subarray(at, end);
      at = end;
    }
  }
}
