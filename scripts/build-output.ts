/** Writes a build over the one before, while programs of both may be starting or running. */
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

/** A file of the build. */
export interface OutputFile {
  /** Absolute. */
  readonly path: string;
  readonly contents: Uint8Array | string;
}

/** Where a build goes. All paths are absolute. */
export interface OutputPlace {
  readonly folder: string;
  /** The file that is started; it names all others. */
  readonly entry: string;
  /** Written last, and absent meanwhile. */
  readonly stamp: string;
}

/**
 * A sidecar loads some chunks only when it needs them, hours after it was started. Their names
 * hold a hash of what they hold, so builds do not get in each other's way.
 */
const KEPT_BUILDS = 10;

/**
 * Writes the other files before the entry that names them, each whole or not at all, and the stamp
 * last. Files that none of the last builds has made are removed.
 */
export async function writeOutput(place: OutputPlace, files: readonly OutputFile[], stamp: string): Promise<void> {
  await rm(place.stamp, { force: true });
  const others = files.filter(({ path }) => path !== place.entry);
  for (const { path, contents } of others) await writeWhole(path, contents);
  for (const { path, contents } of files) if (path === place.entry) await writeWhole(path, contents);
  await removeOld(place.folder, files);
  await writeWhole(place.stamp, stamp);
}

async function removeOld(folder: string, files: readonly OutputFile[]): Promise<void> {
  const list = join(folder, '.builds');
  const builds = [files.map(({ path }) => relative(folder, path)), ...(await readBuilds(list))].slice(0, KEPT_BUILDS);
  await writeWhole(list, JSON.stringify(builds));
  const kept = new Set(['.builds', ...builds.flat()]);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !kept.has(relative(folder, path))) await rm(path);
  }
}

/** The files of the last builds, the newest first; none where nothing can be read. */
async function readBuilds(list: string): Promise<string[][]> {
  try {
    return JSON.parse(await readFile(list, 'utf8')) as string[][];
  } catch {
    return [];
  }
}

async function writeWhole(path: string, contents: Uint8Array | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, contents);
  await rename(draft, path);
}
