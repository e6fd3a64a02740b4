import type { Endpoint } from '../../cluster/endpoint.ts';
import { HttpPool } from '../../upstream/http/http-pool.ts';
import type { ManagedCluster } from '../managed-cluster.ts';
import type { HttpScope } from './http-scope.ts';

/** The connections of one version to an endpoint of `target`, made when first asked for. */
export function httpPoolOf(
  scope: Pick<HttpScope, 'http1Writer' | 'hop'>,
  target: ManagedCluster,
  endpoint: Endpoint,
  version: 1 | 2,
): HttpPool {
  const kind = version === 1 ? 'http1' : 'http2';
  const pools = target.pools(endpoint);
  const pool = pools.get(kind);
  if (pool !== undefined) return pool as HttpPool;
  const { http1Writer, hop } = scope;
  return pools.add(kind, new HttpPool({ ...target.deps, http1Writer, hop }, target.cluster, endpoint, version));
}
