import type { ClusterConfig, Config, IngressListenerConfig, ListenerConfig } from '../config/config.ts';
import { diffConfig } from '../config/diff.ts';
import { Budget } from '../core/budget.ts';
import type { Chance, Clock } from '../core/clock.ts';
import { TimerWheel } from '../core/timer-wheel.ts';
import type { Endpoint } from '../dataplane/cluster/endpoint.ts';
import type { EndpointSource } from '../dataplane/cluster/endpoint-source.ts';
import { NetContext } from '../dataplane/net/net-context.ts';
import { Clusters, type StaticCluster } from '../dataplane/proxy/clusters.ts';
import type { ProxyDeps } from '../dataplane/proxy/listener-scope.ts';
import { ProxyListener, type ListenerSpec } from '../dataplane/proxy/proxy-listener.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { CODECS } from './builtins.ts';

/** Requests that wait for an upstream connection to take them: above this their callers wait too. */
const UPSTREAM_HIGH_WATER = 1 << 20;
const SLOW_TICK_MS = 250;

export interface DataPlaneDeps {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly source: EndpointSource | undefined;
  /** The port at which the app offers a service, when it has registered one. */
  portOf(service: string, protocol: string): number | undefined;
  /** The app at this port cannot be reached. */
  onAppLost(port: number): void;
}

interface OpenListener {
  config: ListenerConfig;
  readonly listener: ProxyListener;
}

/** Listeners and clusters of one proxy, built from a config and changed by the next one. */
export class DataPlane {
  readonly clusters: Clusters;
  readonly #deps: DataPlaneDeps;
  readonly #proxyDeps: ProxyDeps;
  readonly #wheels: readonly TimerWheel[];
  /** Read for each reply, so that a reload is heeded at once. */
  readonly #upstreamLimits: UpstreamLimits;
  #listeners = new Map<string, OpenListener>();
  /** Ends of listeners that are closed, and whose connections are not. */
  readonly #retiring = new Set<Promise<number>>();
  #config: Config;

  constructor(config: Config, deps: DataPlaneDeps) {
    const { clock, chance, log, metrics } = deps;
    const wheel = new TimerWheel(clock);
    const slowWheel = new TimerWheel(clock, SLOW_TICK_MS);
    const budget = new Budget(maxBuffered(config));
    const net = new NetContext();
    let lastId = 0;
    this.#deps = deps;
    this.#config = config;
    this.#wheels = [wheel, slowWheel];
    this.#upstreamLimits = upstreamLimits(config);
    this.#proxyDeps = { net, clock, wheel, slowWheel, budget, log };
    this.clusters = new Clusters(
      {
        clock,
        log,
        metrics,
        source: deps.source,
        onAppUsable: (endpoint: Endpoint) => {
          if (!endpoint.usable) deps.onAppLost(endpoint.port);
        },
        upstream: {
          net,
          clock,
          chance,
          slowWheel,
          codec: CODECS.bolt,
          limits: this.#upstreamLimits,
          budget,
          nextId: () => (lastId = (lastId + 1) >>> 0),
        },
      },
      config.clusterDefaults,
      config.discovery,
    );
    this.clusters.apply(staticClusters(config.clusters), config.clusterDefaults, config.discovery);
    metrics.onCollect(() => {
      metrics.gauge('weft_buffered_bytes', 'Bytes kept of incomplete frames and of requests that wait.').value =
        budget.used;
      metrics.gauge('weft_unsent_bytes', 'Bytes that wait for peers that read slowly.').value = net.unsent;
    });
  }

