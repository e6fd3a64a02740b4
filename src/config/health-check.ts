import { finding, type Finding, type Path } from './issue.ts';
import { asText, type Raw } from './raw-file.ts';
import { alternatives, isRecord } from './value.ts';

const TYPES: readonly string[] = ['tcp', 'http', 'grpc', 'bolt', 'none'];

/** Keys of `health` that only some types know. */
const KEYS_OF: Readonly<Record<string, readonly string[]>> = {
  path: ['http'],
  statuses: ['http'],
  host: ['http', 'grpc'],
  service: ['grpc'],
};

/** What relates the keys of `health` to each other. @param defaults that of `clusterDefaults`, where a cluster is checked. */
export function checkHealth(health: unknown, defaults: unknown, path: Path): Finding[] {
  if (!isRecord(health)) return [];
  const type = health['type'] ?? (isRecord(defaults) ? defaults['type'] : undefined);
  if (type === undefined) {
    // Of clusterDefaults the schema says so.
    if (path[0] === 'clusterDefaults') return [];
    return [finding(path, 'type is missing, and clusterDefaults.health has none', 'add type: tcp, http, grpc or bolt')];
  }
  return [...keysOfOthers(health, asText(type) ?? '', path), ...noStatus(health['statuses'], [...path, 'statuses'])];
}

function noStatus(statuses: unknown, path: Path): Finding[] {
  if (!Array.isArray(statuses) || statuses.length > 0) return [];
  return [
    finding(path, 'the list is empty: no endpoint would be well', 'name some, or remove statuses for 200 to 399'),
  ];
}

function keysOfOthers(health: Raw, type: string, path: Path): Finding[] {
  // Of any other the schema says so.
  if (!TYPES.includes(type)) return [];
  return Object.entries(KEYS_OF).flatMap(([key, types]): Finding[] => {
    if (!Object.hasOwn(health, key) || types.includes(type)) return [];
    const message = `${key} is for checks of type ${alternatives(types)}, and this one is ${type}`;
    return [finding([...path, key], message, `write type: ${types[0]}, or remove ${key}`, 'key')];
  });
}
