import type { Http2Head } from '../../codec/http2/head.ts';
import { ErrorCode } from '../../codec/http2/protocol.ts';
import type { Http2Stream, StreamHandler } from '../../codec/http2/stream.ts';
import type { ConnectionForwarding } from '../../message/forwarding.ts';
import type { HeadEdits, ResponseHead } from '../../message/http-head.ts';
import { type CallerExchange, type CallerStream, NO_TRAILERS, type Trailers } from '../../message/http-stream.ts';
import type { Http2Caller } from './http2-caller.ts';

/** Content that waits for the caller's window: above this its source pauses. */
const MAX_WAITING = 64 << 10;

/** One request on a caller's HTTP/2 connection. */
export class Http2CallerStream implements CallerStream, StreamHandler {
  readonly version = 2;
  readonly headStays = true;
  readonly httpVersion = '2';
  readonly #caller: Http2Caller;
  readonly #stream: Http2Stream;
  #exchange: CallerExchange | undefined;
  #tunnel = false;
  /** Of a tunnel: its endpoint has ended, and this side may go on. */
  #responseEnded = false;
  #trailers: Trailers = NO_TRAILERS;

  constructor(caller: Http2Caller, stream: Http2Stream) {
    this.#caller = caller;
    this.#stream = stream;
  }

  get peer(): string {
    return this.#caller.connection.remote;
  }

  get forwarding(): ConnectionForwarding {
    return this.#caller.forwarding;
  }

  get congested(): boolean {
    const { scope } = this.#caller;
    if (this.#stream.waiting > (scope.deps.net.full ? 0 : MAX_WAITING)) return true;
    if (!this.#caller.crowded) return false;
    this.#caller.pauseFor(this);
    return true;
  }

  begin(head: Http2Head, end: boolean): void {
    const exchange = this.#caller.scope.open(this, head);
    this.#exchange = exchange;
    exchange.start(head, end);
  }

  sendInterim(head: ResponseHead, edits: HeadEdits): void {
    this.#stream.sendResponse(head.status, head, edits, false);
  }

  sendResponse(head: ResponseHead, edits: HeadEdits, end: boolean): void {
    this.#stream.sendResponse(head.status, head, edits, end);
    if (end) this.#onResponseEnd();
  }

  /** RFC 8441, section 5: what HTTP/1 calls 101. */
  sendTunnel(head: ResponseHead, edits: HeadEdits): void {
    this.#tunnel = true;
    this.#stream.sendResponse(200, head, edits, false);
  }

  sendData(bytes: Buffer, start: number, end: number): void {
    if (start === end) return;
    this.#stream.sendData(bytes, start, end, false);
    if (this.#stream.waiting > 0) this.#caller.countWaiting();
  }

  sendEnd(trailers: Trailers): void {
    this.#stream.sendEnd(trailers);
    if (this.#tunnel && !this.#stream.remoteEnded) this.#responseEnded = true;
    else this.#onResponseEnd();
  }

  keepHead(scratch: Buffer): Buffer {
    return scratch;
  }

  setFlowing(flowing: boolean): void {
    this.#stream.setFlowing(flowing);
  }

  abort(): void {
    this.#exchange = undefined;
    this.#stream.reset(ErrorCode.internalError);
  }

  /** The socket takes more. */
  drained(): void {
    if (!this.congested) this.#exchange?.onCallerDrained();
  }

  onHead(): void {
    // Servers get requests alone.
  }

  onData(bytes: Buffer, start: number, end: number): void {
    this.#exchange?.onRequestData(bytes, start, end);
    this.#stream.passed(end - start);
  }

  onTrailers(fields: readonly string[]): void {
    this.#trailers = fields;
  }

  onEnd(): void {
    const exchange = this.#exchange;
    // Its last word: then it may be another request's.
    if (this.#responseEnded) this.#exchange = undefined;
    exchange?.onRequestEnd(this.#trailers);
  }

  onReset(): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.onCallerGone(this.#caller.overflowed ? 'overload' : 'abandoned');
  }

  onWritable(): void {
    this.#caller.countWaiting();
    this.#exchange?.onCallerDrained();
  }

  onClosed(): void {
    this.#caller.ended(this);
  }

  /** RFC 9113, section 8.1: of a request whose answer is complete the rest is not wanted. */
  #onResponseEnd(): void {
    this.#exchange = undefined;
    if (!this.#stream.remoteEnded) this.#stream.refuseRest();
  }
}
