import { isDeepStrictEqual } from 'node:util';
import type { ClusterConfig, Config, ListenerConfig } from './config.ts';

/** What a reload has to do. Equal parts are not listed. */
export interface ConfigDiff {
  readonly clusters: Changes<ClusterConfig, Changed<ClusterConfig>>;
  /** The policy of clusters that come from the registry. Static ones that it alters are in `clusters`. */
  readonly clusterDefaults: boolean;
  readonly listeners: Changes<ListenerConfig, ChangedListener>;
  readonly logLevel: boolean;
  readonly discovery: boolean;
  readonly shutdown: boolean;
  /** What changed and takes effect only when the proxy starts anew: sections, and keys of those that do not. */
  readonly restart: readonly string[];
  /** Nothing changed at all. */
  readonly empty: boolean;
}

export interface Changes<T, C> {
  readonly added: readonly T[];
  readonly removed: readonly T[];
  readonly changed: readonly C[];
}

export interface Changed<T> {
  readonly before: T;
  readonly after: T;
}

export interface ChangedListener extends Changed<ListenerConfig> {
  /** Names of the keys that differ. */
  readonly keys: readonly string[];
  /** `in-place`: the socket stays as it is. `reopen`: close it and open it anew. */
  readonly apply: 'in-place' | 'reopen';
}

const RESTART_SECTIONS = ['node', 'admin', 'sdk', 'registry', 'stateDir', 'health'] as const;

/** What is in effect once `after` has replaced `before` in a proxy that goes on running. */
export function inEffect(before: Config, after: Config): Config {
  const { node, admin, sdk, registry, stateDir, health } = before;
  const { listeners, clusterDefaults, clusters, discovery, shutdown, log } = after;
  const kept = { node, admin, stateDir, health, ...(sdk && { sdk }), ...(registry && { registry }) };
  const { format } = before.log;
  return { ...kept, listeners, clusterDefaults, clusters, discovery, shutdown, log: { ...log, format } };
}

const IN_PLACE: readonly string[] = ['limits', 'idleTimeout', 'app', 'advertise', 'detectTimeout', 'tcp', 'http'];

export function diffConfig(before: Config, after: Config): ConfigDiff {
  const differs = (key: keyof Config): boolean => !isDeepStrictEqual(before[key], after[key]);
  const diff = {
    clusters: compare(before.clusters, after.clusters, (pair) => pair),
    clusterDefaults: differs('clusterDefaults'),
    listeners: compare(before.listeners, after.listeners, describeListener),
    logLevel: before.log.level !== after.log.level,
    discovery: differs('discovery'),
    shutdown: differs('shutdown'),
    restart: [...RESTART_SECTIONS.filter(differs), ...(before.log.format === after.log.format ? [] : ['log.format'])],
  };
  const { clusters, listeners, restart, ...flags } = diff;
  const empty = isEmpty(clusters) && isEmpty(listeners) && restart.length === 0 && !Object.values(flags).includes(true);
  return { ...diff, empty };
}

/** By name; the order in the file does not matter. */
function compare<T extends { readonly name: string }, C>(
  before: readonly T[],
  after: readonly T[],
  describe: (pair: Changed<T>) => C,
): Changes<T, C> {
  const old = new Map(before.map((item) => [item.name, item]));
  const kept = new Set(after.map((item) => item.name));
  const changed: C[] = [];
  for (const item of after) {
    const earlier = old.get(item.name);
    if (earlier !== undefined && !isDeepStrictEqual(earlier, item))
      changed.push(describe({ before: earlier, after: item }));
  }
  return {
    added: after.filter((item) => !old.has(item.name)),
    removed: before.filter((item) => !kept.has(item.name)),
    changed,
  };
}

function describeListener({ before, after }: Changed<ListenerConfig>): ChangedListener {
  const old: Readonly<Record<string, unknown>> = { ...before };
  const fresh: Readonly<Record<string, unknown>> = { ...after };
  const all = new Set([...Object.keys(old), ...Object.keys(fresh)]);
  const keys = [...all].filter((key) => !isDeepStrictEqual(old[key], fresh[key]));
  return { before, after, keys, apply: keys.every((key) => IN_PLACE.includes(key)) ? 'in-place' : 'reopen' };
}

function isEmpty(changes: Changes<unknown, unknown>): boolean {
  return changes.added.length === 0 && changes.removed.length === 0 && changes.changed.length === 0;
}