  get listeners(): readonly OpenListener[] {
    return [...this.#listeners.values()];
  }

  /** Opens every listener. When one fails, those before it are open: `close` closes them. */
  async open(): Promise<void> {
    for (const listener of this.#config.listeners) await this.#open(listener);
  }

  /**
   * Takes over a new config. Requests under way and connections of what stays are not touched.
   *
   * @returns what could not be done, for people; all else is done.
   */
  async apply(config: Config): Promise<string[]> {
    // Against what is open, not what was asked for: what could not be done is tried again.
    const running = this.listeners.map((listener) => listener.config);
    const { listeners } = diffConfig({ ...this.#config, listeners: running }, config);
    this.#config = config;
    this.#proxyDeps.budget.limit = maxBuffered(config);
    Object.assign(this.#upstreamLimits, upstreamLimits(config));
    this.clusters.apply(staticClusters(config.clusters), config.clusterDefaults, config.discovery);
    const failures: string[] = [];
    for (const { name } of listeners.removed) this.#close(this.#listeners.get(name)!);
    for (const { before, after, apply } of listeners.changed) {
      const open = this.#listeners.get(before.name)!;
      if (apply === 'in-place') {
        open.config = after;
        open.listener.adjust(after);
      } else {
        await this.#reopen(open, after, failures);
      }
    }
    for (const added of listeners.added) await this.#tryOpen(added, failures);
    return failures;
  }

  /**
   * Ends all listeners. Those to the app come first: while it works on calls of others, it makes
   * calls of its own, through the others.
   *
   * @returns when all callers are gone, or cut off after `ms` milliseconds: how many requests were cut.
   */
  async drain(ms: number): Promise<number> {
    const { clock } = this.#deps;
    const until = clock.now() + ms;
    let cut = 0;
    for (const direction of ['ingress', 'egress']) {
      const open = this.listeners.filter(({ config }) => config.direction === direction);
      const left = Math.max(0, until - clock.now());
      cut += await sum(open.map(({ listener }) => end(listener, left)));
    }
    return cut + (await sum(this.#retiring));
  }

  /** Cuts whatever `drain` has not seen the end of: nothing is open or under way after it. */
  async close(): Promise<void> {
    await this.drain(0);
    this.clusters.close();
    for (const wheel of this.#wheels) wheel.stop();
  }

  /** When the new one cannot be opened, the old one stays. */
  async #reopen(old: OpenListener, after: ListenerConfig, failures: string[]): Promise<void> {
    // On one port the old one would be in the way, whatever the hosts.
    const inTheWay = old.config.address.port === after.address.port;
    if (inTheWay) this.#close(old);
    const opened = await this.#tryOpen(after, failures);
    if (opened && !inTheWay) this.#retire(old);
    if (!opened && inTheWay) await this.#tryOpen(old.config, failures);
  }

  async #tryOpen(config: ListenerConfig, failures: string[]): Promise<boolean> {
    try {
      await this.#open(config);
      return true;
    } catch (error) {
      failures.push(`listener ${config.name}: ${(error as Error).message}`);
      return false;
    }
  }

  async #open(config: ListenerConfig): Promise<void> {
    const { name, address, protocol, direction } = config;
    const spec: ListenerSpec = {
      name,
      host: address.host,
      codec: CODECS[protocol],
      limits: config.limits,
      idleTimeout: config.idleTimeout,
      route: direction === 'egress' ? (service) => this.clusters.find(service) : this.#appRoute(config),
    };
    const listener = new ProxyListener(spec, this.#proxyDeps, this.#deps.metrics);
    await listener.open(address.port);
    this.#listeners.set(name, { config, listener });
    this.#deps.log.info('listening', {
      listener: name,
      address: `${address.host}:${listener.port}`,
      protocol,
      direction,
    });
  }

  /** To the port at which the app registered the service, else to the one in the config. */
  #appRoute(config: IngressListenerConfig): ListenerSpec['route'] {
    const { app, protocol } = config;
    return (service) => {
      const port = this.#deps.portOf(service, protocol) ?? app.port;
      return this.clusters.app({ host: app.host, port });
    };
  }

  #close(open: OpenListener): void {
    this.#listeners.delete(open.config.name);
    this.#retire(open);
  }

  /** Takes no new connections; those that are open finish in the background. */
  #retire({ config, listener }: OpenListener): void {
    const ended = end(listener, this.#config.shutdown.drain);
    this.#retiring.add(ended);
    void ended.then(() => this.#retiring.delete(ended));
    this.#deps.log.info('listener closed', { listener: config.name });
  }
}

function staticClusters(clusters: readonly ClusterConfig[]): StaticCluster[] {
  return clusters.map(({ name, endpoints, ...policy }) => ({
    name,
    policy,
    endpoints: endpoints.map(({ address, weight }) => ({ ...address, weight })),
  }));
}

/** Takes no new connections and lets those there are finish; with how many requests were cut after `ms`. */
function end(listener: ProxyListener, ms: number): Promise<number> {
  void listener.stopAccepting();
  return listener.drain(ms);
}

async function sum(counts: Iterable<Promise<number>>): Promise<number> {
  return (await Promise.all(counts)).reduce((total, count) => total + count, 0);
}

/** One budget serves all listeners: the most generous one sets it. */
function maxBuffered(config: Config): number {
  return Math.max(...config.listeners.map(({ limits }) => limits.maxBuffered), 0);
}

type UpstreamLimits = { maxFrame: number; maxHeader: number; highWater: number };

/** Replies may be as large as the most generous listener allows. */
function upstreamLimits(config: Config): UpstreamLimits {
  const limits = config.listeners.map((listener) => listener.limits);
  return {
    maxFrame: Math.max(...limits.map(({ maxFrame }) => maxFrame), 0),
    maxHeader: Math.max(...limits.map(({ maxHeader }) => maxHeader), 0),
    highWater: UPSTREAM_HIGH_WATER,
  };
}
