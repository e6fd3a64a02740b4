import type { ClusterConfig, Config, ListenerConfig } from '../config/config.ts';
import { diffConfig } from '../config/diff.ts';
import { Budget } from '../core/budget.ts';
import type { Chance, Clock } from '../core/clock.ts';
import { WeftError } from '../core/errors.ts';
import { createRequestIds } from '../core/request-ids.ts';
import { TimerWheel } from '../core/timer-wheel.ts';
import type { Endpoint } from '../dataplane/cluster/endpoint.ts';
import type { EndpointSource } from '../dataplane/cluster/endpoint-source.ts';
import { NetContext } from '../dataplane/net/net-context.ts';
import { Clusters, type StaticCluster } from '../dataplane/proxy/clusters.ts';
import type { ProxyDeps } from '../dataplane/proxy/listener-scope.ts';
import { ListenerStats } from '../dataplane/proxy/listener-stats.ts';
import { ProxyListener, type ListenerSpec } from '../dataplane/proxy/proxy-listener.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { CODECS } from './builtins.ts';
import { listenerSpec } from './listener-spec.ts';
import { TlsIdentity } from './tls-identity.ts';

/** Requests that wait for an upstream connection to take them: above this their callers wait too. */
const UPSTREAM_HIGH_WATER = 1 << 20;
const SLOW_TICK_MS = 250;
/** Of responses: at least this, and as much as the most generous listener allows of requests. */
const HTTP_LIMITS = { maxHead: 65_536, maxFields: 100, streamWindow: 256 << 10, connectionWindow: 1 << 20 };

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

export interface OpenListener {
  config: ListenerConfig;
  readonly listener: ProxyListener;
}

export interface Applied {
  /** What could not be done, for people; all else is done. */
  readonly failures: string[];
  /** Open listeners that have no place in the new config: `retire` them when their callers know of it. */
  readonly replaced: OpenListener[];
}

/** A listener that is to close, and what takes its place, if anything does. */
interface Move {
  readonly old: OpenListener;
  readonly after?: ListenerConfig;
  readonly certificate?: TlsIdentity | undefined;
}

/** Listeners and clusters of one proxy, built from a config and changed by the next one. */
export class DataPlane {
  readonly clusters: Clusters;
  readonly #deps: DataPlaneDeps;
  readonly #proxyDeps: ProxyDeps;
  readonly #wheels: readonly TimerWheel[];
  /** Read for each reply, so that a reload is heeded at once. */
  readonly #upstreamLimits = { maxFrame: 0, maxHeader: 0, highWater: UPSTREAM_HIGH_WATER };
  readonly #httpLimits = { ...HTTP_LIMITS, highWater: UPSTREAM_HIGH_WATER };
  readonly #makeRequestId: () => string;
  readonly #budgets: readonly Budget[];
  /** By name: one listener goes on counting where the one before it with its name has stopped. */
  readonly #stats = new Map<string, ListenerStats>();
  #listeners = new Map<string, OpenListener>();
  /** Of earlier configs; each leaves with its last connection. */
  readonly #former = new Set<OpenListener>();
  #config: Config;

