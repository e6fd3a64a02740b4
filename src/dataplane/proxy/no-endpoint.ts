import type { ManagedCluster } from './managed-cluster.ts';

/** Why a cluster has nobody to send a request to, and what to look at. */
export function whyNoEndpoint({
  cluster,
  origin,
}: Pick<ManagedCluster, 'origin'> & { cluster: { size: number } }): string {
  if (cluster.size > 0) return 'no endpoint is known that takes requests: all weights are 0';
  if (origin === 'static') return 'no endpoint is known: the config lists none under clusters[].endpoints';
  return 'no endpoint is known: is the name right, and is a provider of it running and published?';
}
