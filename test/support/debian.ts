/**
 * Brings Debian packages that a test needs. A test whose package cannot be had fails; it is
 * never skipped.
 */
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { withLock } from '../../scripts/setup/lock.mjs';

const ROOT = dirname(dirname(import.meta.dirname));

/** One at a time on this checkout; apt itself waits for others. */
const LOCK = join(ROOT, '.weft', 'debian.lock');
const APT = ['-y', '-q', '-o', 'DPkg::Lock::Timeout=300'];
const TAIL_LINES = 15;

export interface DebianDeps {
  /** Runs a program to its end. `status` is 127 when there is no such program. */
  run(command: string, args: readonly string[]): Promise<{ status: number; output: string }>;
  say(text: string): void;
  /** Effective user id; 0 needs no sudo. */
  uid: number;
  lock: string;
}

const HOST: DebianDeps = {
  run: runProgram,
  say: (text) => void process.stderr.write(`${text}\n`),
  uid: process.geteuid?.() ?? -1,
  lock: LOCK,
};

/**
 * Returns when all packages are installed; installs what is missing by apt-get, as root or
 * through `sudo -n`. Throws with the command to run by hand when that fails.
 */
export async function ensureDebian(packages: readonly string[], deps: DebianDeps = HOST): Promise<void> {
  if ((await listMissing(packages, deps)).length === 0) return;
  await withLock(deps.lock, deps.say, async () => {
    const missing = await listMissing(packages, deps);
    if (missing.length > 0) await install(missing, deps);
  });
}

async function listMissing(packages: readonly string[], deps: DebianDeps): Promise<string[]> {
  // dpkg-query fails when it does not know one of them, and still lists the others.
  const format = '${Package} ${db:Status-Status}\\n';
  const { status, output } = await deps.run('dpkg-query', ['-W', '-f', format, ...packages]);
  if (status === 127) throw new Error(`needs the Debian packages ${packages.join(', ')}, and this is not Debian`);
  const installed = new Set(output.split('\n').filter((line) => line.endsWith(' installed')));
  return packages.filter((name) => !installed.has(`${name} installed`));
}

async function install(missing: readonly string[], deps: DebianDeps): Promise<void> {
  deps.say(`installing Debian packages: ${missing.join(', ')}`);
  // A stale list may still do; only an install that fails on it fails.
  await aptGet(['update'], deps);
  const result = await aptGet(['install', '--no-install-recommends', ...missing], deps);
  const left = await listMissing(missing, deps);
  if (left.length === 0) return;
  throw new Error(
    `the Debian packages ${left.join(', ')} are missing and apt-get could not install them ` +
      `(${result.status}):\n${tail(result.output)}\n` +
      `Run: sudo apt-get update && sudo apt-get install --no-install-recommends ${left.join(' ')}`,
  );
}

function aptGet(args: readonly string[], deps: DebianDeps): Promise<{ status: number; output: string }> {
  const command = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...APT, ...args];
  const [program = '', ...rest] = deps.uid === 0 ? command : ['sudo', '-n', ...command];
  return deps.run(program, rest);
}

function tail(output: string): string {
  return output.trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
}

function runProgram(command: string, args: readonly string[]): Promise<{ status: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, LC_ALL: 'C' } });
    let output = '';
    for (const input of [child.stdout, child.stderr]) {
      createInterface({ input }).on('line', (line) => {
        output += `${line}\n`;
        if (/^(Get:|Unpacking|Setting up)/.test(line)) HOST.say(`  ${line}`);
      });
    }
    child.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') resolve({ status: 127, output });
      else reject(error);
    });
    child.once('close', (code) => resolve({ status: code ?? 1, output }));
  });
}
