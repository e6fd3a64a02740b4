import { NEVER_TRAILERS } from '../../message/http-fields.ts';
import { HttpRefusal } from '../../message/http-refusal.ts';
import { CHUNKED, UNTIL_CLOSE } from './framing.ts';
import { CLASS, COLON, CR, HEX, knownName, LF, SP, TAB, TOKEN, VALUE } from './octets.ts';

/** Takes what a body holds, in order. */
export interface BodySink {
  /** `bytes[start, end)` are valid until it returns. */
  onData(bytes: Buffer, start: number, end: number): void;
  /** A field behind the last chunk; one character is one octet. */
  onTrailer(name: string, value: string): void;
}

export interface BodyLimits {
  /** Octets of the trailer section, and of the extensions of one chunk. */
  readonly maxTrailers: number;
}

const State = {
  size: 0,
  extension: 1,
  sizeLf: 2,
  data: 3,
  dataCr: 4,
  dataLf: 5,
  trailer: 6,
  endLf: 7,
  done: 8,
} as const;
type State = (typeof State)[keyof typeof State];

/** 52 bits: exact, as a number, and longer than any chunk. */
const MAX_SIZE_DIGITS = 13;

/** Finds the end of one body after another. RFC 9112, section 6 and 7.1. */
export class BodyReader {
  readonly #limits: BodyLimits;
  #framing = 0;
  /** Of the body, or of the chunk. */
  #left = 0;
  #state: State = State.done;
  #digits = 0;
  /** Octets of the extension, or of the trailer section. */
  #extra = 0;
  #line: number[] = [];

  constructor(limits: BodyLimits) {
    this.#limits = limits;
  }

  /** @param framing as `requestFraming` or `responseFraming` found it. */
  begin(framing: number): void {
    this.#framing = framing;
    this.#left = Math.max(framing, 0);
    this.#state = framing === 0 ? State.done : framing === CHUNKED ? State.size : State.data;
    this.#digits = this.#extra = 0;
    this.#line.length = 0;
  }

  /** Reads no more of it, also in a `read` that is under way. */
  stop(): void {
    this.#state = State.done;
  }

  /** Whether the body has ended. One that lasts until the connection closes never has. */
  get done(): boolean {
    return this.#state === State.done;
  }

  /** Bytes of memory for a trailer section that has begun: an octet of an unfinished line takes a number. */
  get held(): number {
    return this.#extra + 8 * this.#line.length;
  }

  /** Whether the end of the connection is the end of this body, not a loss. */
  get endsWithConnection(): boolean {
    return this.#framing === UNTIL_CLOSE;
  }

  /**
   * Reads on in `bytes[at, end)`.
   *
   * @returns where it stopped: `end`, or the octet behind the body.
   * @throws HttpRefusal when the chunks cannot be read.
   */
  read(bytes: Buffer, at: number, end: number, sink: BodySink): number {
    while (at < end && this.#state !== State.done) {
      if (this.#state === State.data) at = this.#data(bytes, at, end, sink);
      else this.#octet(bytes[at++]!, sink);
    }
    return at;
  }

  #data(bytes: Buffer, at: number, end: number, sink: BodySink): number {
    if (this.#framing === UNTIL_CLOSE) {
      sink.onData(bytes, at, end);
      return end;
    }
    const to = Math.min(end, at + this.#left);
    this.#left -= to - at;
    if (this.#left === 0) this.#state = this.#framing === CHUNKED ? State.dataCr : State.done;
    sink.onData(bytes, at, to);
    return to;
  }

  #octet(octet: number, sink: BodySink): void {
    switch (this.#state) {
      case State.size:
        return this.#size(octet);
      case State.extension:
        if (octet === CR) this.#state = State.sizeLf;
        // Extensions are for this hop alone, and mean nothing here (section 7.1.1).
        else if ((CLASS[octet]! & VALUE) === 0) throw malformed('a control octet in a chunk extension');
        else this.#count();
        return;
      case State.sizeLf:
        if (octet !== LF) throw malformed('a chunk size that does not end with CRLF');
        this.#digits = this.#extra = 0;
        this.#state = this.#left === 0 ? State.trailer : State.data;
        return;
      case State.dataCr:
        if (octet !== CR) throw malformed('a chunk that is longer than its size');
        this.#state = State.dataLf;
        return;
      case State.dataLf:
        if (octet !== LF) throw malformed('a chunk that does not end with CRLF');
        this.#left = 0;
        this.#state = State.size;
        return;
      case State.trailer:
        return this.#trailer(octet);
      case State.endLf:
        if (octet !== LF) throw malformed('a trailer section that does not end with CRLF');
        return this.#lineEnd(sink);
      // Read in whole ranges, and not at all.
      case State.data:
      case State.done:
        return;
    }
  }

  #size(octet: number): void {
    if ((CLASS[octet]! & HEX) !== 0) {
      if (++this.#digits > MAX_SIZE_DIGITS) throw malformed('a chunk size beyond any chunk');
      this.#left = this.#left * 16 + hexValue(octet);
      return;
    }
    if (this.#digits === 0) throw malformed('a chunk size without digits');
    // A space before the extension, or before the line end, is an old liberty that some parsers do not share.
    if (octet === CR) this.#state = State.sizeLf;
    else if (octet === 59) this.#state = State.extension;
    else throw malformed('a chunk size that is not hexadecimal');
  }

  #trailer(octet: number): void {
    if (octet === CR) this.#state = State.endLf;
    else if ((CLASS[octet]! & VALUE) === 0) throw malformed('a control octet in a trailer');
    else {
      this.#count();
      this.#line.push(octet);
    }
  }

  #lineEnd(sink: BodySink): void {
    if (this.#line.length === 0) {
      this.#state = State.done;
      return;
    }
    const line = this.#line;
    let colon = 0;
    while (colon < line.length && (CLASS[line[colon]!]! & TOKEN) !== 0) colon++;
    if (colon === 0 || line[colon] !== COLON) throw malformed('a trailer whose name is no token');
    let start = colon + 1;
    let end = line.length;
    while (start < end && isBlank(line[start]!)) start++;
    while (end > start && isBlank(line[end - 1]!)) end--;
    const octets = Buffer.from(line);
    const text = octets.toString('latin1');
    this.#line.length = 0;
    this.#state = State.trailer;
    if (!NEVER_TRAILERS.has(knownName(octets, 0, colon))) sink.onTrailer(text.slice(0, colon), text.slice(start, end));
  }

  #count(): void {
    if (++this.#extra > this.#limits.maxTrailers) {
      throw new HttpRefusal(431, `trailers or a chunk extension of more than ${this.#limits.maxTrailers} octets`);
    }
  }
}

function isBlank(octet: number): boolean {
  return octet === SP || octet === TAB;
}

function hexValue(octet: number): number {
  return octet <= 57 ? octet - 48 : (octet | 0x20) - 87;
}

function malformed(what: string): HttpRefusal {
  return new HttpRefusal(400, what);
}
