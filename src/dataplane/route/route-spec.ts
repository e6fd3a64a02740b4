import type { Changes } from '../../core/overlay.ts';
import type { RetryRules } from '../message/retry.ts';
import type { ValueSource } from './request-value.ts';

/**
 * Routes as a config says them, complete: durations in milliseconds, names of fields and hosts in
 * lower case, what excludes each other not together.
 */
export interface RouteSpec {
  /** Unique in the table. */
  readonly name: string;
  readonly match: MatchSpec;
  /** One of these four is there. */
  readonly cluster?: string;
  /** Each request goes to one of these. */
  readonly clusters?: readonly WeightedSpec[];
  readonly redirect?: RedirectSpec;
  readonly respond?: RespondSpec;
  /** This: only with `cluster`. Metadata that endpoints must have. */
  readonly subset?: Readonly<Record<string, string>>;
  /** This and all below: only with `cluster` or `clusters`. */
  readonly rewrite?: RewriteSpec;
  readonly timeout?: number;
  readonly requestHeaders?: EditSpec;
  readonly responseHeaders?: EditSpec;
  /** What is different from the retries of the cluster; its budget holds in any case. */
  readonly retries?: Changes<RetryRules>;
  readonly limit?: LimitSpec;
  readonly fault?: FaultSpec;
  readonly mirror?: MirrorSpec;
}

/** Where copies of so many percent of the requests go. */
export interface MirrorSpec {
  readonly cluster: string;
  readonly subset?: Readonly<Record<string, string>>;
  readonly percent: number;
}

/** How many requests are taken, all or of each key. */
export interface LimitSpec {
  readonly requests: number;
  /** In so many milliseconds. */
  readonly per: number;
  /** At once; absent: as many as `requests`. */
  readonly burst?: number;
  /** The key of a request is what the first of these says that it has. */
  readonly by?: readonly ValueSource[];
}

/** What goes wrong on purpose; percentages from 0 to 100. */
export interface FaultSpec {
  readonly delay?: { readonly duration: number; readonly percent: number };
  readonly abort?: AbortSpec;
  /** The field by which a caller may ask for a fault, in lower case. */
  readonly header?: string;
}

/** At least one of status and grpc. */
export interface AbortSpec {
  readonly status?: number;
  readonly grpc?: number;
  readonly percent: number;
}

export interface WeightedSpec {
  readonly cluster: string;
  /** Against the others; 0 takes none. Not all are 0. */
  readonly weight: number;
  readonly subset?: Readonly<Record<string, string>>;
}

/** What is absent matches any request. */
export interface MatchSpec {
  /** Names, `*.` and a name, or IP addresses, those of IPv6 in brackets. */
  readonly hosts?: readonly string[];
  readonly path?: PathSpec;
  readonly methods?: readonly string[];
  readonly headers?: readonly ValueSpec[];
  readonly query?: readonly ValueSpec[];
}

/** One of these is there. */
export interface PathSpec {
  readonly exact?: string;
  readonly prefix?: string;
  readonly regex?: string;
}

/** One comparison of the value that has this name. */
export interface ValueSpec {
  readonly name: string;
  readonly exact?: string;
  readonly prefix?: string;
  readonly suffix?: string;
  readonly regex?: string;
  /** A whole number from `from` on and less than `to`. */
  readonly range?: { readonly from: number; readonly to: number };
  readonly present?: true;
  readonly invert: boolean;
}

/** At most one of path and prefix; prefix stands for what `match.path.prefix` matched. */
export interface RedirectSpec {
  readonly scheme?: 'http' | 'https';
  readonly host?: string;
  readonly port?: number;
  readonly path?: string;
  readonly prefix?: string;
  readonly status: 301 | 302 | 303 | 307 | 308;
}

export interface RespondSpec {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** At most one of path, prefix and regex. */
export interface RewriteSpec {
  readonly host?: string;
  readonly path?: string;
  readonly prefix?: string;
  readonly regex?: { readonly pattern: string; readonly replacement: string };
}

export interface EditSpec {
  readonly set: Readonly<Record<string, string>>;
  readonly add: Readonly<Record<string, string>>;
  readonly remove: readonly string[];
}
