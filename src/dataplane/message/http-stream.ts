import type { WeftError } from '../../core/errors.ts';
import type { ConnectionForwarding, HttpVersion } from './forwarding.ts';
import type { OpenEdits } from './open-edits.ts';
import type { Outcome } from './outcome.ts';
import type { HeadEdits, RequestHead, ResponseHead } from './http-head.ts';

/**
 * One request and its response between three parties: the stream of its caller, the stream to an
 * endpoint, and the exchange between the two, which neither knows the HTTP version of the other.
 */

/** Names in lower case, or as they came in HTTP/1, and values by turns. */
export type Trailers = readonly string[];

export const NO_TRAILERS: Trailers = [];

/** Where content goes: a caller's stream for responses, an endpoint's for requests. */
export interface ContentSink {
  /** Takes `bytes[start, end)`, which are valid until it returns. */
  sendData(bytes: Buffer, start: number, end: number): void;
  /** No more content. Of a tunnel: this side is closed, the other may go on. */
  sendEnd(trailers: Trailers): void;
  /** More waits than should: the source of the content is to pause until it is told that this has drained. */
  readonly congested: boolean;
}

/** The stream on which a request came. */
export interface CallerStream extends ContentSink {
  readonly version: 1 | 2;
  readonly httpVersion: HttpVersion;
  /** The other end of its connection, for people. */
  readonly peer: string;
  /** What requests of its connection tell of where they come from. */
  readonly forwarding: ConnectionForwarding;
  /** The head of its request outlives the turn in which it came. */
  readonly headStays: boolean;
  /** What its side changes of the request's head. */
  editRequest?(head: RequestHead, edits: OpenEdits): void;
  /** A 1xx head other than 101. */
  sendInterim(head: ResponseHead, edits: HeadEdits): void;
  /** @param end whether no content follows. */
  sendResponse(head: ResponseHead, edits: HeadEdits, end: boolean): void;
  /** The endpoint has agreed to go on in another protocol, or to a tunnel: content is what passes there. */
  sendTunnel(head: ResponseHead, edits: HeadEdits): void;
  /** Makes `head` outlive this turn; `scratch` may be used for it. Returns what is used instead. */
  keepHead(scratch: Buffer): Buffer;
  /** Stops taking content of the request, so that the caller slows down, or goes on. */
  setFlowing(flowing: boolean): void;
  /** The response cannot be completed, which the caller has to learn. */
  abort(): void;
}

/** What a caller's stream tells its exchange. */
export interface CallerHandler {
  onRequestData(bytes: Buffer, start: number, end: number): void;
  onRequestEnd(trailers: Trailers): void;
  /** Nobody waits for the response any more, `abandoned` when not for another reason; the stream is not to be used again. */
  onCallerGone(outcome?: Outcome): void;
  onCallerDrained(): void;
}

/** An exchange as its caller's stream sees it, before and after it begins. */
export interface CallerExchange extends CallerHandler {
  /** @param end whether no content follows. */
  start(head: RequestHead, end: boolean): void;
  /** Nothing more of the request can be read; `status` says what is wrong with it. */
  onRequestBroken(status: number, message: string): void;
}

/** A stream to an endpoint, ready for one request. */
export interface EndpointStream extends ContentSink {
  readonly version: 1 | 2;
  /** Requests were carried on its connection before, so that the peer may be about to close it. */
  readonly reused: boolean;
  /**
   * @param path in place of the head's own, or undefined.
   * @param authority likewise.
   * @param end whether no content follows.
   */
  sendRequest(
    head: RequestHead,
    path: string | undefined,
    authority: string | undefined,
    edits: HeadEdits,
    end: boolean,
  ): void;
  /** Stops taking content of the response, so that the endpoint slows down, or goes on. */
  setFlowing(flowing: boolean): void;
  /** No response came in time, as far as it was waited for: its connection may be dead. `cancel` follows. */
  onLate(): void;
  /** Nobody wants the rest of the response. The stream says nothing more. */
  cancel(): void;
  /** The same, of a response that is most likely short: its connection is kept where the rest comes soon. */
  discard(): void;
}

/** What an endpoint's stream tells its exchange. */
export interface EndpointHandler {
  onInterim(head: ResponseHead): void;
  onResponse(head: ResponseHead, end: boolean): void;
  /** The endpoint goes on in the protocol that the request asked for. */
  onTunnel(head: ResponseHead): void;
  onResponseData(bytes: Buffer, start: number, end: number): void;
  onResponseEnd(trailers: Trailers): void;
  /** The stream is gone before its end. `retriable`: the endpoint has certainly not worked on the request. */
  onEndpointLost(error: WeftError): void;
  onEndpointDrained(): void;
}
