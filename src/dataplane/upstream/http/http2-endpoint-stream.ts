import { WeftError } from '../../../core/errors.ts';
import type { Http2Head } from '../../codec/http2/head.ts';
import { ErrorCode } from '../../codec/http2/protocol.ts';
import type { Http2Stream, StreamHandler } from '../../codec/http2/stream.ts';
import { asksToOpen, type HeadEdits, type RequestHead } from '../../message/http-head.ts';
import { type EndpointHandler, type EndpointStream, NO_TRAILERS, type Trailers } from '../../message/http-stream.ts';
import type { Http2Upstream } from './http2-upstream.ts';

/** Content that waits for the endpoint's window: above this its source pauses. */
const MAX_WAITING = 64 << 10;

/** One request on an HTTP/2 connection to an endpoint. */
export class Http2EndpointStream implements EndpointStream, StreamHandler {
  readonly version = 2;
  reused: boolean;
  readonly #upstream: Http2Upstream;
  #handler: EndpointHandler | undefined;
  #stream: Http2Stream | undefined;
  /** Of a tunnel, which begins with a good answer. */
  #opens = false;
  #tunnel = false;
  #isHead = false;
  #trailers: Trailers = NO_TRAILERS;
  #responseEnded = false;

  constructor(upstream: Http2Upstream, handler: EndpointHandler, reused: boolean) {
    this.#upstream = upstream;
    this.#handler = handler;
    this.reused = reused;
  }

  get congested(): boolean {
    const waiting = this.#stream?.waiting ?? 0;
    if (waiting > 0 && waiting > (this.#upstream.full ? 0 : MAX_WAITING)) return true;
    if (!this.#upstream.crowded) return false;
    this.#upstream.pauseFor(this);
    return true;
  }

  sendRequest(
    head: RequestHead,
    path: string | undefined,
    authority: string | undefined,
    edits: HeadEdits,
    end: boolean,
  ): void {
    const { h2 } = this.#upstream;
    this.#isHead = head.method === 'HEAD';
    this.#opens = asksToOpen(head);
    if (head.protocol !== '' && !h2.peer.extendedConnect) {
      const message = `the endpoint does not take ${head.protocol} over HTTP/2 (RFC 8441)`;
      this.#upstream.ended(this);
      this.reused = false;
      return this.#handler?.onEndpointLost(new WeftError('connection_lost', message, { side: 'upstream' }));
    }
    this.#stream = h2.openRequest(head, path, authority, edits, end, this);
  }

  sendData(bytes: Buffer, start: number, end: number): void {
    const stream = this.#stream;
    if (start === end || stream === undefined) return;
    stream.sendData(bytes, start, end, false);
    if (stream.waiting > 0) this.#upstream.countWaiting();
  }

  sendEnd(trailers: Trailers): void {
    this.#stream?.sendEnd(trailers);
    if (this.#responseEnded) this.#handler = undefined;
  }

  setFlowing(flowing: boolean): void {
    this.#stream?.setFlowing(flowing);
  }

  onLate(): void {
    this.#upstream.suspect();
  }

  cancel(): void {
    this.#handler = undefined;
    this.#stream?.reset(ErrorCode.cancel);
  }

  discard(): void {
    this.cancel();
  }

  /** The socket takes more. */
  drained(): void {
    if (!this.congested) this.#handler?.onEndpointDrained();
  }

  onHead(head: Http2Head, endStream: boolean): void {
    const handler = this.#handler;
    if (handler === undefined) return;
    if (head.status < 200) return handler.onInterim(head);
    this.#tunnel = this.#opens && head.status < 300;
    if (this.#tunnel) return handler.onTunnel(head);
    // RFC 9113, section 8.1.1: only these say a length and have no content.
    if (this.#isHead || head.status === 304) this.#stream!.expected = 0;
    else if (endStream && head.contentLength > 0) return this.#stream!.reset(ErrorCode.protocolError);
    if (!endStream) return handler.onResponse(head, false);
    this.#end();
    handler.onResponse(head, true);
    this.#dropRest();
  }

  onData(bytes: Buffer, start: number, end: number): void {
    this.#handler?.onResponseData(bytes, start, end);
    this.#stream?.passed(end - start);
  }

  onTrailers(fields: readonly string[]): void {
    this.#trailers = fields;
  }

  onEnd(): void {
    if (this.#responseEnded) return;
    const handler = this.#handler;
    this.#end();
    handler?.onResponseEnd(this.#trailers);
    this.#dropRest();
  }

  onReset(code: number): void {
    // Else it was this request that the endpoint did not like, or it may have worked on it.
    if (!this.#upstream.lostByItself) this.reused = false;
    const handler = this.#handler;
    this.#handler = undefined;
    handler?.onEndpointLost(this.#upstream.lost(code, code === ErrorCode.refusedStream));
  }

  onWritable(): void {
    this.#upstream.countWaiting();
    this.#handler?.onEndpointDrained();
  }

  onClosed(): void {
    this.#upstream.ended(this);
  }

  /** The response has come: with it the exchange is over, and may be another one by the time that the request has gone. */
  #end(): void {
    this.#responseEnded = true;
    if (!this.#tunnel) this.#handler = undefined;
  }

  /** Nobody is there any more to send the rest of a request whose response is complete. */
  #dropRest(): void {
    const stream = this.#stream;
    if (!this.#tunnel && stream !== undefined && !stream.localEnded) stream.reset(ErrorCode.cancel);
  }
}
