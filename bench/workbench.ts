import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBackend, startGenerator } from './load/processes.ts';
import { placement } from './measure/pinning.ts';
import type { Options } from './options.ts';
import type { Bench } from './suite.ts';

/** Runs `work` with a load generator, an echo server and an empty folder, and takes them away again. */
export async function withBench<T>(
  options: Pick<Options, 'pin' | 'rounds' | 'durationMs' | 'warmUpMs'>,
  progress: (what: string) => void,
  work: (bench: Bench) => Promise<T>,
): Promise<T> {
  const { proxy, load } = placement(options.pin);
  const folder = await mkdtemp(join(tmpdir(), 'weft-bench-'));
  const removeFolder = (): void => rmSync(folder, { recursive: true, force: true });
  // Also when an interrupt ends the process; its children end with it.
  process.once('exit', removeFolder);
  try {
    const backend = await startBackend(load);
    const generator = await startGenerator(load);
    const { rounds, durationMs, warmUpMs } = options;
    const place = { backendPort: backend.port, folder, at: proxy };
    try {
      return await work({ generator, backend, place, rounds, durationMs, warmUpMs, progress });
    } finally {
      await generator.stop();
      await backend.stop();
    }
  } finally {
    removeFolder();
    process.removeListener('exit', removeFolder);
  }
}
