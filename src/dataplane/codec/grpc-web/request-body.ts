import { HttpRefusal } from '../../message/http-refusal.ts';
import type { WebBodySink, WebRequestBody } from './body.ts';

/** Room for what is decoded before it is handed on. */
const PIECE = 6144;
/** Filled so far, it has no room for another group. */
const FULL = PIECE - 2;

const PAD = 0x3d;
const NONE = 0xff;

/** The value of each octet of the alphabet. RFC 4648, section 4. */
const VALUE: Uint8Array = valuesOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');

function valuesOf(alphabet: string): Uint8Array {
  const values = new Uint8Array(256).fill(NONE);
  for (let value = 0; value < alphabet.length; value++) values[alphabet.charCodeAt(value)] = value;
  return values;
}

/** A binary body is that of gRPC already. */
export class BinaryRequestBody implements WebRequestBody {
  push(bytes: Buffer, start: number, end: number, sink: WebBodySink): void {
    sink.onData(bytes, start, end);
  }

  end(): void {}
}

/**
 * A body in base64, as a row of encoded pieces: each may end with padding, so padding may be in the middle. Nothing
 * else is let pass: no blanks, no other alphabet, no bits that say nothing, no missing padding.
 */
export class TextRequestBody implements WebRequestBody {
  readonly #piece = Buffer.allocUnsafeSlow(PIECE);
  #length = 0;
  /** The group of four that is being read: its bits, how many of its octets there were, how many of them padding. */
  #bits = 0;
  #count = 0;
  #pads = 0;

  push(bytes: Buffer, start: number, end: number, sink: WebBodySink): void {
    let at = start;
    while (at < end) {
      if (this.#count === 0) at = this.#wholeGroups(bytes, at, end);
      // A group that is cut, padded or wrong.
      if (at < end && this.#length < FULL) this.#octet(bytes[at++]!);
      if (this.#length >= FULL) this.#flush(sink);
    }
    this.#flush(sink);
  }

  end(): void {
    if (this.#count !== 0) throw malformed('ends inside a group of four');
  }

  /** Decodes groups without padding as far as they go and there is room; returns where it stopped. */
  #wholeGroups(bytes: Buffer, at: number, end: number): number {
    const piece = this.#piece;
    let length = this.#length;
    while (at + 4 <= end && length < FULL) {
      const a = VALUE[bytes[at]!]!;
      const b = VALUE[bytes[at + 1]!]!;
      const c = VALUE[bytes[at + 2]!]!;
      const d = VALUE[bytes[at + 3]!]!;
      if ((a | b | c | d) > 63) break;
      piece[length] = (a << 2) | (b >> 4);
      piece[length + 1] = (b << 4) | (c >> 2);
      piece[length + 2] = (c << 6) | d;
      length += 3;
      at += 4;
    }
    this.#length = length;
    return at;
  }

  #octet(octet: number): void {
    if (octet === PAD) {
      if (this.#count < 2) throw malformed('has padding where there is nothing to pad');
      this.#pads++;
      this.#bits <<= 6;
    } else {
      const value = VALUE[octet]!;
      if (value === NONE) throw malformed('has an octet that is not base64');
      if (this.#pads > 0) throw malformed('has padding inside a group of four');
      this.#bits = (this.#bits << 6) | value;
    }
    if (++this.#count === 4) this.#endGroup();
  }

  #endGroup(): void {
    const bits = this.#bits;
    const size = 3 - this.#pads;
    if ((bits & ((1 << (8 * this.#pads)) - 1)) !== 0) throw malformed('has bits behind its last octet');
    for (let i = 0; i < size; i++) this.#piece[this.#length++] = bits >> (16 - 8 * i);
    this.#bits = this.#count = this.#pads = 0;
  }

  #flush(sink: WebBodySink): void {
    if (this.#length === 0) return;
    const length = this.#length;
    this.#length = 0;
    sink.onData(this.#piece, 0, length);
  }
}

function malformed(what: string): HttpRefusal {
  return new HttpRefusal(400, `the base64 of a grpc-web-text body ${what}`);
}
