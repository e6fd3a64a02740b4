// @ts-check
// The order of setting up: dependencies, then Node 26 (it is one of them), then the bundle.

import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildBundle, isBundleFresh } from './bundle.mjs';
import { Interrupted } from './child.mjs';
import { findMissing, installDependencies } from './dependencies.mjs';
import { withLock } from './lock.mjs';
import { findNode } from './node.mjs';
import { SetupError } from './setup-error.mjs';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/**
 * Prints the path of Node 26 on standard output, everything else on standard error. Sets
 * `process.exitCode` to 1 when the clone cannot be set up.
 *
 * @param {readonly string[]} args `--bundle` to bring dist/ up to date as well
 * @returns {Promise<void>}
 */
export async function run(args) {
  try {
    console.log(await setup(ROOT, args.includes('--bundle')));
  } catch (error) {
    if (!(error instanceof SetupError || error instanceof Interrupted)) throw error;
    process.exitCode = 1;
    // Ends as the signal would have ended it, so that the shell knows; the exit code is for where that is ignored.
    if (error instanceof Interrupted) process.kill(process.pid, error.signal);
    else say(error.message);
  }
}

/**
 * @param {string} root the repository's root
 * @param {boolean} bundle whether dist/ is needed
 * @returns {Promise<string>} the absolute path of Node 26
 */
async function setup(root, bundle) {
  if (findMissing(root) !== undefined) {
    await withLock(join(root, '.weft', 'setup.lock'), say, async () => {
      const missing = findMissing(root);
      if (missing !== undefined) await installDependencies(root, missing, say);
    });
  }
  const node = findNode(root);
  if (bundle && !isBundleFresh(root)) await buildBundle(root, node);
  return node;
}

/** @param {string} text */
function say(text) {
  console.error(`weft: ${text}`);
}
