import type { Connection, ConnectionHandler } from '../net/connection.ts';

/** A caller's connection as its listener sees it, whatever is spoken on it. */
export interface ListenerPeer extends ConnectionHandler {
  readonly connection: Connection;
  /** Requests under way. */
  readonly active: number;
  /** Says goodbye: the peer takes its new requests elsewhere, those under way are finished. */
  drain(): void;
  /** Ends at once, with all that is under way. */
  cut(reason: string): void;
  /** The listener's limits or timeouts have changed. */
  adjusted(): void;
}

/** What it tells its listener. */
export interface PeerEvents {
  closed(peer: ListenerPeer, reason: string): void;
}
