import type { Connection } from '../net/connection.ts';
import type { ListenerPeer, PeerEvents } from './listener-peer.ts';

/** Serves those connections of one listener that speak its protocol. */
export interface ProtocolServer {
  /** Takes over `connection`, which hands it all that comes from now on. */
  serve(connection: Connection, events: PeerEvents): ListenerPeer;
}
