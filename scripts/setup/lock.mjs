// @ts-check
// A lock between processes: a file that holds its owner's pid. A file whose owner is gone
// (killed, power lost) is taken over.

import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 200;

/**
 * Runs `action` while no other process of this machine holds the lock at `path`.
 *
 * @template T
 * @param {string} path the lock file; its folder is made
 * @param {(text: string) => void} say told once when there is somebody to wait for
 * @param {() => Promise<T>} action
 * @returns {Promise<T>}
 */
export async function withLock(path, say, action) {
  mkdirSync(dirname(path), { recursive: true });
  let told = false;
  while (!tryLock(path)) {
    const owner = readOwner(path);
    if (owner !== undefined && !isAlive(owner)) {
      takeAway(path, owner);
      continue;
    }
    if (owner !== undefined && !told) {
      say(`waiting for process ${owner}, which is at it already (if it is not, remove ${path})`);
      told = true;
    }
    await delay(POLL_MS);
  }
  try {
    return await action();
  } finally {
    rmSync(path, { force: true });
  }
}

/**
 * A hard link appears whole or not at all, so nobody reads a lock without its owner.
 *
 * @param {string} path
 */
function tryLock(path) {
  const draft = unique(path);
  writeFileSync(draft, String(process.pid));
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/**
 * Removes the lock of a dead owner. Between the look and the rename somebody else may have done
 * the same and locked anew: then the renamed file is not the dead owner's and goes back.
 *
 * @param {string} path
 * @param {number} deadOwner
 */
function takeAway(path, deadOwner) {
  const aside = unique(path);
  try {
    renameSync(path, aside);
    if (readOwner(aside) !== deadOwner) linkSync(aside, path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

/**
 * @param {string} path
 * @returns {number | undefined} undefined when there is no lock
 */
function readOwner(path) {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** @param {number} pid */
function isAlive(pid) {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** @param {string} path */
function unique(path) {
  return `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
}

/** @param {unknown} error */
function codeOf(error) {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
