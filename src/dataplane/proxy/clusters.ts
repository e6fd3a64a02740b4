import type { Clock, Timer } from '../../core/clock.ts';
import { whatToCheck } from '../../core/connect-trouble.ts';
import { PairMap } from '../../core/pair-map.ts';
import type { Logger } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { addressText, type Endpoint, type EndpointAddress } from '../cluster/endpoint.ts';
import type { EndpointSource, SoughtService } from '../cluster/endpoint-source.ts';
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
  /** Where this proxy is; '' or absent: nowhere. */
  readonly zone?: string;
  readonly onAppUsable?: ((endpoint: Endpoint) => void) | undefined;
}

interface Discovered extends SoughtService {
  readonly managed: ManagedCluster;
  readonly watch: { close(): void };
}

const SWEEP_MS = 5_000;
/** SOFARPC's unique names and hosts are far shorter; nothing longer is looked up. */
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
  /** By protocol and service, as are the groups. */
  readonly #discovered = new PairMap<Discovered>();
  readonly #apps = new Map<string, ManagedCluster>();
  #pinned: readonly SoughtService[] = [];
  #groups = new PairMap<string>();
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

  /**
   * The cluster that serves `service` to calls of `protocol`, or undefined when none may be made. One of the config
   * takes calls of every protocol.
   */
  find(service: string, protocol: string): ManagedCluster | undefined {
    return (
      this.#static.get(service) ??
      this.#discovered.get(protocol, service)?.managed ??
      this.#discover(service, protocol, false)
    );
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

  /** The app's port was seen at work. */
  onAppAlive(port: number): void {
    for (const { cluster } of this.#apps.values()) {
      for (const endpoint of cluster.endpoints) if (endpoint.port === port) endpoint.resources?.onAlive();
    }
  }

  /**
   * Services that are subscribed to: their clusters are made at once and stay. Requests carry no
   * group, so that of the subscription decides; one that changes makes a new cluster, since groups
   * never mix.
   */
  pin(subscriptions: readonly SoughtService[]): void {
    this.#pinned = subscriptions;
    this.#groups = new PairMap();
    for (const { service, protocol, group } of subscriptions) this.#groups.set(protocol, service, group);
    for (const discovered of this.#discovered.values()) {
      if (discovered.group !== this.#groupOf(discovered)) this.#dropDiscovered(discovered);
    }
    for (const { service, protocol } of subscriptions) {
      // A static cluster comes first; two of one name would share their numbers.
      if (this.#static.has(service) || this.#discovered.get(protocol, service) !== undefined) continue;
      this.#discover(service, protocol, true);
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
    for (const discovered of this.#discovered.values()) {
      if (wanted.has(discovered.service) || wanted.has(discovered.managed.cluster.name)) {
        this.#dropDiscovered(discovered);
      }
    }
    for (const { name, policy, endpoints } of clusters) {
      let managed = this.#static.get(name);
      if (managed === undefined) this.#static.set(name, (managed = this.#create(name, 'static', policy)));
      else managed.setPolicy(policy);
      managed.update(endpoints);
    }
    this.pin(this.#pinned);
    for (const { managed } of this.#discovered.values()) managed.setPolicy(defaults);
    for (const managed of this.#apps.values()) managed.setPolicy(defaults);
  }

  close(): void {
    this.#sweeper.cancel();
    for (const { watch } of this.#discovered.values()) watch.close();
    for (const managed of this.all) managed.close();
  }

  #discover(service: string, protocol: string, subscribed: boolean): ManagedCluster | undefined {
    const { source } = this.#deps;
    if (source === undefined || (!subscribed && !this.#discovery.onDemand)) return undefined;
    if (service === '' || service.length > MAX_SERVICE_NAME) return undefined;
    const name = clusterName(service, protocol);
    // Two of one name would share their numbers: such as Bolt's `a@http` and the `a` of HTTP.
    if (this.all.some(({ cluster }) => cluster.name === name)) return undefined;
    if (this.#discovered.size >= this.#discovery.maxServices && !this.#makeRoom()) return undefined;
    const managed = this.#create(name, 'registry', this.#defaults);
    const sought = { service, protocol, group: this.#groupOf({ service, protocol }) };
    const watch = source.watch(sought, (endpoints) => managed.update(endpoints));
    this.#discovered.set(protocol, service, { ...sought, managed, watch });
    return managed;
  }

  #groupOf({ service, protocol }: Pick<SoughtService, 'service' | 'protocol'>): string {
    return this.#groups.get(protocol, service) ?? '';
  }

  #isPinned({ service, protocol }: SoughtService): boolean {
    return this.#groups.get(protocol, service) !== undefined;
  }

  /** Drops the discovered cluster that was idle longest, one without endpoints first. */
  #makeRoom(): boolean {
    let victim: Discovered | undefined;
    for (const candidate of this.#discovered.values()) {
      if (candidate.managed.stats.active > 0 || this.#isPinned(candidate)) continue;
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
    for (const discovered of this.#discovered.values()) {
      const { cluster, stats } = discovered.managed;
      if (cluster.lastUsed < before && stats.active === 0 && !this.#isPinned(discovered)) {
        this.#dropDiscovered(discovered);
      }
    }
  }

  #dropDiscovered({ service, protocol, managed, watch }: Discovered): void {
    this.#discovered.delete(protocol, service);
    watch.close();
    this.#drop(managed);
  }

  #drop(managed: ManagedCluster): void {
    managed.close();
    managed.stats.close();
  }

  #create(name: string, origin: ClusterOrigin, policy: ClusterPolicy): ManagedCluster {
    const { upstream, metrics, onAppUsable, log, zone = '' } = this.#deps;
    const onHttp1 = ({ address }: Endpoint): void =>
      log.info('an endpoint speaks HTTP/1 alone: requests of HTTP/2 go there as HTTP/1, calls of gRPC fail', {
        cluster: name,
        endpoint: address,
      });
    const onUsable = (endpoint: Endpoint): void => {
      this.#tell(name, origin, endpoint);
      if (origin === 'app') onAppUsable?.(endpoint);
    };
    const options = { name, origin, policy, zone, onUsable, onHttp1 };
    return new ManagedCluster(options, upstream, new ClusterStats(metrics, { cluster: name }));
  }

  /** Once for each change, however many requests it concerns. */
  #tell(cluster: string, origin: ClusterOrigin, { address, usable, reason }: Endpoint): void {
    const { log } = this.#deps;
    if (usable) return log.info('an endpoint can be used again', { cluster, endpoint: address });
    const check = whatToCheck(reason, origin === 'app' ? 'the app' : 'the service');
    return log.warn('an endpoint cannot be used', { cluster, endpoint: address, reason, check });
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

/**
 * A name for each pair: one service may be offered over several protocols, to other endpoints each. Bolt, which was
 * there first, has the plain name; others are called as in the registry's logs.
 */
function clusterName(service: string, protocol: string): string {
  return protocol === 'bolt' ? service : `${service}@${protocol}`;
}

function moreDispensable(a: ManagedCluster, b: ManagedCluster): boolean {
  const emptyA = a.cluster.size === 0;
  const emptyB = b.cluster.size === 0;
  return emptyA === emptyB ? a.cluster.lastUsed < b.cluster.lastUsed : emptyA;
}
