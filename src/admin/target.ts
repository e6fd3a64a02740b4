import type { LogControl } from '../telemetry/log.ts';

/**
 * What the admin interface shows of a proxy: plain values, taken when they are asked for. The
 * composition root provides them, so that the admin interface knows none of the parts.
 */
export interface AdminTarget {
  readonly version: string;
  readonly node: { readonly id: string; readonly app: string; readonly zone: string };
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Whether requests are taken; `reason` says why not. */
  ready(): ReadyView;
  /** The Prometheus text format. */
  metrics(): string;
  /** The effective config with secrets replaced, and how its last reload went. */
  config(): ConfigView;
  listeners(): readonly ListenerView[];
  clusters(): readonly ClusterView[];
  registry(): RegistryView | undefined;
  /** What the application registered at the local API; absent without one. */
  app(): AppView | undefined;
  readonly log: LogControl;
}

export interface ReadyView {
  readonly ready: boolean;
  /** Empty when ready. */
  readonly reason: string;
}

export interface ConfigView {
  readonly config: unknown;
  readonly file: string;
  /** Milliseconds since 1970. */
  readonly loadedAt: number;
  /** Why the last reload was refused; empty when it was not. */
  readonly lastError: string;
  /** Sections that the file has changed and that take effect only after a restart. */
  readonly pending: readonly string[];
}

export interface RegistryView {
  readonly type: string;
  readonly state: string;
}

export interface ListenerView {
  readonly name: string;
  readonly protocol: string;
  readonly direction: string;
  /** `host:port` as bound. */
  readonly address: string;
  readonly connections: number;
  /** Requests under way. */
  readonly active: number;
  /** Requests since the start that reached no cluster, and that no route answered, by outcome. */
  readonly unrouted: Readonly<Record<string, number>>;
  /** In the order in which they are tried. */
  readonly routes: readonly RouteView[];
}

export interface RouteView {
  readonly name: string;
  /** What it does; all but `cluster` answer by themselves. */
  readonly kind: 'cluster' | 'redirect' | 'respond';
  /** The cluster's name, or the status that it answers with. */
  readonly to: string;
  /** Requests by outcome since the start. */
  readonly totals: Readonly<Record<string, number>>;
}

export interface ClusterView {
  readonly name: string;
  /** `static`, `registry` or `app`. */
  readonly origin: string;
  readonly lb: string;
  /** False until the registry has answered for the first time. */
  readonly known: boolean;
  readonly active: number;
  /** Requests by outcome since the start. */
  readonly totals: Readonly<Record<string, number>>;
  /** From request to reply since the start; absent before the first reply. */
  readonly latency?: LatencyView | undefined;
  readonly endpoints: readonly EndpointView[];
}

/** A histogram, as telemetry keeps it. */
export interface LatencyView {
  /** Upper bounds of the buckets in seconds, ascending; one more bucket has none. */
  readonly bounds: readonly number[];
  /** Requests in each bucket alone. */
  readonly counts: ArrayLike<number>;
  /** The largest value in seconds. */
  readonly max: number;
}

export interface EndpointView {
  readonly address: string;
  readonly weight: number;
  readonly usable: boolean;
  /** Why it is not, or was not. */
  readonly reason: string;
  readonly active: number;
  readonly connections: number;
  readonly metadata: Readonly<Record<string, string>>;
}

/** `/app` shows all that the values hold; the page shows the fields that are named here. */
export interface AppView {
  /** The application's name; absent until it has introduced itself. */
  readonly name: string | undefined;
  readonly health: { readonly state: string; readonly reasons: readonly string[] };
  readonly publications: readonly PublicationView[];
  readonly subscriptions: readonly SubscriptionView[];
}

interface ServiceView {
  readonly service: string;
  readonly protocol: string;
  readonly group: string;
}

export interface PublicationView extends ServiceView {
  readonly status: string;
  /** Empty when there is nothing to explain. */
  readonly reason: string;
  /** What the registry names; empty without an ingress. */
  readonly address: string;
}

export interface SubscriptionView extends ServiceView {
  /** One for each instance; undefined until the registry has answered. */
  readonly datas: readonly string[] | undefined;
}
