import type { AdminTarget, AppView, ClusterView, ListenerView, RouteView } from '../admin/target.ts';
import { formatAddress } from '../config/address.ts';
import { addressText } from '../dataplane/cluster/endpoint.ts';
import type { ListenerStats } from '../dataplane/proxy/listener-stats.ts';
import type { ManagedCluster } from '../dataplane/proxy/managed-cluster.ts';
import type { RouteSpec } from '../dataplane/route/route-spec.ts';
import type { LocalApi } from '../sdk/local-api.ts';
import type { DataPlane } from './data-plane.ts';

/** The parts of the admin target that are read off the running parts, as far as those are running yet. */
export function viewsOf(
  dataPlane: () => DataPlane | undefined,
  localApi: () => LocalApi | undefined,
): Pick<AdminTarget, 'listeners' | 'clusters' | 'app'> {
  return {
    listeners: () => (dataPlane()?.listeners ?? []).map(viewListener),
    clusters: () => (dataPlane()?.clusters.all ?? []).map(viewCluster),
    app: () => {
      const api = localApi();
      return api && viewApp(api);
    },
  };
}

function viewListener({ config, listener }: DataPlane['listeners'][number]): ListenerView {
  const { name, protocol, direction, address } = config;
  const { port, connections, active, stats } = listener;
  return {
    name,
    protocol,
    direction,
    address: formatAddress({ host: address.host, port }),
    connections,
    active,
    unrouted: stats.unroutedTotals,
    routes: (config.http?.routes ?? []).map((route) => viewRoute(route, stats)),
  };
}

function viewRoute({ name, cluster, clusters = [], redirect, respond }: RouteSpec, stats: ListenerStats): RouteView {
  const totals = stats.route(name).totals();
  if (redirect !== undefined) return { name, kind: 'redirect', to: String(redirect.status), totals };
  if (respond !== undefined) return { name, kind: 'respond', to: String(respond.status), totals };
  return { name, kind: 'cluster', to: cluster ?? weighted(clusters), totals };
}

/** `shop 90 %, shop-next 10 %` */
function weighted(clusters: NonNullable<RouteSpec['clusters']>): string {
  const sum = clusters.reduce((total, { weight }) => total + weight, 0);
  return clusters.map(({ cluster, weight }) => `${cluster} ${Number(((100 * weight) / sum).toFixed(2))} %`).join(', ');
}

function viewCluster({ cluster, origin, stats }: ManagedCluster): ClusterView {
  return {
    name: cluster.name,
    origin,
    lb: cluster.policy.lb,
    known: cluster.known,
    active: stats.active,
    totals: stats.totals(),
    latency: stats.latency,
    endpoints: [...cluster.endpoints].map((endpoint) => ({
      address: addressText(endpoint),
      weight: endpoint.weight,
      usable: endpoint.usable,
      reason: endpoint.reason,
      active: endpoint.active,
      connections: endpoint.resources?.connections ?? 0,
      metadata: endpoint.metadata,
    })),
  };
}

function viewApp(api: LocalApi): AppView {
  const { application, health, publications, subscriptions } = api;
  return { name: application?.appName, health, publications, subscriptions };
}
