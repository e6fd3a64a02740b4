import { HeadWriter, type HopFields, newHopFields } from '../../codec/http1/head-writer.ts';
import { Forwarding, type ForwardingSettings } from '../../message/forwarding.ts';
import type { Gate } from '../../message/gate.ts';
import { marksOf } from '../../message/http-fields.ts';
import type { RequestHead } from '../../message/http-head.ts';
import type { CallerExchange, CallerStream } from '../../message/http-stream.ts';
import type { Outcome } from '../../message/outcome.ts';
import type { Connection } from '../../net/connection.ts';
import { hostOf } from '../../route/authority.ts';
import type { RouteTable } from '../../route/route-table.ts';
import { type Decision, decide, type Routing } from '../decide.ts';
import type { ListenerPeer, PeerEvents } from '../listener-peer.ts';
import type { ProxyDeps } from '../listener-scope.ts';
import type { ListenerStats } from '../listener-stats.ts';
import type { ManagedCluster } from '../managed-cluster.ts';
import type { ProtocolServer } from '../protocol-server.ts';
import { GrpcWebExchange } from './grpc-web-exchange.ts';
import { HttpExchange } from './http-exchange.ts';
import type { HttpLimits, HttpScope, SharedEdits } from './http-scope.ts';
import { Http1Caller } from './http1-caller.ts';
import { Http2Caller } from './http2-caller.ts';

export type HttpVersionName = 'http1' | 'http2';

/** Exchanges kept for reuse. */
const MAX_FREE_EXCHANGES = 4096;
/** A slow caller holds at most so much of its responses' sources; a slow endpoint so much of its requests'. */
const STREAM_WINDOW = 256 << 10;
const CONNECTION_WINDOW = 1 << 20;
/** A caller that takes nothing of its responses holds up nobody else: it may pause for a while. */
const STALL_MS = 60_000;

export interface HttpSpec {
  /** Which are taken; at least one. */
  readonly versions: readonly HttpVersionName[];
  readonly limits: HttpLimits;
  readonly upgrades: readonly string[];
  /** Whether calls of grpc-web are carried on as gRPC. */
  readonly grpcWeb: boolean;
  readonly forwarding: ForwardingSettings;
  readonly routes: Pick<RouteTable, 'match'>;
  /** The cluster of a name that a route gives. */
  readonly cluster: (name: string) => ManagedCluster | undefined;
  /** The cluster of a request that no route fits; `host` is in lower case, without its port. */
  readonly fallback: (host: string) => ManagedCluster | undefined;
  /** What requests pass before they go to a cluster. */
  readonly gates?: readonly Gate[] | undefined;
  /** Makes ids of requests; never the same twice. */
  readonly makeRequestId: () => string;
}

/** What the HTTP connections of one listener share. */
export class HttpServer implements HttpScope {
  readonly name: string;
  readonly deps: ProxyDeps;
  readonly streamWindow = STREAM_WINDOW;
  readonly connectionWindow = CONNECTION_WINDOW;
  readonly stallTimeout = STALL_MS;
  readonly http1Writer = new HeadWriter();
  readonly hop: HopFields = newHopFields();
  readonly edits: SharedEdits = { without: marksOf(), withoutNames: undefined, added: [] };
  readonly http1: ProtocolServer;
  readonly http2: ProtocolServer;
  readonly headLimits = { maxHead: 0, maxFields: 0, maxTrailers: 0 };
  idleTimeout = 0;
  #spec: HttpSpec;
  #routing: Routing;
  readonly #forwarding: Forwarding;
  readonly #stats: ListenerStats;
  readonly #free: HttpExchange[] = [];

  constructor(name: string, spec: HttpSpec, deps: ProxyDeps, stats: ListenerStats) {
    this.name = name;
    this.deps = deps;
    this.#spec = spec;
    this.#routing = routingOf(spec);
    this.#stats = stats;
    this.#forwarding = new Forwarding(spec.forwarding, spec.makeRequestId);
    this.#shareHeadLimits();
    this.http1 = { serve: (connection, events) => this.#serve(Http1Caller, connection, events) };
    this.http2 = { serve: (connection, events) => this.#serve(Http2Caller, connection, events) };
  }

  get limits(): HttpLimits {
    return this.#spec.limits;
  }

  get gates(): readonly Gate[] | undefined {
    return this.#spec.gates;
  }

  get upgrades(): readonly string[] {
    return this.#spec.upgrades;
  }

  adjust(spec: HttpSpec): void {
    this.#spec = spec;
    this.#routing = routingOf(spec);
    this.#forwarding.adjust(spec.forwarding);
    this.#shareHeadLimits();
  }

  decide(head: RequestHead): Decision {
    return decide(this.#routing, head, this.deps.chance);
  }

  open(caller: CallerStream, head: RequestHead): CallerExchange {
    const exchange = this.take();
    const web = this.#spec.grpcWeb ? GrpcWebExchange.of(exchange, caller, head) : undefined;
    return web ?? exchange.of(caller);
  }

  take(): HttpExchange {
    return this.#free.pop() ?? new HttpExchange(this);
  }

  cluster(name: string): ManagedCluster | undefined {
    return this.#spec.cluster(name);
  }

  recycle(exchange: HttpExchange): void {
    if (this.#free.length < MAX_FREE_EXCHANGES) this.#free.push(exchange);
  }

  unrouted(outcome: Outcome): void {
    this.#stats.unrouted(outcome);
  }

  #shareHeadLimits(): void {
    const { maxHead, maxFields } = this.#spec.limits;
    Object.assign(this.headLimits, { maxHead, maxFields, maxTrailers: maxHead });
  }

  #serve(Caller: typeof Http1Caller | typeof Http2Caller, connection: Connection, events: PeerEvents): ListenerPeer {
    const scheme = connection.encrypted ? 'https' : 'http';
    return new Caller(this, events, connection, this.#forwarding.connection(connection.peerAddress, scheme));
  }
}

function routingOf({ routes, cluster, fallback }: HttpSpec): Routing {
  return {
    routes,
    cluster,
    fallback: (head) => {
      // A tunnel to anywhere is nobody's by default.
      const isTunnel = head.method === 'CONNECT' && head.protocol === '';
      return isTunnel ? undefined : fallback(hostOf(head.authority));
    },
  };
}
