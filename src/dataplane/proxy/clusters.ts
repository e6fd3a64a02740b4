import type { Clock, Timer } from '../../core/clock.ts';
import type { Logger } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { addressText, type Endpoint, type EndpointAddress } from '../cluster/endpoint.ts';
import type { EndpointSource } from '../cluster/endpoint-source.ts';
import type { ClusterPolicy } from '../cluster/policy.ts';
import type { HttpUpstreamDeps } from '../upstream/http/http-deps.ts';
import type { UpstreamDeps } from '../upstream/upstream-deps.ts';
import { ClusterStats } from './cluster-stats.ts';
import { type ClusterOrigin, ManagedCluster } from './managed-cluster.ts';

export interface StaticCluster {
  readonly name: string;
  readonly policy: ClusterPolicy;
  readonly endpoints: readonly EndpointAddress[];
}

export interface DiscoveryLimits {
  /** Whether a request for a service that nobody subscribed to makes its cluster. */
  readonly onDemand: boolean;
  /** Clusters from the registry at once. */
  readonly maxServices: number;
  /** Milliseconds after which one that nobody uses is dropped; 0 for never. */
  readonly idle: number;
}

export interface ClustersDeps {
  readonly upstream: UpstreamDeps & HttpUpstreamDeps;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Absent: static clusters only. */
  readonly source?: EndpointSource | undefined;
  /** The app's own endpoint has become usable, or has stopped being. */
  readonly onAppUsable?: ((endpoint: Endpoint) => void) | undefined;
}

interface Discovered {
  readonly managed: ManagedCluster;
  readonly group: string;
  readonly watch: { close(): void };
}

const SWEEP_MS = 5_000;
/** SOFARPC's unique names are far shorter; nothing longer is looked up. */
const MAX_SERVICE_NAME = 512;

/**
 * All clusters of a proxy: those of the config, those that the registry knows (made when a
 * request or a subscription first asks, dropped when idle, so memory follows use and not the
 * size of the mesh), and the app itself.
 */
export class Clusters {
  readonly #deps: ClustersDeps;
  #discovery: DiscoveryLimits;
  #defaults: ClusterPolicy;
  readonly #static = new Map<string, ManagedCluster>();
  readonly #discovered = new Map<string, Discovered>();
  readonly #apps = new Map<string, ManagedCluster>();
  #pinned: ReadonlyMap<string, string> = new Map();
  readonly #sweeper: Timer;

