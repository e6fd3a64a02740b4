import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { exchangeOf, HTTP_HOST, MARK_LENGTH } from './http-traffic.ts';
import type { Lane, LaneEvents, LaneOptions } from './lane.ts';

/** A head beyond this is none. */
const MAX_HEAD = 16 * 1024;
const HEAD_END = '\r\n\r\n';

/**
 * One HTTP/1.1 keep-alive connection with one request in flight, as most clients use it; further ones wait in line,
 * and their latency counts from when they were due. Every reply is compared byte by byte.
 */
export class HttpLane implements Lane {
  readonly #socket: Socket;
  readonly #number: number;
  readonly #capacity: number;
  readonly #events: LaneEvents;
  /** When each request without a reply was due; the first is the one in flight. */
  readonly #due: number[] = [];
  #request = 0;
  #inFlight = false;
  #expected: Buffer = Buffer.alloc(0);
  /** What came of a reply that is not complete. */
  #held: Buffer = Buffer.alloc(0);
  #closing = false;

  private constructor(socket: Socket, { number, capacity, events }: LaneOptions) {
    this.#socket = socket;
    this.#number = number;
    this.#capacity = capacity;
    this.#events = events;
  }

  static async open(options: LaneOptions): Promise<HttpLane> {
    const socket = connect({
      host: '127.0.0.1',
      port: options.port,
      noDelay: true,
      onread: {
        buffer: options.readBuffer,
        callback: (length, buffer) => lane.#onBytes(buffer.subarray(0, length) as Buffer, performance.now()),
      },
    });
    const lane = new HttpLane(socket, options);
    await once(socket, 'connect');
    socket.on('error', (error) => lane.#fail(error.message));
    socket.on('close', () => lane.#fail('the connection was closed'));
    return lane;
  }

  get outstanding(): number {
    return this.#due.length;
  }

  get hasRoom(): boolean {
    return this.#due.length < this.#capacity;
  }

  send(since: number): void {
    this.#due.push(since);
  }

  flush(): void {
    if (this.#inFlight || this.#due.length === 0) return;
    this.#inFlight = true;
    const { path, reply } = exchangeOf(markOf(this.#number, ++this.#request));
    this.#expected = reply;
    this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: ${HTTP_HOST}\r\n\r\n`, 'latin1');
  }

  close(): void {
    this.#closing = true;
    this.#socket.destroy();
  }

  #onBytes(bytes: Buffer, now: number): boolean {
    const all = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    const end = replyEnd(all);
    if (end === 'not yet') {
      // The memory of this read is used again for the next.
      this.#held = Buffer.from(all);
      return true;
    }
    const wrong = end === 'malformed' ? 'a reply without a status line or a length' : this.#difference(all, end);
    if (wrong !== undefined) {
      this.#fail(wrong);
      // What follows cannot be told from what is left of this reply.
      this.close();
      return false;
    }
    this.#held = Buffer.alloc(0);
    this.#inFlight = false;
    this.#events.onReply(this.#due.shift() ?? now, now);
    this.flush();
    this.#events.onRead(this, now);
    return true;
  }

  /** What is wrong with a whole reply, if anything is. */
  #difference(bytes: Buffer, end: { body: number; reply: number }): string | undefined {
    if (!this.#inFlight) return 'a reply to no request';
    const status = bytes.toString('latin1', 9, 12);
    if (status !== '200') return `status ${status}`;
    if (bytes.length > end.reply) return `${bytes.length - end.reply} bytes after the reply`;
    const body = bytes.subarray(end.body, end.reply);
    if (body.equals(this.#expected)) return undefined;
    return body.length === this.#expected.length &&
      body.compare(this.#expected, MARK_LENGTH, undefined, MARK_LENGTH) === 0
      ? "another caller's reply"
      : 'altered bytes';
  }

  #fail(what: string): void {
    if (!this.#closing) this.#events.onFailure(what);
  }
}

function markOf(lane: number, request: number): string {
  return hex(lane) + hex(request >>> 0);
}

function hex(value: number): string {
  return value.toString(16).padStart(MARK_LENGTH / 2, '0');
}

/** Where the body and the reply at the start of `bytes` end, by its Content-Length: the only framing the backend uses. */
function replyEnd(bytes: Buffer): { body: number; reply: number } | 'not yet' | 'malformed' {
  const headEnd = bytes.indexOf(HEAD_END);
  if (headEnd === -1) return bytes.length > MAX_HEAD ? 'malformed' : 'not yet';
  const head = bytes.toString('latin1', 0, headEnd);
  const length = /\r\ncontent-length:[ \t]*(\d+)[ \t]*(?:\r\n|$)/i.exec(head)?.[1];
  if (!head.startsWith('HTTP/1.1 ') || length === undefined) return 'malformed';
  const body = headEnd + HEAD_END.length;
  const reply = body + Number(length);
  return bytes.length < reply ? 'not yet' : { body, reply };
}
