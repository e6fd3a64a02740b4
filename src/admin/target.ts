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
  ready(): { readonly ready: boolean; readonly reason: string };
  /** The Prometheus text format. */
  metrics(): string;
  /** The effective config with secrets replaced, and how its last reload went. */
  config(): { readonly config: unknown; readonly file: string; readonly loadedAt: number; readonly lastError: string };
  listeners(): readonly ListenerView[];
  clusters(): readonly ClusterView[];
  registry(): { readonly type: string; readonly state: string } | undefined;
  /** What the application registered at the local API; absent without one. */
  app(): AppView | undefined;
  readonly log: LogControl;
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
  readonly endpoints: readonly EndpointView[];
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

export interface AppView {
  /** The application's name; absent until it has introduced itself. */
  readonly name: string | undefined;
  readonly health: unknown;
  readonly publications: readonly unknown[];
  readonly subscriptions: readonly unknown[];
}
