// @ts-check
// Child processes that the set-up waits for, and that never outlive it.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** @type {readonly NodeJS.Signals[]} */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** How often to look whether the starting shell is still there. */
const PARENT_CHECK_MS = 500;

/** npm goes on for many seconds after SIGINT; what ends half-way is made anew by the next run. */
const GRACE_MS = 1000;

/** The set-up was told to stop; its children have ended. */
export class Interrupted extends Error {
  /** @param {NodeJS.Signals} signal */
  constructor(signal) {
    super(`interrupted by ${signal}`);
    this.name = 'Interrupted';
    this.signal = signal;
  }
}

/**
 * @typedef {object} ChildOptions
 * @property {string} cwd
 * @property {NodeJS.ProcessEnv} [env] default: this process's
 * @property {(line: string) => void} onLine takes each line that is not blank, of both outputs
 * @property {() => void} [onInterrupt] called once, when a signal has come and the child is being ended
 * @property {number} [graceMs] how long the child may take to end after a signal, before it is killed
 */

/**
 * Runs a program to its end, without standard input. A signal to this process, or the end of
 * its parent, ends the child as well.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {ChildOptions} options
 * @returns {Promise<{ missing: boolean, status: number | NodeJS.Signals }>} `missing`: there is no such program
 * @throws {Interrupted}
 */
export function runChild(command, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: options.cwd, env: options.env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const input of [child.stdout, child.stderr]) {
      createInterface({ input }).on('line', (line) => {
        if (line.trim() !== '') options.onLine(line);
      });
    }
    const guard = endTogether(child, options);
    child.once('error', (error) => {
      guard.release();
      if ('code' in error && error.code === 'ENOENT') resolve({ missing: true, status: 127 });
      else reject(error);
    });
    child.once('close', (code, signal) => {
      guard.release();
      const interruptedBy = guard.signal();
      if (interruptedBy !== undefined) reject(new Interrupted(interruptedBy));
      else resolve({ missing: false, status: signal ?? code ?? 1 });
    });
  });
}

/**
 * Passes signals on to the child. A shell that waits for its `$(…)` dies of a signal without
 * passing it on, so a change of parent counts as SIGTERM.
 *
 * @param {import('node:child_process').ChildProcess} child
 * @param {ChildOptions} options
 */
function endTogether(child, { onInterrupt, graceMs = GRACE_MS }) {
  /** @type {NodeJS.Signals | undefined} */
  let received;
  /** @type {NodeJS.Timeout | undefined} */
  let grace;
  /** @param {NodeJS.Signals} signal */
  const stop = (signal) => {
    child.kill(signal);
    if (received !== undefined) return;
    received = signal;
    grace = setTimeout(() => child.kill('SIGKILL'), graceMs);
    onInterrupt?.();
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid !== parent) stop('SIGTERM');
  }, PARENT_CHECK_MS);
  return {
    signal: () => received,
    release: () => {
      clearInterval(watch);
      clearTimeout(grace);
      for (const signal of SIGNALS) process.off(signal, stop);
    },
  };
}
