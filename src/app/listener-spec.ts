import type { HttpConfig, ListenerConfig } from '../config/config.ts';
import type { Chance, Clock } from '../core/clock.ts';
import type { BoltSpec } from '../dataplane/proxy/bolt-server.ts';
import type { Clusters } from '../dataplane/proxy/clusters.ts';
import type { HttpSpec } from '../dataplane/proxy/http/http-server.ts';
import type { ListenerStats } from '../dataplane/proxy/listener-stats.ts';
import type { ManagedCluster } from '../dataplane/proxy/managed-cluster.ts';
import type { ListenerSpec } from '../dataplane/proxy/proxy-listener.ts';
import type { TcpSpec } from '../dataplane/proxy/tcp/tcp-server.ts';
import { CODECS } from './builtins.ts';

export interface ListenerSpecDeps {
  readonly clusters: Clusters;
  /** Of the listener. */
  readonly stats: ListenerStats;
  /** The port at which the app offers a service, when it has registered one. */
  portOf(service: string, protocol: string): number | undefined;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly makeRequestId: () => string;
}

/** What the data plane needs to know of a listener, made of its config. */
export async function listenerSpec(config: ListenerConfig, deps: ListenerSpecDeps): Promise<ListenerSpec> {
  const { name, address, limits, idleTimeout, detectTimeout = 0, protocol } = config;
  const bolt = protocol === 'bolt' || protocol === 'auto' ? boltSpec(config, deps) : undefined;
  const http = config.http && (await httpSpec(config, config.http, deps));
  const tcp = tcpSpec(config, deps);
  return {
    name,
    host: address.host,
    limits,
    idleTimeout,
    detectTimeout,
    ...(bolt && { bolt }),
    ...(http && { http }),
    ...(tcp && { tcp }),
  };
}

function boltSpec(config: ListenerConfig, deps: ListenerSpecDeps): BoltSpec {
  const route = (service: string): ManagedCluster | undefined =>
    config.direction === 'egress' ? deps.clusters.find(service, 'bolt') : app(config, service, 'bolt', deps);
  return { codec: CODECS.bolt, route };
}

async function httpSpec(config: ListenerConfig, http: HttpConfig, deps: ListenerSpecDeps): Promise<HttpSpec> {
  const { versions, limits, upgrades, grpcWeb, forwarding } = http;
  return {
    versions,
    limits,
    upgrades,
    grpcWeb,
    forwarding,
    routes: await routeTable(http, deps),
    cluster: (name) => deps.clusters.find(name, 'http'),
    fallback: (host) =>
      config.direction === 'egress' ? deps.clusters.find(host, 'http') : app(config, host, 'http', deps),
    makeRequestId: deps.makeRequestId,
  };
}

async function routeTable({ routes }: HttpConfig, { stats, ...deps }: ListenerSpecDeps): Promise<HttpSpec['routes']> {
  if (routes.length === 0) return { match: () => undefined };
  const [{ compileRoutes }, { routeParts }] = await Promise.all([
    import('../dataplane/route/route-table.ts'),
    import('../dataplane/proxy/route-parts.ts'),
  ]);
  return compileRoutes(routes, routeParts(stats, deps));
}

function tcpSpec(config: ListenerConfig, deps: ListenerSpecDeps): TcpSpec | undefined {
  const { tcp } = config;
  if (tcp === undefined) return undefined;
  const { idleTimeout } = tcp;
  if (config.direction === 'ingress')
    return { idleTimeout, target: 'app', cluster: () => deps.clusters.app(config.app) };
  const { cluster } = config.tcp!;
  return { idleTimeout, target: cluster, cluster: () => deps.clusters.find(cluster, 'tcp') };
}

/** The app at the port at which it registered the service, else at the one in the config. */
function app(
  config: Extract<ListenerConfig, { direction: 'ingress' }>,
  service: string,
  protocol: string,
  deps: ListenerSpecDeps,
): ManagedCluster {
  const { host, port } = config.app;
  return deps.clusters.app({ host, port: deps.portOf(service, protocol) ?? port });
}
