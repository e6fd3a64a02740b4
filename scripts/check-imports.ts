/**
 * Checks that imports go one way: the table below says what a folder of src/ may know.
 *
 *   node scripts/check-imports.ts
 */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';

/** From the ground up: a folder imports only folders before it. `dataplane` stands for all of its folders. */
export const LAYERS = [
  'core',
  'telemetry',
  'dataplane',
  'config',
  'registry',
  'sdk',
  'control',
  'admin',
  'app',
  'cli',
] as const;

/**
 * What the folders of src/dataplane may import of each other. Codecs, routes, clusters and
 * filters know neither each other nor sockets; the conductor in proxy/ knows them all.
 */
export const DATAPLANE: Readonly<Record<string, readonly string[]>> = {
  message: [],
  net: ['message'],
  codec: ['message'],
  route: ['message'],
  cluster: ['message'],
  filter: ['message'],
  stream: ['message', 'codec', 'net'],
  upstream: ['message', 'codec', 'net', 'cluster', 'stream'],
  proxy: ['message', 'net', 'codec', 'route', 'cluster', 'filter', 'stream', 'upstream'],
  handoff: ['message', 'net', 'codec', 'route', 'cluster', 'filter', 'stream', 'upstream', 'proxy'],
};

/** One import that goes the wrong way. */
export interface Violation {
  /** `src/core/clock.ts:12` */
  readonly where: string;
  readonly why: string;
}

const IMPORT = /\bfrom\s*(['"])(?<from>[^'"\n]+)\1|\bimport\s*\(?\s*(['"])(?<bare>[^'"\n]+)\3/g;

/**
 * Checks one file. Types count as well: the direction is about what a reader must know.
 *
 * @param path relative to the repository's root, with forward slashes: `src/core/clock.ts`
 */
export function checkFile(path: string, source: string): Violation[] {
  const violations: Violation[] = [];
  for (const match of source.matchAll(IMPORT)) {
    const specifier = match.groups?.['from'] ?? match.groups?.['bare'] ?? '';
    if (!specifier.startsWith('.')) continue;
    const why = judge(path, posix.join(posix.dirname(path), specifier));
    if (why === undefined) continue;
    const line = source.slice(0, match.index).split('\n').length;
    violations.push({ where: `${path}:${line}`, why });
  }
  return violations;
}

/** Tells why `importer` may not import `imported`, both relative to the root. */
function judge(importer: string, imported: string): string | undefined {
  const isTest = importer.endsWith('.test.ts');
  if (!imported.startsWith('src/')) {
    return isTest ? undefined : `src/ does not import from outside: ${imported}`;
  }
  if (imported.endsWith('.test.ts')) return `a test is not for import: ${imported}`;
  const from = place(importer);
  const to = place(imported);
  if (from.folder === to.folder) return undefined;
  if (from.layer === undefined) return `src/${from.folder} has no place yet; give it one in scripts/check-imports.ts`;
  if (to.layer === undefined) return `src/${to.folder} has no place yet; give it one in scripts/check-imports.ts`;
  const allowed = from.layer === to.layer ? to.isBelow(from.folder) : to.layer < from.layer;
  return allowed ? undefined : `src/${from.folder} may not import src/${to.folder} (${imported})`;
}

interface Place {
  /** `core`, `dataplane/codec` */
  readonly folder: string;
  /** Index in LAYERS. */
  readonly layer: number | undefined;
  /** Whether a folder of the same layer may import this one. */
  isBelow(folder: string): boolean;
}

function place(path: string): Place {
  const [, top = '', inner = ''] = path.split('/');
  const index = LAYERS.findIndex((layer) => layer === top);
  if (top !== 'dataplane') return { folder: top, layer: index < 0 ? undefined : index, isBelow: () => false };
  return {
    folder: `dataplane/${inner}`,
    layer: Object.hasOwn(DATAPLANE, inner) ? index : undefined,
    isBelow: (folder) => DATAPLANE[folder.slice('dataplane/'.length)]?.includes(inner) ?? false,
  };
}

/** Checks every file of src/ under `root`. */
export function checkTree(root: string): Violation[] {
  const files = globSync('src/**/*.ts', { cwd: root }).toSorted();
  if (files.length === 0) throw new Error(`no sources under ${join(root, 'src')}`);
  return files.flatMap((file) => checkFile(file, readFileSync(join(root, file), 'utf8')));
}

if (import.meta.main) {
  const violations = checkTree(dirname(import.meta.dirname));
  for (const { where, why } of violations) console.error(`${where}: ${why}`);
  if (violations.length > 0) process.exitCode = 1;
}
