/** What is built or fetched once and kept, for all who make test peers of other people's programs. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from '../../scripts/setup/lock.mjs';

const run = promisify(execFile);

export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Whether there is such a program, and it answers. */
export async function runs(command: string, args: readonly string[]): Promise<boolean> {
  try {
    await run(command, [...args]);
    return true;
  } catch {
    return false;
  }
}

/**
 * Makes `target`, a file or a folder, unless it is there. In one folder one is made at a time, whoever asks, and the others wait;
 * what lies there is always whole, since it is made beside its place.
 *
 * @param make gets the place to make it at, of which only the folder exists.
 */
export async function madeOnce(
  target: string,
  make: (unfinished: string) => Promise<void>,
  tell: (text: string) => void = say,
): Promise<void> {
  if (existsSync(target)) return;
  await withLock(join(dirname(target), 'lock'), tell, async () => {
    if (existsSync(target)) return;
    const unfinished = `${target}.unfinished`;
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(dirname(unfinished), { recursive: true });
    await make(unfinished);
    await rename(unfinished, target);
  });
}
