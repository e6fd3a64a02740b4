/**
 * Jute, the encoding of ZooKeeper's wire: big-endian numbers; texts, buffers and vectors with
 * an int32 length before them, -1 for none. The records are in ZooKeeper's zookeeper.jute.
 */

/** Longest frame that is taken from a server, in bytes: far above a list of 100 000 children. */
export const MAX_FRAME = 64 * 1024 * 1024;

export class JuteWriter {
  readonly #parts: Buffer[] = [];

  int(value: number): this {
    const part = Buffer.allocUnsafe(4);
    part.writeInt32BE(value);
    return this.#add(part);
  }

  long(value: bigint): this {
    const part = Buffer.allocUnsafe(8);
    part.writeBigInt64BE(value);
    return this.#add(part);
  }

  bool(value: boolean): this {
    return this.#add(Buffer.of(value ? 1 : 0));
  }

  buffer(value: Uint8Array): this {
    return this.int(value.length).#add(value);
  }

  text(value: string): this {
    return this.buffer(Buffer.from(value, 'utf8'));
  }

  /** The finished frame: its length, then all that was written. */
  frame(): Buffer {
    const length = this.#parts.reduce((sum, part) => sum + part.length, 0);
    const head = Buffer.allocUnsafe(4);
    head.writeInt32BE(length);
    return Buffer.concat([head, ...this.#parts], length + 4);
  }

  #add(part: Uint8Array): this {
    this.#parts.push(part as Buffer);
    return this;
  }
}

/** Reads one frame's content. Reading past its end throws a RangeError. */
export class JuteReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  int(): number {
    const value = this.#bytes.readInt32BE(this.#at);
    this.#at += 4;
    return value;
  }

  long(): bigint {
    const value = this.#bytes.readBigInt64BE(this.#at);
    this.#at += 8;
    return value;
  }

  bool(): boolean {
    return this.#bytes.readUInt8(this.#at++) !== 0;
  }

  buffer(): Buffer {
    const length = Math.max(0, this.int());
    if (this.#at + length > this.#bytes.length) throw new RangeError('a length points past the end of the frame');
    const value = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return value;
  }

  text(): string {
    return this.buffer().toString('utf8');
  }

  texts(): string[] {
    const count = this.int();
    const list: string[] = [];
    // Each takes at least four bytes, so a false count ends at the end of the frame.
    for (let i = 0; i < count; i++) list.push(this.text());
    return list;
  }
}

/** Cuts a stream of bytes into frames, without their lengths. */
export class FrameReader {
  #parts: Buffer[] = [];
  #length = 0;
  #need = 4;

  /** Throws when a length cannot be right. */
  push(chunk: Buffer, onFrame: (frame: Buffer) => void): void {
    this.#parts.push(chunk);
    this.#length += chunk.length;
    while (this.#length >= this.#need) {
      let bytes = this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts, this.#length);
      bytes ??= Buffer.alloc(0);
      let at = 0;
      this.#need = 4;
      while (bytes.length - at >= 4) {
        const size = bytes.readInt32BE(at);
        if (size < 0 || size > MAX_FRAME) throw new Error(`a frame of ${size} bytes is not from ZooKeeper`);
        this.#need = size + 4;
        if (bytes.length - at < this.#need) break;
        onFrame(bytes.subarray(at + 4, at + this.#need));
        at += this.#need;
        this.#need = 4;
      }
      this.#parts = at === bytes.length ? [] : [bytes.subarray(at)];
      this.#length = bytes.length - at;
    }
  }
}
