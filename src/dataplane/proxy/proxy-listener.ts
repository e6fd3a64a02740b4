import type { Metrics, Counter, Gauge } from '../../telemetry/metrics.ts';
import type { CorrelatedCodec } from '../message/correlated-codec.ts';
import type { Outcome } from '../message/outcome.ts';
import { listen, type Listener } from '../net/listener.ts';
import { Downstream } from './downstream.ts';
import { Exchange } from './exchange.ts';
import type { DownstreamLimits, ListenerScope, ProxyDeps } from './listener-scope.ts';
import type { ManagedCluster } from './managed-cluster.ts';

export interface ListenerSpec {
  readonly name: string;
  readonly host: string;
  readonly codec: CorrelatedCodec;
  readonly limits: DownstreamLimits & { readonly maxConnections: number };
  /** Milliseconds; 0 for never. */
  readonly idleTimeout: number;
  readonly route: (service: string) => ManagedCluster | undefined;
}

/** Replies that wait for a caller's connection: above this it is not read from. */
const DOWNSTREAM_HIGH_WATER = 1 << 20;
/** Exchanges kept for reuse. */
const MAX_FREE_EXCHANGES = 4096;

/** One listening socket and all that its connections share. */
export class ProxyListener implements ListenerScope {
  readonly name: string;
  readonly codec: CorrelatedCodec;
  readonly deps: ProxyDeps;
  /** Always the same object, which decoders keep; what it says may change. */
  readonly limits: ListenerSpec['limits'];
  idleTimeout: number;
  readonly #host: string;
  readonly #route: (service: string) => ManagedCluster | undefined;
  readonly #metrics: Metrics;
  readonly #accepted: Counter;
  readonly #open: Gauge;
  readonly #downstreams = new Set<Downstream>();
  readonly #free: Exchange[] = [];
  #listener: Listener | undefined;
  #draining = false;
  /** What waits for the last connection to close. */
  readonly #drains = new Set<() => void>();

  constructor(spec: ListenerSpec, deps: ProxyDeps, metrics: Metrics) {
    this.name = spec.name;
    this.codec = spec.codec;
    this.deps = deps;
    this.limits = { ...spec.limits };
    this.idleTimeout = spec.idleTimeout;
    this.#host = spec.host;
    this.#route = spec.route;
    this.#metrics = metrics;
    const labels = { listener: spec.name };
    this.#accepted = metrics.counter('weft_downstream_connections_total', 'Connections accepted.', labels);
    this.#open = metrics.gauge('weft_downstream_connections', 'Connections open.', labels);
  }

  get port(): number {
    return this.#listener?.port ?? 0;
  }

  get connections(): number {
    return this.#downstreams.size;
  }

  /** Requests under way. */
  get active(): number {
    let active = 0;
    for (const downstream of this.#downstreams) active += downstream.active;
    return active;
  }

  /**
   * @param port 0 takes a free one.
   * @throws WeftError `listen_failed`
   */
  async open(port: number): Promise<void> {
    const maxConnections = (): number => this.limits.maxConnections;
    const options = { host: this.#host, port, maxConnections, highWater: DOWNSTREAM_HIGH_WATER };
    this.#listener = await listen(this.deps.net, options, (attach) => new Downstream(this, attach));
  }

  /** What may change without a new socket. It counts for open connections too, but none is closed for their number. */
  adjust(spec: Pick<ListenerSpec, 'limits' | 'idleTimeout'>): void {
    Object.assign(this.limits, spec.limits);
    this.idleTimeout = spec.idleTimeout;
    for (const downstream of this.#downstreams) downstream.adjusted();
  }

  /** Accepts no more connections. */
  async stopAccepting(): Promise<void> {
    // Closing waits for nothing: accepted sockets are not the server's.
    await this.#listener?.close();
  }

  /**
   * Says goodbye to every caller and lets requests under way finish. Resolves when all
   * connections are closed; after `ms` milliseconds the rest are cut. May be called again, to cut earlier.
   *
   * @returns how many requests were cut off by this call.
   */
  async drain(ms: number): Promise<number> {
    this.#draining = true;
    for (const downstream of this.#downstreams) downstream.drain();
    if (this.#downstreams.size === 0) return 0;
    let cut = 0;
    await new Promise<void>((resolve) => {
      const timer = this.deps.clock.after(ms, () => {
        for (const downstream of this.#downstreams) {
          cut += downstream.active;
          downstream.connection.destroy('drain time is over');
        }
      });
      this.#drains.add(() => {
        timer.cancel();
        resolve();
      });
    });
    return cut;
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
    const labels = { listener: this.name, outcome };
    this.#metrics.counter('weft_unrouted_requests_total', 'Requests that reached no cluster.', labels).inc();
  }

  opened(downstream: Downstream): void {
    this.#downstreams.add(downstream);
    this.#accepted.inc();
    this.#open.value++;
    if (this.#draining) downstream.drain();
  }

  closed(downstream: Downstream, reason: string): void {
    this.#downstreams.delete(downstream);
    this.#open.value--;
    this.deps.log.debug('connection closed', { listener: this.name, peer: downstream.connection.remote, reason });
    if (this.#downstreams.size > 0) return;
    for (const drained of this.#drains) drained();
    this.#drains.clear();
  }
}
