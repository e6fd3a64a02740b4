import type { HostPort } from './address.ts';
import type { EndpointConfig, ParsedFile } from './schema.ts';

/**
 * The effective config: a valid file with every default filled in. Durations are milliseconds,
 * sizes bytes, paths absolute. Types alone, so that nobody loads the schema for them.
 */
export interface Config {
  readonly node: NodeConfig;
  readonly admin: AdminConfig;
  /** Absent: no local API. */
  readonly sdk?: SdkConfig;
  readonly stateDir: string;
  /** Absent: static clusters only. */
  readonly registry?: RegistryConfig;
  readonly listeners: readonly ListenerConfig[];
  /** The policy of clusters that come from the registry. */
  readonly clusterDefaults: ClusterPolicy;
  readonly clusters: readonly ClusterConfig[];
  readonly health: HealthConfig;
  readonly discovery: DiscoveryConfig;
  readonly shutdown: ShutdownConfig;
  readonly log: LogConfig;
}

export type { EndpointConfig, HostPort };

export type NodeConfig = Section<'node'>;
export type AdminConfig = Section<'admin'>;
export type SdkConfig = Section<'sdk'>;
export type RegistryConfig = Section<'registry'>;
export type EmbeddedRegistryConfig = Extract<RegistryConfig, { type: 'embedded' }>;
export type FileRegistryConfig = Extract<RegistryConfig, { type: 'file' }>;
export type ZookeeperRegistryConfig = Extract<RegistryConfig, { type: 'zookeeper' }>;
export type HealthConfig = Section<'health'>;
export type CheckServiceConfig = NonNullable<HealthConfig['checkService']>;
export type AppHeartbeatConfig = HealthConfig['heartbeat'];
export type DiscoveryConfig = Section<'discovery'>;
export type ShutdownConfig = Section<'shutdown'>;
export type LogConfig = Section<'log'>;

type ListenerShape = Section<'listeners'>[number];
export type ListenerLimits = ListenerShape['limits'];
export type Protocol = ListenerShape['protocol'];
export type Direction = ListenerShape['direction'];

/** What both directions share. A port of 0 means one that the system chooses. */
interface ListenerBase extends Pick<
  ListenerShape,
  'name' | 'address' | 'protocol' | 'idleTimeout' | 'limits' | 'detectTimeout' | 'tls'
> {
  /** Present on listeners of protocol http and auto, and on no others. */
  readonly http?: HttpConfig;
}

/** Takes calls from the app. */
export interface EgressListenerConfig extends ListenerBase {
  readonly direction: 'egress';
  /** Where raw TCP goes. Always present with protocol tcp; absent with auto: nowhere. */
  readonly tcp?: { readonly cluster: string; readonly idleTimeout: number };
}

/** Takes calls to the app. */
export interface IngressListenerConfig extends ListenerBase {
  readonly direction: 'ingress';
  /** Where the app itself listens. */
  readonly app: HostPort;
  /** What is published. Its port is 0 when `address` leaves the port to the system: then the bound one. */
  readonly advertise: HostPort;
  /** Raw TCP goes to the app. Present with protocol tcp and auto. */
  readonly tcp?: { readonly idleTimeout: number };
}

export type ListenerConfig = EgressListenerConfig | IngressListenerConfig;

type HttpShape = NonNullable<ListenerShape['http']>;
export type HttpLimits = HttpShape['limits'];
export type TlsConfig = NonNullable<ListenerShape['tls']>;

/** How a listener treats HTTP, complete. */
export interface HttpConfig extends Omit<HttpShape, 'forwarding' | 'routes'> {
  readonly forwarding: ForwardingConfig;
  readonly routes: readonly RouteConfig[];
}

export type ForwardingConfig = Required<HttpShape['forwarding']>;
export type RouteConfig = HttpShape['routes'][number] & { readonly name: string };

export type ClusterPolicy = Section<'clusterDefaults'>;
export type LoadBalancing = ClusterPolicy['lb'];
export type QueueConfig = ClusterPolicy['queue'];
export type HeartbeatConfig = ClusterPolicy['heartbeat'];
export type RetryConfig = ClusterPolicy['retries'];
export type RetryOn = RetryConfig['on'][number];

/** A static cluster with its whole policy: what it leaves out comes from `clusterDefaults`. */
export interface ClusterConfig extends ClusterPolicy {
  readonly name: string;
  readonly endpoints: readonly EndpointConfig[];
}

type Section<K extends keyof ParsedFile> = Immutable<NonNullable<ParsedFile[K]>>;

type Immutable<T> = T extends object ? { readonly [K in keyof T]: Immutable<T[K]> } : T;
