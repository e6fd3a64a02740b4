import type { Subset } from '../../cluster/cluster.ts';
import type { RequestHead } from '../../message/http-head.ts';
import { hostOf } from '../../route/authority.ts';
import type { ClusterRoute } from '../../route/route.ts';
import { whyNoEndpoint } from '../no-endpoint.ts';
import type { ManagedCluster } from '../managed-cluster.ts';

/** Why a request has nowhere to go, for people. */
export function noEndpoint(target: ManagedCluster, subset: Subset | undefined): string {
  if (subset === undefined || target.cluster.usable === 0) return whyNoEndpoint(target);
  const facts = Object.entries(subset).map(([key, value]) => `${key}=${value}`);
  return `no endpoint is of the subset ${facts.join(', ')}`;
}

export function tooLarge(maxBody: number): string {
  return `the body is larger than ${maxBody} octets (maxBody)`;
}

/** @param name of the cluster that `route` has chosen. */
export function noRoute(route: ClusterRoute | undefined, name: string, head: RequestHead): string {
  if (head.method === 'CONNECT' && head.protocol === '') return 'CONNECT is refused unless a route names the method';
  if (route !== undefined) {
    return `route ${route.name} leads to ${name}, and no cluster is named so: add it under clusters, or a registry that knows it`;
  }
  const host = hostOf(head.authority);
  if (host === '') return 'no route fits, and the request names no host';
  return (
    `no route fits, and no cluster is named ${host}, the host of the request: ` +
    'ask for another host, or add a route, a cluster of that name, or a registry that knows it'
  );
}
