import type { Subset } from '../../cluster/cluster.ts';
import type { RequestHead } from '../../message/http-head.ts';

/** Why a request has nowhere to go, for people. */
export function noEndpoint(subset: Subset | undefined): string {
  if (subset === undefined) return 'no endpoint is known; is a provider running and published?';
  const facts = Object.entries(subset).map(([key, value]) => `${key}=${value}`);
  return `no endpoint is of the subset ${facts.join(', ')}`;
}

/** @param name of the cluster, as the route or the request says it. */
export function noRoute(name: string, head: RequestHead): string {
  if (head.method === 'CONNECT' && head.protocol === '') return 'CONNECT is refused unless a route names the method';
  if (name === '') return 'the request names no host';
  return `no cluster is named ${name}: add it under clusters or routes, or a registry that knows it`;
}
