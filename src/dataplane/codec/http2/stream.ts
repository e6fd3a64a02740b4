import { WaitingContent } from '../../../core/waiting-content.ts';
import type { FieldList, HeadEdits } from '../../message/http-head.ts';
import type { Http2Connection } from './connection.ts';
import { ReceiveWindow, SendWindow } from './flow-window.ts';
import type { Http2Head } from './head.ts';
import { ErrorCode } from './protocol.ts';

const NOTHING = Buffer.alloc(0);

/** What happens on one stream, in order. */
export interface StreamHandler {
  /** Clients: the head of a response; interim ones (1xx) come before the final one. */
  onHead(head: Http2Head, endStream: boolean): void;
  /** `bytes[start, end)` are valid until it returns. Whoever has dealt with them says so: `stream.passed`. `last`: `onEnd` follows. */
  onData(bytes: Buffer, start: number, end: number, last: boolean): void;
  /** Names and values by turns. */
  onTrailers(fields: readonly string[]): void;
  /** The peer has sent all. */
  onEnd(): void;
  /** Neither side sends any more: the peer's or our own error, or the end of the connection. */
  onReset(code: number): void;
  /** All that waited for the peer's windows has been sent. */
  onWritable(): void;
  /** Both sides have ended, in whatever way; the stream no longer counts. Once, before `onReset`. */
  onClosed(): void;
}

/** One stream of an HTTP/2 connection. RFC 9113, section 5.1. */
export class Http2Stream {
  readonly id: number;
  handler: StreamHandler | undefined;
  readonly sendWindow: SendWindow;
  readonly receiveWindow: ReceiveWindow;
  /** The peer has ended its side, or we ours. */
  remoteEnded = false;
  localEnded = false;
  closed = false;
  /** A final head has come: what follows are trailers. */
  headRead = false;
  /** What content-length leaves to come; -1 when nothing was said. */
  expected = -1;
  readonly #connection: Http2Connection;
  /** Content that waits for the peer's windows. */
  #waiting: WaitingContent | undefined;
  #endWaiting = false;
  #restUnwanted = false;
  #flowing = true;
  /** Octets that have been dealt with while it was not to flow. */
  #unpassed = 0;
  #trailersWaiting: readonly string[] | undefined;

  constructor(connection: Http2Connection, id: number, sendWindow: number, receiveWindow: number) {
    this.#connection = connection;
    this.id = id;
    this.sendWindow = new SendWindow(sendWindow);
    this.receiveWindow = new ReceiveWindow(receiveWindow);
  }

  /** All content that was announced has come, and no end yet. */
  get whole(): boolean {
    return this.headRead && this.expected === 0 && !this.remoteEnded;
  }

  /** Octets that wait for the peer's windows. */
  get waiting(): number {
    return this.#waiting === undefined ? 0 : this.#waiting.length;
  }

  /** @param fields names in lower case and values by turns, pseudo fields first. */
  sendHead(fields: readonly string[], endStream: boolean): void {
    if (this.closed || this.localEnded) return;
    this.#connection.writeFields(this.id, fields, endStream);
    if (endStream) this.endLocal();
  }

  /** Servers: sends the head `list` as `edits` change it, with this status. */
  sendResponse(status: number, list: FieldList, edits: HeadEdits, endStream: boolean): void {
    if (this.closed || this.localEnded) return;
    this.#connection.writeResponse(this.id, status, list, edits, endStream);
    if (endStream) this.endLocal();
  }

  /** Sends `bytes[start, end)`; keeps a copy of what the windows do not let go. */
  sendData(bytes: Buffer, start: number, end: number, endStream: boolean): void {
    if (this.closed || this.localEnded) return;
    let at = start;
    if (this.waiting === 0) at = this.#connection.writeContent(this, bytes, start, end, endStream);
    if (at < end) {
      (this.#waiting ??= new WaitingContent()).add(bytes, at, end);
      this.#endWaiting = endStream;
      this.#connection.wait(this, end - at);
    } else if (endStream && this.waiting > 0) {
      this.#endWaiting = true;
    } else if (endStream) {
      this.endLocal();
    }
  }

  /** Ends this side behind all content. @param trailers names in any case and values by turns. */
  sendEnd(trailers: readonly string[]): void {
    if (trailers.length > 0) this.sendTrailers(trailers);
    else this.sendData(NOTHING, 0, 0, true);
  }

  /** Ends this side with trailers, names in any case and values by turns, behind all content. */
  sendTrailers(fields: readonly string[]): void {
    if (this.closed || this.localEnded) return;
    if (this.waiting > 0) this.#trailersWaiting = fields;
    else this.#endWithTrailers(fields);
  }

  /**
   * Servers: nobody wants what is still to come of the request. The peer is told so, with a reset
   * that is no error, once the response has been sent. RFC 9113, section 8.1.
   */
  refuseRest(): void {
    this.#restUnwanted = true;
    if (this.localEnded && !this.remoteEnded) this.reset(ErrorCode.noError);
  }

  /** So many octets of content have been dealt with; the peer may send as many more. */
  passed(octets: number): void {
    if (this.#flowing) this.#connection.passed(this, octets);
    else this.#unpassed += octets;
  }

  /** Whether what has been dealt with lets the peer send more: it does until it is told not to. */
  setFlowing(flowing: boolean): void {
    this.#flowing = flowing;
    if (!flowing || this.#unpassed === 0) return;
    const octets = this.#unpassed;
    this.#unpassed = 0;
    this.#connection.passed(this, octets);
  }

  reset(code: ErrorCode): void {
    this.#connection.resetStream(this, code);
  }

  /** The windows may have opened. Returns whether something waits still. */
  flush(): boolean {
    while (this.waiting > 0) {
      const waiting = this.#waiting!;
      const { first, start, end } = waiting;
      const last = end - start === waiting.length && this.#endWaiting && this.#trailersWaiting === undefined;
      const at = this.#connection.writeContent(this, first, start, end, last);
      waiting.take(at - start);
      this.#connection.wait(this, start - at);
      if (at < end) return true;
    }
    if (this.#trailersWaiting !== undefined) this.#endWithTrailers(this.#trailersWaiting);
    else if (this.#endWaiting) this.endLocal();
    this.handler?.onWritable();
    return false;
  }

  /** Forgets what waits; nothing is sent any more. */
  drop(): void {
    if (this.waiting > 0) this.#connection.wait(this, -this.waiting);
    this.#waiting = undefined;
  }

  /** All has been sent. */
  endLocal(): void {
    this.localEnded = true;
    if (this.#restUnwanted && !this.remoteEnded) this.reset(ErrorCode.noError);
    else this.#connection.ended(this);
  }

  #endWithTrailers(fields: readonly string[]): void {
    this.#connection.writeTrailers(this.id, fields);
    this.endLocal();
  }
}