  constructor(deps: ClustersDeps, defaults: ClusterPolicy, discovery: DiscoveryLimits) {
    this.#deps = deps;
    this.#defaults = defaults;
    this.#discovery = discovery;
    this.#sweeper = deps.clock.every(SWEEP_MS, () => this.#sweep());
    deps.metrics.onCollect(() => this.#collect());
  }

  get all(): ManagedCluster[] {
    return [
      ...this.#static.values(),
      ...[...this.#discovered.values()].map(({ managed }) => managed),
      ...this.#apps.values(),
    ];
  }

  /** The cluster that serves `service`, or undefined when none may be made. */
  find(service: string): ManagedCluster | undefined {
    return this.#static.get(service) ?? this.#discovered.get(service)?.managed ?? this.#discover(service, false);
  }

  /** The cluster whose one endpoint is the app. */
  app(address: { readonly host: string; readonly port: number }): ManagedCluster {
    const name = `app@${addressText(address)}`;
    let managed = this.#apps.get(name);
    if (managed === undefined) {
      managed = this.#create(name, 'app', this.#defaults);
      managed.update([{ ...address, weight: 1 }]);
      this.#apps.set(name, managed);
    }
    return managed;
  }

  /**
   * Services that are subscribed to, each with its group: their clusters are made at once and stay.
   * Requests carry no group, so that of the subscription decides; one that changes makes a new
   * cluster, since groups never mix.
   */
  pin(groups: ReadonlyMap<string, string>): void {
    this.#pinned = groups;
    for (const [service, discovered] of this.#discovered) {
      if (discovered.group !== this.#groupOf(service)) this.#dropDiscovered(discovered);
    }
    for (const service of groups.keys()) {
      // A static cluster comes first; two of one name would share their numbers.
      if (!this.#static.has(service) && !this.#discovered.has(service)) this.#discover(service, true);
    }
  }

  /** Takes over a new config: clusters that stay keep their connections and all that is known. */
  apply(clusters: readonly StaticCluster[], defaults: ClusterPolicy, discovery: DiscoveryLimits): void {
    this.#defaults = defaults;
    this.#discovery = discovery;
    const wanted = new Set(clusters.map(({ name }) => name));
    for (const [name, managed] of this.#static) {
      if (wanted.has(name)) continue;
      this.#static.delete(name);
      this.#drop(managed);
    }
    for (const [name, discovered] of this.#discovered) if (wanted.has(name)) this.#dropDiscovered(discovered);
    for (const { name, policy, endpoints } of clusters) {
      let managed = this.#static.get(name);
      if (managed === undefined) this.#static.set(name, (managed = this.#create(name, 'static', policy)));
      else managed.cluster.setPolicy(policy);
      managed.update(endpoints);
    }
    this.pin(this.#pinned);
    for (const { managed } of this.#discovered.values()) managed.cluster.setPolicy(defaults);
    for (const managed of this.#apps.values()) managed.cluster.setPolicy(defaults);
  }

  close(): void {
    this.#sweeper.cancel();
    for (const { watch } of this.#discovered.values()) watch.close();
    for (const managed of this.all) managed.close();
  }

  #discover(service: string, subscribed: boolean): ManagedCluster | undefined {
    const { source } = this.#deps;
    if (source === undefined || (!subscribed && !this.#discovery.onDemand)) return undefined;
    if (service === '' || service.length > MAX_SERVICE_NAME) return undefined;
    if (this.#discovered.size >= this.#discovery.maxServices && !this.#makeRoom()) return undefined;
    const managed = this.#create(service, 'registry', this.#defaults);
    const group = this.#groupOf(service);
    const watch = source.watch(service, group, (endpoints) => managed.update(endpoints));
    this.#discovered.set(service, { managed, group, watch });
    return managed;
  }

  #groupOf(service: string): string {
    return this.#pinned.get(service) ?? '';
  }

  /** Drops the discovered cluster that was idle longest, one without endpoints first. */
  #makeRoom(): boolean {
    let victim: Discovered | undefined;
    for (const [service, candidate] of this.#discovered) {
      if (candidate.managed.stats.active > 0 || this.#pinned.has(service)) continue;
      if (victim === undefined || moreDispensable(candidate.managed, victim.managed)) victim = candidate;
    }
    if (victim === undefined) {
      this.#deps.log.warn('no room for another service: all are in use', { maxServices: this.#discovery.maxServices });
      return false;
    }
    this.#dropDiscovered(victim);
    return true;
  }

  #sweep(): void {
    if (this.#discovery.idle === 0) return;
    const before = this.#deps.clock.now() - this.#discovery.idle;
    for (const [service, discovered] of this.#discovered) {
      const { cluster, stats } = discovered.managed;
      if (cluster.lastUsed < before && stats.active === 0 && !this.#pinned.has(service))
        this.#dropDiscovered(discovered);
    }
  }

  #dropDiscovered({ managed, watch }: Discovered): void {
    this.#discovered.delete(managed.cluster.name);
    watch.close();
    this.#drop(managed);
  }

  #drop(managed: ManagedCluster): void {
    managed.close();
    managed.stats.close();
  }

  #create(name: string, origin: ClusterOrigin, policy: ClusterPolicy): ManagedCluster {
    const { upstream, metrics, onAppUsable } = this.#deps;
    const onUsable = origin === 'app' ? onAppUsable : undefined;
    const options = { name, origin, policy, ...(onUsable && { onUsable }) };
    return new ManagedCluster(options, upstream, new ClusterStats(metrics, { cluster: name }));
  }

  #collect(): void {
    const { metrics } = this.#deps;
    for (const { cluster, stats } of this.all) {
      const labels = { cluster: cluster.name };
      metrics.gauge('weft_cluster_endpoints', 'Endpoints known.', labels).value = cluster.size;
      metrics.gauge('weft_cluster_endpoints_usable', 'Endpoints that take requests.', labels).value = cluster.usable;
      metrics.gauge('weft_requests_active', 'Requests under way.', labels).value = stats.active;
      let connections = 0;
      for (const endpoint of cluster.endpoints) connections += endpoint.resources?.connections ?? 0;
      metrics.gauge('weft_upstream_connections', 'Connections to endpoints.', labels).value = connections;
    }
  }
}

function moreDispensable(a: ManagedCluster, b: ManagedCluster): boolean {
  const emptyA = a.cluster.size === 0;
  const emptyB = b.cluster.size === 0;
  return emptyA === emptyB ? a.cluster.lastUsed < b.cluster.lastUsed : emptyA;
}
