import type { Chance } from '../../core/clock.ts';
import type { Subset } from '../cluster/cluster.ts';
import type { RequestHead } from '../message/http-head.ts';
import type { Route } from '../route/route.ts';
import type { RouteTable } from '../route/route-table.ts';
import type { ManagedCluster } from './managed-cluster.ts';

/** What a listener knows of where requests go. */
export interface Routing {
  readonly routes: Pick<RouteTable, 'match'>;
  /** The cluster of a name that a route gives. */
  cluster(name: string): ManagedCluster | undefined;
  /** The cluster of a request that no route fits. */
  fallback(head: RequestHead): ManagedCluster | undefined;
}

/** Where a request goes. */
export interface Decision {
  /** Undefined when the route answers by itself, or when there is no cluster of the name. */
  readonly managed: ManagedCluster | undefined;
  /** Undefined when no route fits, and the default is taken. */
  readonly route: Route | undefined;
  /** Its cluster, as the route or the request names it. */
  readonly cluster: string;
  readonly subset: Subset | undefined;
}

/** Finds where a request goes, the same way for every protocol. */
export function decide(routing: Routing, head: RequestHead, chance: Chance): Decision {
  const route = routing.routes.match(head);
  if (route === undefined) {
    return { route, managed: routing.fallback(head), cluster: head.authority, subset: undefined };
  }
  if (route.kind !== 'cluster') return { route, managed: undefined, cluster: '', subset: undefined };
  const { cluster, subset } = route.split.choose(chance);
  return { route, managed: routing.cluster(cluster), cluster, subset };
}
