import type { EndpointResources } from '../cluster/endpoint.ts';

/** What a pool speaks. */
export type PoolKind = 'bolt' | 'http1' | 'http2';

/** The pools of one endpoint, one for each protocol that was ever spoken to it. */
export class EndpointPools implements EndpointResources {
  readonly #pools = new Map<PoolKind, EndpointResources>();
  #drained = false;

  get connections(): number {
    let connections = 0;
    for (const pool of this.#pools.values()) connections += pool.connections;
    return connections;
  }

  get(kind: PoolKind): EndpointResources | undefined {
    return this.#pools.get(kind);
  }

  add<Pool extends EndpointResources>(kind: PoolKind, pool: Pool): Pool {
    this.#pools.set(kind, pool);
    // A request that began before the endpoint left may ask for a pool after it.
    if (this.#drained) pool.drain();
    return pool;
  }

  drain(): void {
    this.#drained = true;
    for (const pool of this.#pools.values()) pool.drain();
  }

  onAlive(): void {
    for (const pool of this.#pools.values()) pool.onAlive();
  }
}
