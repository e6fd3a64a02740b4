import type { Outcome } from '../../message/outcome.ts';
import type { Connection } from '../../net/connection.ts';
import type { ListenerPeer, PeerEvents } from '../listener-peer.ts';
import type { ProxyDeps } from '../listener-scope.ts';
import type { ListenerStats } from '../listener-stats.ts';
import type { ManagedCluster } from '../managed-cluster.ts';
import type { ProtocolServer } from '../protocol-server.ts';
import { TcpTunnel } from './tcp-tunnel.ts';

export interface TcpSpec {
  /** Milliseconds without a byte in either direction after which a tunnel is closed; 0 for never. */
  readonly idleTimeout: number;
  /** Where all connections go; undefined while there is no such cluster. */
  readonly cluster: () => ManagedCluster | undefined;
  /** Its name, for people. */
  readonly target: string;
}

/** Carries connections of which the proxy knows nothing but where they go. */
export class TcpServer implements ProtocolServer {
  readonly name: string;
  readonly deps: ProxyDeps;
  #spec: TcpSpec;
  readonly #stats: ListenerStats;

  constructor(name: string, spec: TcpSpec, deps: ProxyDeps, stats: ListenerStats) {
    this.name = name;
    this.deps = deps;
    this.#spec = spec;
    this.#stats = stats;
  }

  get idleTimeout(): number {
    return this.#spec.idleTimeout;
  }

  get target(): string {
    return this.#spec.target;
  }

  adjust(spec: TcpSpec): void {
    this.#spec = spec;
  }

  cluster(): ManagedCluster | undefined {
    return this.#spec.cluster();
  }

  unrouted(outcome: Outcome): void {
    this.#stats.unrouted(outcome);
  }

  serve(connection: Connection, events: PeerEvents): ListenerPeer {
    const tunnel = new TcpTunnel(this, events, connection);
    tunnel.open();
    return tunnel;
  }
}
