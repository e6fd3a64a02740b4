import { HttpRefusal } from '../../message/http-refusal.ts';
import { Http1Head } from './head.ts';
import { ascii, CLASS, COLON, CR, DIGIT, knownName, LF, SP, TAB, TARGET, TOKEN, VALUE } from './octets.ts';

export interface HeadLimits {
  /** Octets of the whole head, from the start line to the empty line. */
  readonly maxHead: number;
  readonly maxFields: number;
}

const State = {
  start: 0,
  method: 1,
  target: 2,
  version: 3,
  status: 4,
  reason: 5,
  fieldStart: 6,
  name: 7,
  beforeValue: 8,
  value: 9,
  done: 10,
} as const;
type State = (typeof State)[keyof typeof State];

const VERSION = ascii('HTTP/1.');
/** `HTTP/1.1` and the CRLF behind it. */
const VERSION_LENGTH = 8;

/**
 * Reads heads of requests or of responses. RFC 9112, with nothing let pass that two parsers might
 * read in two ways (section 11.2): every line ends with CRLF, a name is a token that its colon
 * follows, no line is folded.
 *
 * It goes on where it stopped, so a head that trickles in costs no more than one that comes whole.
 */
export class HeadParser {
  readonly head = new Http1Head();
  readonly #requests: boolean;
  readonly #limits: HeadLimits;
  #state: State = State.start;
  /** How far it has read, from the head's first octet. */
  #read = 0;
  /** Where the part that is being read begins, likewise. */
  #mark = 0;
  /** The name whose value is being read. */
  #nameStart = 0;
  #nameEnd = 0;

  constructor(kind: 'request' | 'response', limits: HeadLimits) {
    this.#requests = kind === 'request';
    this.#limits = limits;
  }

  /** Whether anything of a head has been read. */
  get begun(): boolean {
    return this.#state !== State.start || this.#read > 0;
  }

  /** Makes ready for the next head. */
  reset(): void {
    this.head.reset();
    this.#state = State.start;
    this.#read = this.#mark = 0;
  }

  /**
   * Reads on in `bytes[start, end)`. `start` is where the head begins, each time: what was given
   * before is there again, perhaps in another buffer.
   *
   * @returns where the head ends, or -1 when more is needed.
   * @throws HttpRefusal when this is no head, or one over the limits.
   */
  parse(bytes: Buffer, start: number, end: number): number {
    const { head } = this;
    const limit = Math.min(end, start + this.#limits.maxHead);
    head.bytes = bytes;
    head.base = start;
    let at = start + this.#read;
    for (;;) {
      const before = at;
      const state = this.#state;
      if (state === State.fieldStart) at = this.#wholeFields(bytes, start, at, limit);
      at = this.#step(bytes, start, at, limit);
      if (this.#state === State.done) {
        head.length = at - start;
        return at;
      }
      // No step forward and no other state: the rest is not there yet.
      if (at === before && this.#state === state) break;
    }
    if (end - start >= this.#limits.maxHead) this.#tooLarge();
    this.#read = at - start;
    return -1;
  }

  /**
   * Takes the fields that are there from end to end and that nothing is to be said about; the steps
   * below take the others, and judge them. Returns where it stopped, at the begin of a line.
   */
  #wholeFields(bytes: Buffer, start: number, at: number, end: number): number {
    const { head } = this;
    const { maxFields } = this.#limits;
    while (head.count < maxFields) {
      let to = at;
      while (to < end && (CLASS[bytes[to]!]! & TOKEN) !== 0) to++;
      if (to === at || to >= end || bytes[to] !== COLON) return at;
      const nameEnd = to++;
      while (to < end && isBlank(bytes[to]!)) to++;
      const valueStart = to;
      while (to < end && (CLASS[bytes[to]!]! & VALUE) !== 0) to++;
      if (to + 1 >= end || bytes[to] !== CR || bytes[to + 1] !== LF) return at;
      let valueEnd = to;
      while (valueEnd > valueStart && isBlank(bytes[valueEnd - 1]!)) valueEnd--;
      head.add(knownName(bytes, at, nameEnd), at - start, nameEnd - start, valueStart - start, valueEnd - start);
      at = to + 2;
    }
    return at;
  }

  #step(bytes: Buffer, start: number, at: number, end: number): number {
    switch (this.#state) {
      case State.start:
        return this.#start(bytes, start, at, end);
      case State.method:
        return this.#method(bytes, start, at, end);
      case State.target:
        return this.#target(bytes, start, at, end);
      case State.version:
        return this.#version(bytes, at, end);
      case State.status:
        return this.#status(bytes, start, at, end);
      case State.reason:
        return this.#reason(bytes, start, at, end);
      case State.fieldStart:
        return this.#fieldStart(bytes, start, at, end);
      case State.name:
        return this.#name(bytes, start, at, end);
      case State.beforeValue:
        return this.#beforeValue(bytes, start, at, end);
      case State.value:
        return this.#value(bytes, start, at, end);
      default:
        return at;
    }
  }

  /** One empty line before a request is passed over: old clients end their bodies with one. Section 2.2. */
  #start(bytes: Buffer, start: number, at: number, end: number): number {
    if (at >= end) return at;
    if (this.#requests && at === start && bytes[at] === CR) {
      if (at + 1 >= end) return at;
      if (bytes[at + 1] !== LF) throw malformed('a CR without its LF before the request line');
      at += 2;
    }
    if (at >= end) return at;
    this.#mark = at - start;
    this.#state = this.#requests ? State.method : State.version;
    return at;
  }

