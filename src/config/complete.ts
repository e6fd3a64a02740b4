import { networkInterfaces } from 'node:os';
import { dirname, resolve } from 'node:path';
import { isWildcard } from './address.ts';
import type { ClusterConfig, ClusterPolicy, Config, HostPort, ListenerConfig } from './config.ts';
import { completeHealth } from './complete-health.ts';
import { completeProtocol, tunnelToApp, tunnelToCluster } from './complete-protocol.ts';
import type { ParsedFile } from './schema.ts';

export interface CompleteOptions {
  /** The config file; relative paths in it start from its folder. */
  readonly file: string;
  /** The address to publish for a wildcard listener when `node.address` is not set. */
  readonly localAddress: () => string;
}

/** Fills in what depends on other keys, on where the file lies, or on the machine. */
export function completeConfig(parsed: ParsedFile, options: CompleteOptions): Config {
  const folder = dirname(resolve(options.file));
  const { registry, ...rest } = parsed;
  return {
    ...rest,
    ...(registry === undefined ? {} : { registry: resolveRegistry(registry, folder) }),
    stateDir: resolve(folder, parsed.stateDir),
    listeners: parsed.listeners.map((listener) => completeListener(listener, parsed, options)),
    clusters: parsed.clusters.map((cluster) => completeCluster(cluster, parsed.clusterDefaults)),
  };
}

type ParsedRegistry = NonNullable<ParsedFile['registry']>;
type ParsedListener = ParsedFile['listeners'][number];
type ParsedCluster = ParsedFile['clusters'][number];

function resolveRegistry(registry: ParsedRegistry, folder: string): ParsedRegistry {
  return registry.type === 'file' ? { ...registry, path: resolve(folder, registry.path) } : registry;
}

function completeListener(listener: ParsedListener, parsed: ParsedFile, options: CompleteOptions): ListenerConfig {
  const { name, address, protocol, idleTimeout, limits, direction, app, advertise, tcp } = listener;
  const base = {
    name,
    address,
    protocol,
    idleTimeout,
    limits,
    ...completeProtocol(listener, dirname(resolve(options.file))),
  };
  // The cross-check has refused an ingress listener without `app` and an egress one with it.
  if (direction === 'egress' || app === undefined) return { ...base, direction: 'egress', ...tunnelToCluster(tcp) };
  const published = advertise ?? reachable(address, () => parsed.node.address ?? options.localAddress());
  return { ...base, direction, app, advertise: published, ...tunnelToApp(listener) };
}

function reachable(address: HostPort, local: () => string): HostPort {
  return isWildcard(address.host) ? { host: local(), port: address.port } : address;
}

function completeCluster(cluster: ParsedCluster, defaults: ClusterPolicy): ClusterConfig {
  const { name, endpoints, balancing, queue, heartbeat, retries, breaker, outlier, http, health, ...flat } = cluster;
  const { health: defaultHealth, ...rest } = defaults;
  return {
    ...rest,
    ...flat,
    name,
    endpoints,
    balancing: { ...defaults.balancing, ...balancing },
    queue: { ...defaults.queue, ...queue },
    heartbeat: { ...defaults.heartbeat, ...heartbeat },
    retries: {
      ...defaults.retries,
      ...retries,
      backoff: { ...defaults.retries.backoff, ...retries?.backoff },
      budget: { ...defaults.retries.budget, ...retries?.budget },
    },
    breaker: { ...defaults.breaker, ...breaker },
    outlier: { ...defaults.outlier, ...outlier },
    http: { ...defaults.http, ...http },
    ...completeHealth(health, defaultHealth),
  };
}

/** The first IPv4 address of this machine that others may reach, or 127.0.0.1 when it has none. */
export function firstIpv4(): string {
  for (const addresses of Object.values(networkInterfaces())) {
    for (const { family, internal, address } of addresses ?? []) {
      if (family === 'IPv4' && !internal) return address;
    }
  }
  return '127.0.0.1';
}
