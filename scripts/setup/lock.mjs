// @ts-check
// A lock between processes: a symbolic link that names its owner instead of a file. One whose
// owner is gone (killed, power lost) is taken over.

import { randomBytes } from 'node:crypto';
import { mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 200;

/** This process among all that ever had its pid. */
const SELF = `${process.pid}.${randomBytes(8).toString('hex')}`;

/**
 * Runs `action` while no other process of this machine holds the lock at `path`.
 *
 * @template T
 * @param {string} path the lock; its folder is made
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
      say(`waiting for process ${pidOf(owner)}, which is at it already (if it is not, remove ${path})`);
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
 * A symbolic link appears whole, so nobody reads a lock without its owner. npm needs them as well,
 * unlike hard links, which some shared folders lack.
 *
 * @param {string} path
 */
function tryLock(path) {
  try {
    symlinkSync(SELF, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Removes the lock of a dead owner. Between the look and the rename somebody else may have done
 * the same and locked anew: then the renamed link is not the dead owner's and goes back.
 *
 * @param {string} path
 * @param {string} deadOwner
 */
function takeAway(path, deadOwner) {
  const aside = `${path}.${SELF}`;
  try {
    renameSync(path, aside);
    const owner = readOwner(aside);
    if (owner !== undefined && owner !== deadOwner) symlinkSync(owner, path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

/**
 * @param {string} path
 * @returns {string | undefined} undefined when there is no lock; empty when it is none of ours
 */
function readOwner(path) {
  try {
    return readlinkSync(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    if (codeOf(error) === 'EINVAL') return '';
    throw error;
  }
}

/**
 * Pids repeat, in containers nearly at once: one that is this process's, but not its lock, was another's.
 *
 * @param {string} owner
 */
function isAlive(owner) {
  if (owner === SELF) return true;
  const pid = pidOf(owner);
  if (!Number.isSafeInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** @param {string} owner */
function pidOf(owner) {
  return Number.parseInt(owner, 10);
}

/** @param {unknown} error */
function codeOf(error) {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
