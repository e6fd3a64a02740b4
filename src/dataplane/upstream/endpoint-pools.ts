import type { Cluster } from '../cluster/cluster.ts';
import type { Endpoint, EndpointResources } from '../cluster/endpoint.ts';
import { EndpointPool } from './endpoint-pool.ts';
import { HttpPool } from './http/http-pool.ts';
import type { HttpUpstreamDeps } from './http/http-deps.ts';
import type { UpstreamDeps } from './upstream-deps.ts';

/** The pools of one endpoint, one for each protocol that was ever spoken to it. */
export class EndpointPools implements EndpointResources {
  readonly #deps: UpstreamDeps & HttpUpstreamDeps;
  readonly #cluster: Cluster;
  readonly #endpoint: Endpoint;
  #bolt: EndpointPool | undefined;
  #http1: HttpPool | undefined;
  #http2: HttpPool | undefined;
  #drained = false;

  constructor(deps: UpstreamDeps & HttpUpstreamDeps, cluster: Cluster, endpoint: Endpoint) {
    this.#deps = deps;
    this.#cluster = cluster;
    this.#endpoint = endpoint;
  }

  get connections(): number {
    let connections = 0;
    for (const pool of this.#all) connections += pool.connections;
    return connections;
  }

  get bolt(): EndpointPool {
    return (this.#bolt ??= this.#made(new EndpointPool(this.#deps, this.#cluster, this.#endpoint)));
  }

  http(version: 1 | 2): HttpPool {
    if (version === 1) return (this.#http1 ??= this.#made(this.#http(1)));
    return (this.#http2 ??= this.#made(this.#http(2)));
  }

  drain(): void {
    this.#drained = true;
    for (const pool of this.#all) pool.drain();
  }

  get #all(): EndpointResources[] {
    return [this.#bolt, this.#http1, this.#http2].filter((pool) => pool !== undefined);
  }

  #http(version: 1 | 2): HttpPool {
    return new HttpPool(this.#deps, this.#cluster, this.#endpoint, version);
  }

  /** A request that began before the endpoint left may ask for a pool after it. */
  #made<Pool extends EndpointResources>(pool: Pool): Pool {
    if (this.#drained) pool.drain();
    return pool;
  }
}
