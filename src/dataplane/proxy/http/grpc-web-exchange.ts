import { GrpcKind, grpcKind } from '../../codec/grpc/content-type.ts';
import type { WebBodySink, WebResponseBody } from '../../codec/grpc-web/body.ts';
import { openWebCall, openWebResponse, type WebCall } from '../../codec/grpc-web/fields.ts';
import type { ConnectionForwarding, HttpVersion } from '../../message/forwarding.ts';
import { Known, marksOf } from '../../message/http-fields.ts';
import type { HeadEdits, RequestHead, ResponseHead } from '../../message/http-head.ts';
import { HttpRefusal } from '../../message/http-refusal.ts';
import { type CallerExchange, type CallerStream, NO_TRAILERS, type Trailers } from '../../message/http-stream.ts';
import type { Outcome } from '../../message/outcome.ts';
import type { OpenEdits } from '../../message/open-edits.ts';
import type { HttpExchange } from './http-exchange.ts';

/**
 * A call of grpc-web, carried on as gRPC: stands between the caller's stream and the exchange, to each of which
 * it looks like the other. Source: gRPC's PROTOCOL-WEB.md.
 */
export class GrpcWebExchange implements CallerExchange, CallerStream {
  /** gRPC is HTTP/2, whatever the browser speaks. */
  readonly version = 2;
  readonly #exchange: HttpExchange;
  readonly #caller: CallerStream;
  readonly #call: WebCall;
  #response: WebResponseBody | undefined;
  readonly #toExchange: WebBodySink;
  readonly #toCaller: WebBodySink;

  private constructor(exchange: HttpExchange, caller: CallerStream, call: WebCall) {
    this.#exchange = exchange;
    this.#caller = caller;
    this.#call = call;
    this.#toExchange = { onData: (bytes, start, end) => exchange.onRequestData(bytes, start, end) };
    this.#toCaller = { onData: (bytes, start, end) => caller.sendData(bytes, start, end) };
  }

  /** Undefined when `head` is not of grpc-web. */
  static of(exchange: HttpExchange, caller: CallerStream, head: RequestHead): GrpcWebExchange | undefined {
    const kind = grpcKind(head.get(Known.contentType));
    if (kind !== GrpcKind.web && kind !== GrpcKind.webText) return undefined;
    const call = openWebCall(head, newEdits());
    return call && new GrpcWebExchange(exchange, caller, call);
  }

  get httpVersion(): HttpVersion {
    return this.#caller.httpVersion;
  }

  get peer(): string {
    return this.#caller.peer;
  }

  get forwarding(): ConnectionForwarding {
    return this.#caller.forwarding;
  }

  get headStays(): boolean {
    return this.#caller.headStays;
  }

  get congested(): boolean {
    return this.#caller.congested;
  }

  start(head: RequestHead, end: boolean): void {
    this.#exchange.of(this).start(head, end);
  }

  // From the caller to the exchange.

  onRequestData(bytes: Buffer, start: number, end: number): void {
    this.#guarded(() => this.#call.requestBody.push(bytes, start, end, this.#toExchange));
  }

  onRequestEnd(): void {
    this.#guarded(() => {
      this.#call.requestBody.end();
      this.#exchange.onRequestEnd(NO_TRAILERS);
    });
  }

  onRequestBroken(status: number, message: string): void {
    this.#exchange.onRequestBroken(status, message);
  }

  onCallerGone(outcome?: Outcome): void {
    this.#exchange.onCallerGone(outcome);
  }

  onCallerDrained(): void {
    this.#exchange.onCallerDrained();
  }

  // From the exchange to the caller.

  editRequest(head: RequestHead, edits: OpenEdits): void {
    openWebCall(head, edits);
  }

  sendInterim(head: ResponseHead, edits: HeadEdits): void {
    this.#caller.sendInterim(head, edits);
  }

  sendResponse(head: ResponseHead, edits: HeadEdits, end: boolean): void {
    const own = { ...edits, without: Uint8Array.from(edits.without), added: [...edits.added] };
    this.#response = openWebResponse(head, this.#call, own);
    this.#caller.sendResponse(head, own, end);
  }

  sendTunnel(head: ResponseHead, edits: HeadEdits): void {
    this.#caller.sendTunnel(head, edits);
  }

  sendData(bytes: Buffer, start: number, end: number): void {
    if (this.#response === undefined) this.#caller.sendData(bytes, start, end);
    else this.#response.push(bytes, start, end, this.#toCaller);
  }

  sendEnd(trailers: Trailers): void {
    if (this.#response === undefined) return this.#caller.sendEnd(trailers);
    this.#response.end(trailers, this.#toCaller);
    this.#caller.sendEnd(NO_TRAILERS);
  }

  keepHead(scratch: Buffer): Buffer {
    return this.#caller.keepHead(scratch);
  }

  setFlowing(flowing: boolean): void {
    this.#caller.setFlowing(flowing);
  }

  abort(): void {
    this.#caller.abort();
  }

  #guarded(translate: () => void): void {
    try {
      translate();
    } catch (error) {
      if (!(error instanceof HttpRefusal)) throw error;
      this.#exchange.onRequestBroken(error.status, error.message);
    }
  }
}

function newEdits(): OpenEdits {
  return { without: marksOf(), added: [] };
}
