import { Cluster } from '../cluster/cluster.ts';
import type { Endpoint, EndpointAddress } from '../cluster/endpoint.ts';
import { EndpointPool } from '../upstream/endpoint-pool.ts';
import { EndpointPools } from '../upstream/endpoint-pools.ts';
import { HealthChecks } from '../upstream/health/health-checks.ts';
import type { HttpUpstreamDeps } from '../upstream/http/http-deps.ts';
import type { UpstreamDeps } from '../upstream/upstream-deps.ts';
import type { ClusterStats } from './cluster-stats.ts';
import type { ClusterPolicy } from '../cluster/policy.ts';
import { HashKeys } from './hash-keys.ts';

export interface ManagedClusterOptions {
  readonly name: string;
  /** `static` ones come from the config, `registry` ones from there, `app` ones are the app itself. */
  readonly origin: ClusterOrigin;
  readonly policy: ClusterPolicy;
  /** Where this proxy is. */
  readonly zone?: string;
  readonly onUsable?: (endpoint: Endpoint) => void;
  readonly onHttp1?: (endpoint: Endpoint) => void;
}

export type ClusterOrigin = 'static' | 'registry' | 'app';

/** A cluster with its pools and its numbers: all that an exchange needs to reach a service. */
export class ManagedCluster {
  readonly cluster: Cluster;
  readonly stats: ClusterStats;
  readonly origin: ClusterOrigin;
  readonly deps: UpstreamDeps & HttpUpstreamDeps;
  /** Undefined when requests are not balanced by what they say. */
  keys: HashKeys | undefined;
  /** Requests under way that have been tried again. */
  retrying = 0;
  #health: HealthChecks | undefined;

  constructor(options: ManagedClusterOptions, deps: UpstreamDeps & HttpUpstreamDeps, stats: ClusterStats) {
    const { clock, chance } = deps;
    const { name, policy, origin, ...told } = options;
    const onEjected = (): void => this.stats.ejected();
    this.cluster = new Cluster(name, policy, { clock, chance, ...told, onEjected });
    this.keys = keysOf(policy);
    this.origin = origin;
    this.stats = stats;
    this.deps = deps;
    this.#checkHealth(policy);
  }

  /** The Bolt connections of one of its endpoints, made when first asked for. */
  pool(endpoint: Endpoint): EndpointPool {
    const pools = this.pools(endpoint);
    const pool = pools.get('bolt') ?? pools.add('bolt', new EndpointPool(this.deps, this.cluster, endpoint));
    return pool as EndpointPool;
  }

  /** All connections of one of its endpoints, for those who speak other protocols. */
  pools(endpoint: Endpoint): EndpointPools {
    return (endpoint.resources ??= new EndpointPools()) as EndpointPools;
  }

  /** Why one more request, which is counted already, is refused at once; undefined when it is not. */
  get overload(): string | undefined {
    const { requests } = this.cluster.policy.breaker;
    if (requests === 0 || this.stats.active <= requests) return undefined;
    return `${requests} requests are under way already (breaker.requests)`;
  }

  /** Whether one more request may be tried again, beside those that are; it counts as one of them then. */
  takeRetry(): boolean {
    const { percent, min } = this.cluster.policy.retries.budget;
    if (this.retrying >= Math.max(min, Math.floor((this.stats.active * percent) / 100))) return false;
    this.retrying++;
    return true;
  }

  setPolicy(policy: ClusterPolicy): void {
    this.keys = keysOf(policy);
    this.cluster.setPolicy(policy);
    this.#checkHealth(policy);
  }

  update(addresses: readonly EndpointAddress[]): void {
    this.cluster.update(addresses);
    this.#health?.sync();
  }

  close(): void {
    this.cluster.close();
    this.#health?.close();
    this.#health = undefined;
  }

  /** The app's health is a section of its own, and it is the only one to go to. */
  #checkHealth({ health }: ClusterPolicy): void {
    if (health !== undefined && this.origin !== 'app') {
      if (this.#health !== undefined) return this.#health.adjust(health);
      this.#health = new HealthChecks(this.cluster, health, this.deps, (ok) => this.stats.checked(ok));
    } else if (this.#health !== undefined) {
      this.#health.close();
      this.#health = undefined;
    }
  }
}

function keysOf({ hash }: ClusterPolicy): HashKeys | undefined {
  return hash.length === 0 ? undefined : new HashKeys(hash);
}
