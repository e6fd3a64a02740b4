// @ts-check
// Compares node_modules with package-lock.json, and installs by `npm ci` where they differ.

import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { runChild } from './child.mjs';
import { NODE_PACKAGES, isRecent } from './node.mjs';
import { SetupError } from './setup-error.mjs';

/**
 * No package of ours needs an install script, and the tools and peers are wanted even where
 * NODE_ENV says production. At level http npm tells what it fetches.
 */
const NPM_CI =
  'ci --ignore-scripts --include=dev --include=optional --no-audit --no-fund --no-progress --loglevel=http';

/** Between two lines of progress. */
const TICK_MS = 3000;

/** Lines of npm's own words that an error repeats: the first ones tell the cause, the last ones npm's usage. */
const KEPT_LINES = 30;

const NEXT_STEP = 'Next: see that npm reaches its registry (`npm ping`), then run the same command again.';

/**
 * @typedef {object} LockEntry one package of a package-lock.json (version 3), as far as it is read here
 * @property {string} [version]
 * @property {string} [integrity]
 * @property {boolean} [optional]
 * @property {string[]} [os]
 * @property {string[]} [cpu]
 * @property {string[]} [libc]
 */

/**
 * @typedef {object} Host
 * @property {string} platform
 * @property {string} arch
 * @property {string | undefined} libc as npm calls it: `glibc`, `musl`; undefined where packages do not differ by it
 * @property {boolean} needsNode whether the platform's Node package must be there
 */

/** @type {Host} */
const THIS_HOST = { platform: process.platform, arch: process.arch, libc: findLibc(), needsNode: !isRecent() };

/**
 * Tells why node_modules does not do. npm writes down what it installed in
 * node_modules/.package-lock.json, as its last step: an interrupted install leaves none.
 *
 * @param {string} root the repository's root
 * @param {Host} host
 * @returns {string | undefined} undefined when everything is there
 */
export function findMissing(root, host = THIS_HOST) {
  const installed = readPackages(join(root, 'node_modules', '.package-lock.json'));
  if (installed === undefined) return 'nothing is installed yet';
  const locked = readPackages(join(root, 'package-lock.json'));
  if (locked === undefined) throw new SetupError(`${join(root, 'package-lock.json')} is missing: is the clone whole?`);
  for (const [path, entry] of Object.entries(locked)) {
    if (path === '') continue;
    const found = installed[path];
    const name = path.slice('node_modules/'.length);
    if (found === undefined) {
      if (isNeeded(name, entry, host)) return `${name} ${entry.version} is not installed`;
    } else if (found.version !== entry.version || found.integrity !== entry.integrity) {
      return `${name} is at ${found.version}, package-lock.json wants ${entry.version}`;
    }
  }
  return undefined;
}

/**
 * An optional package is needed where it is made for this machine: the tools' native binaries
 * come that way, and npm is silent about one that it could not fetch.
 *
 * @param {string} name
 * @param {LockEntry} entry
 * @param {Host} host
 */
function isNeeded(name, entry, host) {
  if (entry.optional !== true) return true;
  if (NODE_PACKAGES.has(name) && !host.needsNode) return false;
  if (entry.os === undefined || entry.cpu === undefined) return false;
  if (entry.libc !== undefined && !(host.libc !== undefined && entry.libc.includes(host.libc))) return false;
  return entry.os.includes(host.platform) && entry.cpu.includes(host.arch);
}

/** Node's report names the version of glibc where it runs on that. */
function findLibc() {
  if (process.platform !== 'linux') return undefined;
  /** @type {{ header?: { glibcVersionRuntime?: string } }} */
  const report = process.report.getReport();
  return report.header?.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
}

/**
 * @param {string} path
 * @returns {Record<string, LockEntry> | undefined} undefined when there is no such file
 */
function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new SetupError(`${path} cannot be read: ${String(error)}`);
  }
}

/**
 * @param {string} root the repository's root
 * @param {string} reason what is missing
 * @param {(text: string) => void} say
 */
export async function installDependencies(root, reason, say) {
  say(`installing dependencies by npm ci, as ${reason} (seconds to a few minutes, once)`);
  const started = Date.now();
  const progress = { fetched: 0 };
  const ticker = setInterval(() => {
    const fetched = progress.fetched === 0 ? '' : `, ${progress.fetched} packages fetched`;
    say(`installing dependencies: ${secondsSince(started)} s${fetched}`);
  }, TICK_MS);
  try {
    await runNpmCi(root, progress, () => {
      clearInterval(ticker);
      say('stopping; the next run installs from the start');
    });
  } finally {
    clearInterval(ticker);
  }
  const missing = findMissing(root);
  if (missing !== undefined) throw new SetupError(`npm ci ended well, but ${missing}.\n${NEXT_STEP}`);
  say(`dependencies installed in ${secondsSince(started)} s`);
}

/**
 * @param {string} root
 * @param {{ fetched: number }} progress counts what npm fetched so far
 * @param {() => void} onInterrupt called when a signal ends it
 */
async function runNpmCi(root, progress, onInterrupt) {
  /** @type {string[]} */
  const words = [];
  const end = await runChild('npm', NPM_CI.split(' '), {
    cwd: root,
    env: { ...process.env, PATH: pathWithout(join(root, 'node_modules', '.bin')) },
    onLine: (line) => {
      if (line.startsWith('npm http ')) {
        if (line.includes('.tgz')) progress.fetched += 1;
        return;
      }
      if (words.length < KEPT_LINES) words.push(`  ${line}`);
    },
    onInterrupt,
  });
  if (end.missing) throw new SetupError('there is no `npm` on PATH. It comes with Node.js (https://nodejs.org).');
  if (end.status === 0) return;
  throw new SetupError(`npm ci failed (${end.status}):\n${words.join('\n')}\n${NEXT_STEP}`);
}

/**
 * npm must not run on the Node inside the node_modules that it is about to remove.
 *
 * @param {string} folder
 */
function pathWithout(folder) {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.filter((one) => one !== folder).join(delimiter);
}

/** @param {number} started milliseconds since 1970 */
function secondsSince(started) {
  return Math.round((Date.now() - started) / 1000);
}
