import { checkHealth } from './health-check.ts';
import { finding, type Finding, type Path } from './issue.ts';
import { items, section, type Raw } from './raw-file.ts';
import { alternatives, isRecord } from './value.ts';

const HASH_SOURCES = ['header', 'cookie', 'query', 'source'] as const;
const BY_KEY: readonly unknown[] = ['ring_hash', 'maglev'];

/** What relates the keys of a policy to each other, in `clusterDefaults` and in each cluster. */
export function checkPolicies(file: Raw): { errors: Finding[]; warnings: Finding[] } {
  const defaults = file['clusterDefaults'];
  const own = items(file['clusters']).map(({ value, index }) => ({ path: ['clusters', index] as Path, policy: value }));
  const all = [...(isRecord(defaults) ? [{ path: ['clusterDefaults'] as Path, policy: defaults }] : []), ...own];
  return {
    errors: all.flatMap(({ path, policy }) => [
      ...checkHash(policy['hash'], [...path, 'hash']),
      ...checkHealth(policy['health'], section(defaults, 'health'), [...path, 'health']),
    ]),
    warnings: all.flatMap(({ path, policy }) =>
      findUnusedHash({ ...(isRecord(defaults) && defaults), ...policy }, policy, path),
    ),
  };
}

function checkHash(hash: unknown, path: Path): Finding[] {
  if (!Array.isArray(hash)) return [];
  return hash.flatMap((source: unknown, index): Finding[] => {
    if (!isRecord(source)) return [];
    const named = HASH_SOURCES.filter((key) => Object.hasOwn(source, key));
    if (named.length === 1) return [];
    const message = `expected one of ${alternatives(HASH_SOURCES)}, found ${named.length === 0 ? 'none' : named.join(' and ')}`;
    return [finding([...path, index], message, 'each source is an entry of its own, such as - header: x-user')];
  });
}

/** Either says nothing without the other. */
function findUnusedHash(merged: Raw, policy: Raw, path: Path): Finding[] {
  const byKey = BY_KEY.includes(merged['lb']);
  const hash = section(merged, 'hash');
  const hasHash = Array.isArray(hash) && hash.length > 0;
  if (byKey && !hasHash && Object.hasOwn(policy, 'lb')) {
    const message = `${String(merged['lb'])} has nothing to balance by: endpoints are picked by chance`;
    return [finding([...path, 'lb'], message, 'add hash, such as hash: [{ header: x-user }]')];
  }
  if (!byKey && hasHash && Object.hasOwn(policy, 'hash')) {
    return [finding([...path, 'hash'], 'only ring_hash and maglev balance by it', 'write lb: maglev, or remove hash')];
  }
  return [];
}
