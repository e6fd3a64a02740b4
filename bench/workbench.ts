import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBackend } from './load/backends.ts';
import type { Backend } from './load/backends.ts';
import { createLoader } from './load/loader.ts';
import { startGenerator } from './load/processes.ts';
import { placement } from './measure/pinning.ts';
import type { Options } from './options.ts';
import type { Protocol } from './scenarios/scenario.ts';
import type { Bench } from './suite.ts';
import { ensureTools } from './target/tools.ts';

/** Runs `work` with a load generator, a backend for each protocol and an empty folder, and takes them away again. */
export async function withBench<T>(
  options: Pick<Options, 'pin' | 'rounds' | 'durationMs' | 'warmUpMs'>,
  protocols: ReadonlySet<Protocol>,
  progress: (what: string) => void,
  work: (bench: Bench) => Promise<T>,
): Promise<T> {
  const { proxy, load } = placement(options.pin);
  await ensureLoadTools(protocols, progress);
  const folder = await mkdtemp(join(tmpdir(), 'weft-bench-'));
  const removeFolder = (): void => rmSync(folder, { recursive: true, force: true });
  // Also when an interrupt ends the process; its children end with it.
  process.once('exit', removeFolder);
  const backends = new Map<Protocol, Backend>();
  try {
    for (const protocol of protocols) backends.set(protocol, await startBackend(protocol, folder, load));
    const generator = await startGenerator(load);
    const { rounds, durationMs, warmUpMs } = options;
    const loader = createLoader(generator, folder, load);
    try {
      return await work({ loader, generator, backends, folder, at: proxy, rounds, durationMs, warmUpMs, progress });
    } finally {
      await generator.stop();
    }
  } finally {
    for (const backend of backends.values()) await backend.stop();
    removeFolder();
    process.removeListener('exit', removeFolder);
  }
}

/** Servers and load generators for HTTP; a peer that cannot be had is missed in the table, these are missed by all. */
async function ensureLoadTools(protocols: ReadonlySet<Protocol>, progress: (what: string) => void): Promise<void> {
  const http1 = protocols.has('http1') ? { nginx: 'nginx', wrk: 'wrk' } : {};
  const http2 =
    protocols.has('http2') || protocols.has('grpc') ? { nghttpd: 'nghttp2-server', h2load: 'nghttp2-client' } : {};
  progress('look for load generators and servers');
  try {
    await ensureTools({ ...http1, ...http2 });
  } catch (cause) {
    throw new Error(`${(cause as Error).message}\n--only bolt goes without`, { cause });
  }
}
