import type { ByteSink } from '../../message/frame.ts';
import type { Http2Head } from './head.ts';
import type { PeerSettings } from './peer-settings.ts';
import type { Http2Error } from './protocol.ts';
import type { Http2Stream, StreamHandler } from './stream.ts';

export interface Http2Limits {
  /** Streams that the peer may have open at once. */
  readonly maxStreams: number;
  /**
   * Octets of one stream's content that may wait here; and, of servers, of all together. Not under the 65,535
   * that a peer may send before it has read our SETTINGS.
   */
  readonly streamWindow: number;
  readonly connectionWindow: number;
  /** Octets of one head, as fields count (RFC 9113, section 6.5.2). */
  readonly maxHeaderList: number;
  /** Fields of one head; those with a colon do not count. */
  readonly maxFields: number;
  /** Servers: whether CONNECT may open other protocols (RFC 8441). */
  readonly extendedConnect?: boolean;
}

/** What a connection needs of the one who has its socket. */
export interface Http2Owner {
  /** Where to write. */
  out(): ByteSink;
  /** More of what was written waits for the socket than should: the peer does not read. */
  readonly backlogged: boolean;
  /** Servers: a request. Returns who takes the rest of it. */
  onRequest(stream: Http2Stream, head: Http2Head, endStream: boolean): StreamHandler;
  /** The peer opens no more streams, or takes no more; those up to `lastStream` go on. */
  onGoaway(lastStream: number, code: number): void;
  /** What the peer allows has changed. */
  onSettings(settings: PeerSettings): void;
  /** The peer has answered `ping`. */
  onPong?(): void;
  /** The connection is at its end: what was written is the last; close the socket. */
  onFailed(error: Http2Error): void;
}
