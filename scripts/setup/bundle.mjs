// @ts-check
// Knows whether dist/ holds what the sources say, and has it built where it does not.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { runChild } from './child.mjs';
import { SetupError } from './setup-error.mjs';

/** Written last by the build: the hash of the sources that dist/ was made of. */
export const STAMP = join('dist', '.sources');

const ENTRY = join('dist', 'weft.mjs');
const OTHER_SOURCES = ['package.json', 'package-lock.json', 'tsconfig.json', join('scripts', 'build.ts')];

/**
 * @param {string} root the repository's root
 */
export function isBundleFresh(root) {
  const stamp = join(root, STAMP);
  if (!existsSync(stamp) || !existsSync(join(root, ENTRY))) return false;
  return readFileSync(stamp, 'utf8') === hashSources(root);
}

/**
 * Contents and names count, not times: a checkout or a copy may set those as it likes.
 *
 * @param {string} root
 * @returns {string} a hash of everything that the bundle depends on
 */
export function hashSources(root) {
  const hash = createHash('sha256');
  for (const path of [...OTHER_SOURCES, ...listSources(root, 'src')]) {
    const content = readFileSync(join(root, path));
    hash.update(`${path}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

/**
 * @param {string} root
 * @param {string} folder relative to root
 * @returns {string[]} paths relative to root, tests left out, in a fixed order
 */
function listSources(root, folder) {
  const entries = readdirSync(join(root, folder), { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return listSources(root, path);
    return entry.name.endsWith('.test.ts') ? [] : [path];
  });
}

/**
 * The build takes a lock of its own, so that two of them do not mix.
 *
 * @param {string} root
 * @param {string} node the path of Node 26
 */
export async function buildBundle(root, node) {
  const end = await runChild(node, [join(root, 'scripts', 'build.ts')], { cwd: root, onLine: console.error });
  if (end.status !== 0) throw new SetupError(`the bundle does not build (${end.status}); see above.`);
}
