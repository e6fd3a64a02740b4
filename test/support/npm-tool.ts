import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { runTool } from './tool.ts';
import { madeOnce, say } from './toolchain.ts';

const CACHE = join(import.meta.dirname, '../../node_modules/.cache/npm-tools');
const INSTALL_MS = 5 * 60_000;

/**
 * The path of a program from npm that only tests run, and that would bring a crowd of packages with it into everybody's
 * install. Installed once, into a cache of its own, without running anybody's install scripts.
 *
 * @param program `name@version`, where the program has the name of its package.
 * @throws when it cannot be had.
 */
export async function npmTool(program: `${string}@${string}`): Promise<string> {
  const [name = ''] = program.split('@');
  const folder = join(CACHE, program);
  await madeOnce(folder, (unfinished) => install(program, unfinished));
  return join(folder, 'node_modules/.bin', name);
}

async function install(program: string, folder: string): Promise<void> {
  await mkdir(folder);
  say(`installing ${program} from npm`);
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-save'];
  await runTool('npm', ['install', '--prefix', folder, ...quiet, program], INSTALL_MS);
}
