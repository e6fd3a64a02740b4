import { checkHealth } from './health-check.ts';
import { finding, type Finding, type Path } from './issue.ts';
import { items, section, type Raw } from './raw-file.ts';
import { alternatives, isRecord } from './value.ts';

const HASH_SOURCES = ['header', 'cookie', 'query', 'source'] as const;
const BY_KEY: readonly unknown[] = ['ring_hash', 'maglev'];

/** A policy, and what is in effect with `clusterDefaults` under it. */
interface PolicyView {
  readonly path: Path;
  readonly own: Raw;
  readonly merged: Raw;
}

/** What relates the keys of a policy to each other, in `clusterDefaults` and in each cluster. */
export function checkPolicies(file: Raw): { errors: Finding[]; warnings: Finding[] } {
  const given = file['clusterDefaults'];
  const defaults: Raw = isRecord(given) ? given : {};
  const clusters = items(file['clusters']).map(({ value, index }): PolicyView => {
    return { path: ['clusters', index], own: value, merged: { ...defaults, ...value } };
  });
  const ofDefaults: PolicyView = { path: ['clusterDefaults'], own: defaults, merged: defaults };
  const all = [ofDefaults, ...clusters];
  return {
    errors: all.flatMap(({ path, own }) => [
      ...checkSources(own['hash'], [...path, 'hash']),
      ...checkHealth(own['health'], section(defaults, 'health'), [...path, 'health']),
    ]),
    warnings: [
      ...findUnusedHash(ofDefaults, clusters, file['registry'] !== undefined),
      ...all.flatMap((view) => findIdleRetries(view, defaults)),
      ...all.flatMap((view) => findNoZone(view, file)),
    ],
  };
}

/** Each names one thing that requests are told apart by. */
export function checkSources(sources: unknown, path: Path): Finding[] {
  if (!Array.isArray(sources)) return [];
  return sources.flatMap((source: unknown, index): Finding[] => {
    if (!isRecord(source)) return [];
    const named = HASH_SOURCES.filter((key) => Object.hasOwn(source, key));
    if (named.length === 1) return [];
    const message = `expected one of ${alternatives(HASH_SOURCES)}, found ${named.length === 0 ? 'none' : named.join(' and ')}`;
    return [finding([...path, index], message, 'each source is an entry of its own, such as - header: x-user')];
  });
}

/** Balancers by keys and keys: either says nothing without the other, and they may stand in two places. */
function findUnusedHash(defaults: PolicyView, clusters: readonly PolicyView[], discovers: boolean): Finding[] {
  const inEffect = [...(discovers ? [defaults] : []), ...clusters];
  const keyless = inEffect.filter(({ merged }) => BY_KEY.includes(merged['lb']) && !hasHash(merged));
  const findings = keyless.map(({ path, own, merged }) => {
    const where = Object.hasOwn(own, 'lb') ? path : defaults.path;
    const message = `${String(merged['lb'])} has nothing to balance by: endpoints are picked by chance`;
    return finding([...where, 'lb'], message, 'add hash, such as hash: [{ header: x-user }]');
  });
  const used = inEffect.some(({ merged }) => BY_KEY.includes(merged['lb']));
  const idle = [...(used ? [] : [defaults]), ...clusters].filter(
    ({ own, merged }) => hasHash(own) && !BY_KEY.includes(merged['lb']),
  );
  for (const { path } of idle) {
    const hint = 'write lb: maglev, or remove hash';
    findings.push(finding([...path, 'hash'], 'only ring_hash and maglev balance by it', hint));
  }
  return findings;
}

function hasHash(policy: Raw): boolean {
  const hash = policy['hash'];
  return Array.isArray(hash) && hash.length > 0;
}

/** Parts of `retries` that need another part to do anything. */
function findIdleRetries({ path, own }: PolicyView, defaults: Raw): Finding[] {
  if (!isRecord(own['retries'])) return [];
  const inherited = isRecord(defaults['retries']) ? defaults['retries'] : {};
  const retries: Raw = { ...inherited, ...own['retries'] };
  const on = Array.isArray(retries['on']) ? (retries['on'] as unknown[]) : [];
  const listed = ['statuses', 'grpc'].some((key) => Array.isArray(retries[key]) && retries[key].length > 0);
  const findings: Finding[] = [];
  const warn = (key: string, message: string, hint: string): void =>
    void findings.push(finding([...path, 'retries', key], message, hint));
  const none = section(retries, 'perTryTimeout') === undefined;
  if (on.includes('timeout') && none) {
    warn('on', 'timeout is that of one try, and tries have none', 'add perTryTimeout, such as 1s');
  }
  if (on.includes('retriable-status') && !listed) {
    warn('on', 'retriable-status names no status', 'add statuses, or grpc, such as statuses: [503]');
  }
  if (listed && !on.includes('retriable-status')) {
    const key = Object.hasOwn(own['retries'], 'grpc') ? 'grpc' : 'statuses';
    warn(key, 'they are tried again with retriable-status alone', 'add it to on');
  }
  // Those of `clusterDefaults` may be for clusters that say how many.
  const attempts = path[0] === 'clusterDefaults' || (retries['attempts'] ?? 0);
  if (on.length > 0 && attempts === 0) {
    warn('on', 'nothing is tried again: attempts is 0', 'add attempts: 1');
  }
  return findings;
}

function findNoZone({ path, own }: PolicyView, file: Raw): Finding[] {
  if (section(own['balancing'], 'preferZone') !== true || section(file['node'], 'zone') !== undefined) return [];
  const message = 'no endpoint is in the zone of this node, which has none';
  return [finding([...path, 'balancing', 'preferZone'], message, 'add node.zone')];
}
