import type { HeadEdits, RequestHead } from '../message/http-head.ts';
import type { Overlay } from '../../core/overlay.ts';
import type { Gate } from '../message/gate.ts';
import type { Outcome } from '../message/outcome.ts';
import type { RetryRules } from '../message/retry.ts';
import type { RouteSpec } from './route-spec.ts';
import type { Split } from './split.ts';

/** What becomes of a request that a route matches; made once, when the config is read. */
export type Route = ClusterRoute | RedirectRoute | RespondRoute;

/** What is known of one route, and outlives the config that it was made of. */
export interface RouteStats {
  /** Counts a request. */
  ended(outcome: Outcome): void;
}

/** Where nobody asks how many there were. */
export const UNCOUNTED: RouteStats = { ended: () => {} };

/** What routes are made with, beside their config. */
export interface RouteParts {
  /** What counts the requests of the route of a name. */
  statsOf(name: string): RouteStats;
  /** What the requests of a route to a cluster pass before they go there, in this order. */
  gatesOf(spec: RouteSpec): readonly Gate[];
}

export const NO_PARTS: RouteParts = { statsOf: () => UNCOUNTED, gatesOf: () => [] };

/** Where a request goes. */
export interface Destination {
  readonly cluster: string;
  /** Metadata that its endpoints must have; undefined: any endpoint. One object for each route that names some. */
  readonly subset: Readonly<Record<string, string>> | undefined;
}

export interface ClusterRoute {
  readonly kind: 'cluster';
  readonly name: string;
  readonly stats: RouteStats;
  readonly split: Split;
  /** ms; undefined: the cluster's. */
  readonly timeout: number | undefined;
  /** In place of the authority; undefined: as it came. */
  readonly host: string | undefined;
  /** Makes of a path with its query the one to ask for; undefined: as it came. */
  readonly rewritePath: ((path: string) => string) | undefined;
  readonly requestEdits: HeadEdits | undefined;
  readonly responseEdits: HeadEdits | undefined;
  /** What is different from the retries of its clusters. */
  readonly retries: Overlay<RetryRules> | undefined;
  /** What its requests pass before they go to the cluster; undefined: nothing. */
  readonly gates: readonly Gate[] | undefined;
  /** Where copies of its requests go. */
  readonly mirror: { readonly destination: Destination; readonly percent: number } | undefined;
}

export interface RedirectRoute {
  readonly kind: 'redirect';
  readonly name: string;
  readonly stats: RouteStats;
  readonly status: number;
  /** The value of the field Location. */
  location(head: RequestHead): string;
}

export interface RespondRoute {
  readonly kind: 'respond';
  readonly name: string;
  readonly stats: RouteStats;
  readonly status: number;
  readonly body: Uint8Array;
  /** Names in lower case and values by turns; no content-length among them. */
  readonly fields: readonly string[];
}
