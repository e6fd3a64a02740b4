import type { Config } from './config.ts';

/** Every secret of the config, as keys from its root. A test finds those that the schema marks. */
export const SECRET_PATHS: readonly (readonly string[])[] = [['registry', 'auth', 'credential']];

const ROUTE = ['listeners', 'http', 'routes'];

/** Where header fields are written by name, of which some carry credentials. */
const FIELD_PATHS: readonly (readonly string[])[] = [
  ...['requestHeaders', 'responseHeaders'].flatMap((key) => ['set', 'add'].map((one) => [...ROUTE, key, one])),
  [...ROUTE, 'respond', 'headers'],
];

/** Rather one name too many: what is hidden in error stands in the file. */
const CREDENTIAL = /auth|cookie|token|secret|passw|credential|session|key/i;

export const REDACTED = '[redacted]';

/** A copy of the effective config that may be shown: secrets are replaced. */
export function redactConfig(config: Config): unknown {
  const copy: unknown = structuredClone(config);
  for (const path of SECRET_PATHS) hide(copy, path);
  for (const path of FIELD_PATHS) visit(copy, path, hideFields);
  visit(copy, [...ROUTE, 'match', 'headers'], hideComparison);
  return copy;
}

function hide(parent: unknown, path: readonly string[]): void {
  const key = path.at(-1) ?? '';
  visit(parent, path.slice(0, -1), (object) => {
    if (key in object) object[key] = REDACTED;
  });
}

function hideFields(fields: Record<string, unknown>): void {
  for (const name of Object.keys(fields)) if (CREDENTIAL.test(name)) fields[name] = REDACTED;
}

function hideComparison(comparison: Record<string, unknown>): void {
  if (!CREDENTIAL.test(String(comparison['name']))) return;
  for (const key of ['exact', 'prefix', 'suffix', 'regex']) if (key in comparison) comparison[key] = REDACTED;
}

/** Calls `action` with every object at `path`, in each item where a list is on the way. */
function visit(value: unknown, path: readonly string[], action: (object: Record<string, unknown>) => void): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) visit(item, path, action);
    return;
  }
  const object = value as Record<string, unknown>;
  const [key, ...rest] = path;
  if (key === undefined) action(object);
  else if (key in object) visit(object[key], rest, action);
}