  constructor(config: Config, deps: DataPlaneDeps) {
    const { clock, chance, log, metrics } = deps;
    const wheel = new TimerWheel(clock);
    const slowWheel = new TimerWheel(clock, SLOW_TICK_MS);
    const budget = new Budget(0);
    // Of their own, so that callers cannot make them fail.
    const replies = new Budget(0);
    const net = new NetContext(clock);
    let lastId = 0;
    this.#deps = deps;
    this.#makeRequestId = createRequestIds(chance);
    this.#config = config;
    this.#wheels = [wheel, slowWheel];
    this.#budgets = [budget, replies];
    this.#proxyDeps = { net, clock, chance, wheel, slowWheel, budget, log };
    this.#setLimits(config);
    this.clusters = new Clusters(
      {
        clock,
        log,
        metrics,
        source: deps.source,
        zone: config.node.zone,
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
          budget: replies,
          nextId: () => (lastId = (lastId + 1) >>> 0),
          http: this.#httpLimits,
        },
      },
      config.clusterDefaults,
      config.discovery,
    );
    this.clusters.apply(staticClusters(config.clusters), config.clusterDefaults, config.discovery);
    metrics.onCollect(() => {
      metrics.gauge('weft_buffered_bytes', 'Bytes kept of incomplete frames and of requests that wait.').value =
        budget.used + replies.used;
      metrics.gauge('weft_unsent_bytes', 'Bytes that wait for peers that read slowly.').value = net.unsent;
      metrics.gauge('weft_unsent_memory_bytes', 'Memory that holds these; the limit is maxBuffered.').value = net.held;
    });
  }

  get listeners(): readonly OpenListener[] {
    return [...this.#listeners.values()];
  }

  /**
   * Opens every listener, once the files of all are known to be usable. When one fails, those before it are open:
   * `close` closes them.
   *
   * @throws WeftError `listen_failed`
   */
  async open(): Promise<void> {
    const { listeners } = this.#config;
    const certificates = this.#certificates(listeners);
    for (const listener of listeners) await this.#open(listener, certificates.get(listener.name));
  }

  /** Takes over a new config. Requests under way and connections of what stays are not touched. */
  async apply(config: Config): Promise<Applied> {
    // Against what is open, not what was asked for: what could not be done is tried again.
    const running = this.listeners.map((listener) => listener.config);
    const { listeners } = diffConfig({ ...this.#config, listeners: running }, config);
    this.#config = config;
    this.#setLimits(config);
    this.clusters.apply(staticClusters(config.clusters), config.clusterDefaults, config.discovery);
    const applied: Applied = { failures: [], replaced: [] };
    const moves: Move[] = listeners.removed.map(({ name }) => ({ old: this.#listeners.get(name)! }));
    for (const { before, after, apply } of listeners.changed) {
      const old = this.#listeners.get(before.name)!;
      if (apply === 'reopen') {
        try {
          // Before the old one makes way: without usable files it would do so for nothing.
          moves.push({ old, after, certificate: this.#certificate(after) });
        } catch (error) {
          applied.failures.push(failureOf(after, error));
        }
      } else {
        old.config = after;
        old.listener.adjust(await this.#spec(after));
        this.#keepRoutes(after);
      }
    }
    await this.#move(moves, applied);
    for (const added of listeners.added) await this.#tryOpen(added, applied.failures);
    for (const name of this.#stats.keys()) this.#forget(name);
    return applied;
  }

  /** Takes no new connections at them; those that are open finish in the background. */
  retire(replaced: readonly OpenListener[]): void {
    for (const open of replaced) void this.#retire(open);
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
      const ending = this.#all.filter(({ config }) => config.direction === direction);
      const left = Math.max(0, until - clock.now());
      cut += await sum(ending.map(({ listener }) => end(listener, left)));
    }
    return cut;
  }

  /** Cuts whatever has not ended yet: nothing is open or under way after it. */
  async close(): Promise<void> {
    await this.drain(0);
    this.clusters.close();
    for (const wheel of this.#wheels) wheel.stop();
  }

  /** What all listeners share is as large as the most generous of them allows. */
  #setLimits({ listeners }: Config): void {
    const largest = (key: 'maxBuffered' | 'maxFrame' | 'maxHeader'): number =>
      Math.max(0, ...listeners.map(({ limits }) => limits[key]));
    const maxBuffered = largest('maxBuffered');
    for (const budget of this.#budgets) budget.limit = maxBuffered;
    this.#proxyDeps.net.maxHeld = maxBuffered;
    this.#upstreamLimits.maxFrame = largest('maxFrame');
    this.#upstreamLimits.maxHeader = largest('maxHeader');
    for (const key of ['maxHead', 'maxFields'] as const) {
      this.#httpLimits[key] = Math.max(HTTP_LIMITS[key], ...listeners.map(({ http }) => http?.limits[key] ?? 0));
    }
  }

  get #all(): OpenListener[] {
    return [...this.#listeners.values(), ...this.#former];
  }

  /** The new ones are opened before the old ones go. When one cannot be opened, the old one stays. */
  async #move(moves: readonly Move[], { failures, replaced }: Applied): Promise<void> {
    const wanted = new Set(this.#config.listeners.map(({ address }) => address.port));
    // On one port the old one would be in the way, whatever the hosts.
    const inTheWay = new Set(moves.map(({ old }) => old).filter(({ listener }) => wanted.has(listener.port)));
    await Promise.all([...inTheWay].map((old) => this.#retire(old)));
    for (const { old, after, certificate } of moves) {
      const opened = after === undefined || (await this.#tryOpen(after, failures, certificate));
      if (opened && after === undefined) this.#listeners.delete(old.config.name);
      if (opened && !inTheWay.has(old)) {
        this.#former.add(old);
        replaced.push(old);
        // Who still comes by the old address is served as the new config says.
        if (after?.direction === old.config.direction) {
          old.config = after;
          old.listener.adjust(await this.#spec(after));
        }
      }
      if (!opened && inTheWay.has(old)) await this.#tryOpen(old.config, failures);
    }
  }

  async #tryOpen(config: ListenerConfig, failures: string[], certificate?: TlsIdentity): Promise<boolean> {
    try {
      await this.#open(config, certificate);
      return true;
    } catch (error) {
      failures.push(failureOf(config, error));
      return false;
    }
  }

  /** @throws WeftError `listen_failed` when its files cannot be used. */
  #certificate({ name, tls }: ListenerConfig): TlsIdentity | undefined {
    if (tls === undefined) return undefined;
    const { clock, log } = this.#deps;
    const where = `listeners[${this.#config.listeners.findIndex((one) => one.name === name)}].tls`;
    return new TlsIdentity(tls, { where, clock, log });
  }

  /**
   * By the names of the listeners.
   *
   * @throws WeftError `listen_failed`, which tells what is wrong with the files of all.
   */
  #certificates(listeners: readonly ListenerConfig[]): Map<string, TlsIdentity | undefined> {
    const certificates = new Map<string, TlsIdentity | undefined>();
    const faults: string[] = [];
    for (const listener of listeners) {
      try {
        certificates.set(listener.name, this.#certificate(listener));
      } catch (error) {
        faults.push((error as Error).message);
      }
    }
    if (faults.length > 0) throw new WeftError('listen_failed', faults.join('; '), { side: 'local' });
    return certificates;
  }

  /** @param tls what `#certificate` has made already */
  async #open(config: ListenerConfig, tls = this.#certificate(config)): Promise<void> {
    const { name, address, protocol, direction } = config;
    const spec = { ...(await this.#spec(config)), ...(tls && { tls }) };
    const listener = new ProxyListener(spec, this.#proxyDeps, this.#statsOf(name));
    await listener.open(address.port);
    this.#listeners.set(name, { config, listener });
    this.#keepRoutes(config);
    this.#deps.log.info('listening', {
      listener: name,
      address: `${address.host}:${listener.port}`,
      protocol,
      direction,
    });
  }

  #spec(config: ListenerConfig): Promise<ListenerSpec> {
    return listenerSpec(config, {
      clusters: this.clusters,
      stats: this.#statsOf(config.name),
      portOf: (service, protocol) => this.#deps.portOf(service, protocol),
      clock: this.#deps.clock,
      chance: this.#deps.chance,
      makeRequestId: this.#makeRequestId,
    });
  }

  /** Resolves when its port is free; its connections finish in the background. */
  async #retire(open: OpenListener): Promise<void> {
    const { config, listener } = open;
    this.#former.add(open);
    await listener.stopAccepting();
    this.#deps.log.info('listener closed', { listener: config.name, port: listener.port });
    void listener.drain(this.#config.shutdown.drain).then(() => {
      this.#former.delete(open);
      this.#forget(config.name);
    });
  }

  #statsOf(name: string): ListenerStats {
    let stats = this.#stats.get(name);
    if (stats === undefined) this.#stats.set(name, (stats = new ListenerStats(this.#deps.metrics, name)));
    return stats;
  }

  /** The listener of this name works by this config now. */
  #keepRoutes({ name, http }: ListenerConfig): void {
    this.#statsOf(name).keepRoutes((http?.routes ?? []).map((route) => route.name));
  }

  /** Stops counting for a name that no listener has any more, nor is to have. */
  #forget(name: string): void {
    const isNamed = (config: ListenerConfig): boolean => config.name === name;
    if (this.#config.listeners.some(isNamed) || this.#all.some(({ config }) => isNamed(config))) return;
    this.#stats.get(name)?.close();
    this.#stats.delete(name);
  }
}

function staticClusters(clusters: readonly ClusterConfig[]): StaticCluster[] {
  return clusters.map(({ name, endpoints, ...policy }) => ({
    name,
    policy,
    endpoints: endpoints.map(({ address, ...facts }) => ({ ...address, ...facts })),
  }));
}

function failureOf({ name }: ListenerConfig, error: unknown): string {
  return `listener ${name}: ${(error as Error).message}`;
}

/** Takes no new connections and lets those there are finish; with how many requests were cut after `ms`. */
function end(listener: ProxyListener, ms: number): Promise<number> {
  void listener.stopAccepting();
  return listener.drain(ms);
}

async function sum(counts: Iterable<Promise<number>>): Promise<number> {
  return (await Promise.all(counts)).reduce((total, count) => total + count, 0);
}
