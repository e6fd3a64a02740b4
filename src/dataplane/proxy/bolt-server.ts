import type { CorrelatedCodec } from '../message/correlated-codec.ts';
import type { Outcome } from '../message/outcome.ts';
import type { Connection } from '../net/connection.ts';
import { Downstream } from './downstream.ts';
import { Exchange } from './exchange.ts';
import type { ListenerPeer, PeerEvents } from './listener-peer.ts';
import type { DownstreamLimits, ListenerScope, ProxyDeps } from './listener-scope.ts';
import type { ListenerStats } from './listener-stats.ts';
import type { ManagedCluster } from './managed-cluster.ts';
import type { ProtocolServer } from './protocol-server.ts';

/** Exchanges kept for reuse. */
const MAX_FREE_EXCHANGES = 4096;

export interface BoltSpec {
  readonly codec: CorrelatedCodec;
  readonly route: (service: string) => ManagedCluster | undefined;
}

/** What the connections of one listener share that speak a protocol with request ids (Bolt). */
export class BoltServer implements ProtocolServer, ListenerScope {
  readonly name: string;
  readonly codec: CorrelatedCodec;
  readonly deps: ProxyDeps;
  /** Always the same object, which decoders keep; what it says may change. */
  readonly limits: DownstreamLimits;
  idleTimeout: number;
  #route: BoltSpec['route'];
  readonly #stats: ListenerStats;
  readonly #free: Exchange[] = [];

  constructor(name: string, spec: BoltSpec, limits: DownstreamLimits, deps: ProxyDeps, stats: ListenerStats) {
    this.name = name;
    this.codec = spec.codec;
    this.limits = limits;
    this.idleTimeout = 0;
    this.deps = deps;
    this.#route = spec.route;
    this.#stats = stats;
  }

  adjust(spec: BoltSpec): void {
    this.#route = spec.route;
  }

  serve(connection: Connection, events: PeerEvents): ListenerPeer {
    return new Downstream(this, events, connection);
  }

  route(service: string): ManagedCluster | undefined {
    return this.#route(service);
  }

  takeExchange(): Exchange {
    return this.#free.pop() ?? new Exchange(this);
  }

  recycle(exchange: Exchange): void {
    if (this.#free.length < MAX_FREE_EXCHANGES) this.#free.push(exchange);
  }

  unrouted(outcome: Outcome): void {
    this.#stats.unrouted(outcome);
  }
}
