import { BodyReader, type BodyLimits, type BodySink } from './body.ts';
import type { Http1Head } from './head.ts';
import { HeadParser, type HeadLimits } from './head-parser.ts';

/** Takes the messages of one direction of a connection, in order. */
export interface MessageSink extends BodySink {
  /**
   * A head is complete.
   *
   * @returns how its body ends, as `requestFraming` and `responseFraming` say.
   * @throws HttpRefusal
   */
  onHead(head: Http1Head): number;
  /** The message is complete. What follows is kept until `next`. */
  onMessageEnd(): void;
}

export type ReaderLimits = HeadLimits & BodyLimits;

const Phase = { head: 0, body: 1, waiting: 2, tunnel: 3, closed: 4 } as const;
type Phase = (typeof Phase)[keyof typeof Phase];

const NOTHING = Buffer.alloc(0);

/** Cuts the octets of one direction of an HTTP/1 connection into messages. RFC 9112. */
export class MessageReader {
  readonly #sink: MessageSink;
  readonly #parser: HeadParser;
  readonly #body: BodyReader;
  #phase: Phase = Phase.head;
  /** An incomplete head, or what came behind a message. */
  #kept: Buffer = NOTHING;
  #keptLength = 0;
  #running = false;

  constructor(kind: 'request' | 'response', limits: ReaderLimits, sink: MessageSink) {
    this.#sink = sink;
    this.#parser = new HeadParser(kind, limits);
    this.#body = new BodyReader(limits);
  }

  /** Octets of a head that is not complete. */
  get incompleteHead(): number {
    return this.#phase === Phase.head ? this.#keptLength : 0;
  }

  /** Bytes of memory for what is kept until more come, or until `next`: of a head, of trailers, behind a message. */
  get held(): number {
    return this.#kept.length + (this.#phase === Phase.body ? this.#body.held : 0);
  }

  /** A message has begun and is not complete. */
  get inBody(): boolean {
    return this.#phase === Phase.body;
  }

  /** Whether the end of the connection is the end of this body, not a loss. */
  get endsWithConnection(): boolean {
    return this.#phase === Phase.tunnel || (this.#phase === Phase.body && this.#body.endsWithConnection);
  }

  /** Octets that came behind a message and wait for `next`. */
  get waiting(): number {
    return this.#phase === Phase.waiting ? this.#keptLength : 0;
  }

  /**
   * Reads `bytes[0, length)`.
   *
   * @throws HttpRefusal when they are not HTTP/1: the connection is out of step.
   */
  read(bytes: Buffer, length: number): void {
    if (this.#keptLength === 0 && !this.#running) return this.#run(bytes, 0, length);
    this.#keep(bytes, 0, length);
    if (!this.#running && this.#phase !== Phase.waiting) this.#runKept();
  }

  /** The next message may come. @throws HttpRefusal as `read` does, for what has come already. */
  next(): void {
    if (this.#phase !== Phase.waiting) return;
    this.#phase = Phase.head;
    this.#parser.reset();
    if (this.#keptLength > 0 && !this.#running) this.#runKept();
  }

  /** All that follows is content, up to the end of the connection. */
  tunnel(): void {
    if (this.#phase === Phase.closed) return;
    this.#phase = Phase.tunnel;
    if (this.#keptLength > 0 && !this.#running) this.#runKept();
  }

  /** Reads nothing more, also in a `read` that is under way. */
  close(): void {
    this.#phase = Phase.closed;
    this.#body.stop();
    this.#kept = NOTHING;
    this.#keptLength = 0;
  }

  #runKept(): void {
    const bytes = this.#kept;
    const length = this.#keptLength;
    this.#kept = NOTHING;
    this.#keptLength = 0;
    const at = this.#walk(bytes, 0, length);
    if (this.#phase === Phase.closed) return;
    if (at > 0) return this.#keep(bytes, at, length);
    // A head that trickles in is not copied each time.
    this.#kept = bytes;
    this.#keptLength = length;
  }

  #run(bytes: Buffer, at: number, end: number): void {
    at = this.#walk(bytes, at, end);
    if (this.#phase !== Phase.closed) this.#keep(bytes, at, end);
  }

  /** Reads as far as it may; returns where it stopped. */
  #walk(bytes: Buffer, at: number, end: number): number {
    this.#running = true;
    try {
      while (at < end) {
        const before = at;
        at = this.#step(bytes, at, end);
        if (at === before && this.#phase !== Phase.body) break;
      }
    } finally {
      this.#running = false;
    }
    return at;
  }

  #step(bytes: Buffer, at: number, end: number): number {
    switch (this.#phase) {
      case Phase.head: {
        const next = this.#parser.parse(bytes, at, end);
        if (next < 0) return at;
        this.#onHead();
        return next;
      }
      case Phase.body: {
        const next = this.#body.read(bytes, at, end, this.#sink);
        if (this.#body.done) this.#onBodyEnd();
        return next;
      }
      case Phase.tunnel:
        this.#sink.onData(bytes, at, end);
        return end;
      default:
        return at;
    }
  }

  #onHead(): void {
    this.#phase = Phase.body;
    const framing = this.#sink.onHead(this.#parser.head);
    if (this.#phase !== Phase.body) return;
    this.#body.begin(framing);
    if (this.#body.done) this.#onBodyEnd();
  }

  #onBodyEnd(): void {
    if (this.#phase !== Phase.body) return;
    this.#phase = Phase.waiting;
    this.#sink.onMessageEnd();
  }

  /** Keeps `bytes[at, end)` behind what is kept already. */
  #keep(bytes: Buffer, at: number, end: number): void {
    if (at === end) return;
    const length = this.#keptLength + end - at;
    if (length > this.#kept.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.#kept.length));
      this.#kept.copy(grown, 0, 0, this.#keptLength);
      this.#kept = grown;
    }
    bytes.copy(this.#kept, this.#keptLength, at, end);
    this.#keptLength = length;
  }
}
