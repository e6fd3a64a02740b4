import type { EndpointStream } from '../../message/http-stream.ts';
import type { HttpCall } from './http-call.ts';

/** A connection to an endpoint as its pool sees it. */
export interface HttpConnection {
  readonly connecting: boolean;
  /** How many more requests it takes now. */
  readonly room: number;
  /** Its pool's mark: whether it is in line for requests. */
  inLine: boolean;
  /** Only while there is `room`: the stream for `call`, which hears all that happens on it. */
  begin(call: HttpCall): EndpointStream;
  /** Takes no more requests and closes when those it has are done. */
  drain(): void;
}

/**
 * How a connection ended: it could not be opened; it was asked, and ended without a word; what answered does not
 * speak its version of HTTP; or any other way.
 */
export type Gone = 'unreachable' | 'mute' | 'foreign' | 'ended';

export interface HttpConnectionEvents {
  onConnected(connection: HttpConnection): void;
  /** It takes requests again. */
  onRoom(connection: HttpConnection): void;
  /** It takes no new requests, and finishes those that it has. */
  onLeaving(connection: HttpConnection): void;
  /** It is gone; requests on it are about to hear. */
  onGone(connection: HttpConnection, reason: string, how: Gone): void;
}
