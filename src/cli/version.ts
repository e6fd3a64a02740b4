import { readFile } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';

/** The version in the package.json around this file, be it a source or the bundle. */
export async function readVersion(): Promise<string> {
  const path = findPackageJSON(import.meta.url);
  if (path === undefined) return 'unknown';
  const content: unknown = JSON.parse(await readFile(path, 'utf8'));
  const version = typeof content === 'object' && content !== null && 'version' in content ? content.version : undefined;
  return typeof version === 'string' ? version : 'unknown';
}
