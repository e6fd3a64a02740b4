import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { ensureDebian } from '../../test/support/debian.ts';

/**
 * Programs by their Debian packages. One that is on PATH already, on whatever system, is taken as it is; missing ones
 * are installed. Rejects with what to install when that fails.
 */
export async function ensureTools(packages: Readonly<Record<string, string>>): Promise<void> {
  const missing: string[] = [];
  for (const [program, name] of Object.entries(packages)) {
    if (!(await isThere(program))) missing.push(name);
  }
  if (missing.length > 0) await ensureDebian(missing);
}

async function isThere(program: string): Promise<boolean> {
  try {
    await promisify(execFile)('sh', ['-c', 'command -v "$1"', 'sh', program]);
    return true;
  } catch {
    return false;
  }
}

/** The version in what the program prints, on either output; undefined when there is none. */
export function versionOf(program: string, args: readonly string[], pattern: RegExp): string | undefined {
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return pattern.exec(`${stdout ?? ''}\n${stderr ?? ''}`)?.[1];
}
