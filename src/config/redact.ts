import type { Config } from './config.ts';

/** Every secret of the config, as keys from its root. A test finds those that the schema marks. */
export const SECRET_PATHS: readonly (readonly string[])[] = [['registry', 'auth', 'credential']];

export const REDACTED = '[redacted]';

/** A copy of the effective config that may be shown: secrets are replaced. */
export function redactConfig(config: Config): unknown {
  const copy: unknown = structuredClone(config);
  for (const path of SECRET_PATHS) hide(copy, path);
  return copy;
}

function hide(parent: unknown, path: readonly string[]): void {
  const [key, ...rest] = path;
  if (key === undefined || typeof parent !== 'object' || parent === null) return;
  if (Array.isArray(parent)) {
    for (const item of parent) hide(item, path);
    return;
  }
  const object = parent as Record<string, unknown>;
  if (!(key in object)) return;
  if (rest.length === 0) object[key] = REDACTED;
  else hide(object[key], rest);
}