  #method(bytes: Buffer, start: number, at: number, end: number): number {
    while (at < end && (CLASS[bytes[at]!]! & TOKEN) !== 0) at++;
    if (at >= end) return at;
    if (bytes[at] !== SP || at === start + this.#mark)
      throw malformed('no method, or an octet in it that is not allowed');
    this.head.methodStart = this.#mark;
    this.head.methodEnd = at - start;
    this.#mark = at + 1 - start;
    this.#state = State.target;
    return at + 1;
  }

  #target(bytes: Buffer, start: number, at: number, end: number): number {
    while (at < end && (CLASS[bytes[at]!]! & TARGET) !== 0) at++;
    if (at >= end) return at;
    if (bytes[at] !== SP || at === start + this.#mark) {
      throw malformed('no request target, or an octet in it that is not allowed');
    }
    this.head.targetStart = this.#mark;
    this.head.targetEnd = at - start;
    this.#state = State.version;
    return at + 1;
  }

  #version(bytes: Buffer, at: number, end: number): number {
    if (end - at < VERSION_LENGTH + (this.#requests ? 2 : 1)) {
      // Told as soon as it can be: nobody waits for the rest of what is not HTTP.
      for (let i = 0; i < VERSION.length && at + i < end; i++) if (bytes[at + i] !== VERSION[i]) throw notHttp1();
      return at;
    }
    for (let i = 0; i < VERSION.length; i++) if (bytes[at + i] !== VERSION[i]) throw notHttp1();
    const minor = bytes[at + 7]! - 48;
    if (minor !== 0 && minor !== 1) throw notHttp1();
    this.head.minor = minor;
    at += VERSION_LENGTH;
    if (this.#requests) {
      if (bytes[at] !== CR || bytes[at + 1] !== LF) throw malformed('a request line that does not end with CRLF');
      this.#state = State.fieldStart;
      return at + 2;
    }
    if (bytes[at] !== SP) throw malformed('a status line without a space behind the version');
    this.#state = State.status;
    return at + 1;
  }

  #status(bytes: Buffer, start: number, at: number, end: number): number {
    if (end - at < 4) return at;
    let status = 0;
    for (let i = 0; i < 3; i++) {
      if ((CLASS[bytes[at + i]!]! & DIGIT) === 0) throw malformed('a status that is not three digits');
      status = status * 10 + bytes[at + i]! - 48;
    }
    if (status < 100) throw malformed(`the status ${status}`);
    this.head.status = status;
    at += 3;
    // Many servers leave out the space when there is no reason.
    if (bytes[at] === SP) at++;
    else if (bytes[at] !== CR) throw malformed('a status that is not three digits');
    this.#mark = at - start;
    this.#state = State.reason;
    return at;
  }

  #reason(bytes: Buffer, start: number, at: number, end: number): number {
    at = this.#untilLineEnd(bytes, at, end);
    if (at + 1 >= end) return at;
    this.head.reasonStart = this.#mark;
    this.head.reasonEnd = at - start;
    this.#state = State.fieldStart;
    return at + 2;
  }

  #fieldStart(bytes: Buffer, start: number, at: number, end: number): number {
    if (at >= end) return at;
    const octet = bytes[at]!;
    if (octet === CR) {
      if (at + 1 >= end) return at;
      if (bytes[at + 1] !== LF) throw malformed('a CR without its LF');
      this.#state = State.done;
      return at + 2;
    }
    if (isBlank(octet)) throw malformed('a folded line (RFC 9112, section 5.2)');
    if (this.head.count >= this.#limits.maxFields)
      throw new HttpRefusal(431, `more than ${this.#limits.maxFields} fields`);
    this.#mark = at - start;
    this.#state = State.name;
    return at;
  }

  #name(bytes: Buffer, start: number, at: number, end: number): number {
    while (at < end && (CLASS[bytes[at]!]! & TOKEN) !== 0) at++;
    if (at >= end) return at;
    if (bytes[at] !== COLON || at === start + this.#mark) {
      throw malformed('a field name that is no token, or no colon right behind it (RFC 9112, section 5.1)');
    }
    this.#nameStart = this.#mark;
    this.#nameEnd = at - start;
    this.#state = State.beforeValue;
    return at + 1;
  }

  #beforeValue(bytes: Buffer, start: number, at: number, end: number): number {
    while (at < end && isBlank(bytes[at]!)) at++;
    if (at >= end) return at;
    this.#mark = at - start;
    this.#state = State.value;
    return at;
  }

  #value(bytes: Buffer, start: number, at: number, end: number): number {
    at = this.#untilLineEnd(bytes, at, end);
    if (at + 1 >= end) return at;
    let valueEnd = at;
    const valueStart = start + this.#mark;
    while (valueEnd > valueStart && isBlank(bytes[valueEnd - 1]!)) valueEnd--;
    const known = knownName(bytes, start + this.#nameStart, start + this.#nameEnd);
    this.head.add(known, this.#nameStart, this.#nameEnd, this.#mark, valueEnd - start);
    this.#state = State.fieldStart;
    return at + 2;
  }

  /** Where the CR of the line end is that begins at `at` or later; `end` or the octet before it when it is not there. */
  #untilLineEnd(bytes: Buffer, at: number, end: number): number {
    while (at < end && (CLASS[bytes[at]!]! & VALUE) !== 0) at++;
    if (at >= end) return at;
    if (bytes[at] !== CR) throw malformed('a control octet, or a line that does not end with CRLF');
    if (at + 1 < end && bytes[at + 1] !== LF) throw malformed('a CR without its LF');
    return at;
  }

  #tooLarge(): never {
    if (this.#state === State.target) throw new HttpRefusal(414, 'the request target is too long');
    throw new HttpRefusal(431, `the head is larger than ${this.#limits.maxHead} octets`);
  }
}

function isBlank(octet: number): boolean {
  return octet === SP || octet === TAB;
}

function malformed(what: string): HttpRefusal {
  return new HttpRefusal(400, what);
}

function notHttp1(): HttpRefusal {
  return new HttpRefusal(505, 'not HTTP/1.0 or HTTP/1.1');
}
