import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ensureDebian } from '../../test/support/debian.ts';
import { haproxyVersion } from '../measure/machine.ts';
import type { Options } from '../options.ts';
import { direct, haproxy, relay } from './peers.ts';
import type { TargetKind } from './target.ts';
import { weft, weftTwice } from './weft.ts';
import type { WeftBuild } from './weft.ts';

const ROOT = join(import.meta.dirname, '../..');
const BUNDLE = 'dist/weft.mjs';

/** The target that the wanted figures are for. */
export const JUDGED = 'weft';
/** The build of the checkout that `--compare` names. */
export const OTHER = 'other';

type Choice = Pick<Options, 'targets' | 'weftEntry' | 'compare'>;

/** The targets that the options ask for, with their builds ready to run. */
export async function chooseTargets(options: Choice, progress: (what: string) => void): Promise<TargetKind[]> {
  const builds = [ourBuild(options), ...(options.compare === undefined ? [] : [otherBuild(options.compare)])];
  const [ours, other] = builds as [Build, Build?];
  const all = [direct, relay, haproxy, weft(ours), ...(other === undefined ? [] : [weft(other)]), weftTwice(ours)];
  const chosen = pick(all, options.targets);
  if (chosen.includes(haproxy)) await ensureHaproxy(progress);
  for (const build of builds) {
    if (chosen.some(({ name }) => name.startsWith(build.name))) await makeReady(build, progress);
  }
  return chosen;
}

/** The build that the wanted figures are for, ready to run. */
export async function chooseBuild(options: Choice, progress: (what: string) => void): Promise<WeftBuild> {
  const build = ourBuild(options);
  await makeReady(build, progress);
  return build;
}

type Build = WeftBuild & {
  /** Where to build it; undefined for an entry that is measured as it is. */
  checkout: string | undefined;
};

function ourBuild({ weftEntry }: Choice): Build {
  if (weftEntry !== undefined) return { name: JUDGED, entry: weftEntry, checkout: undefined };
  return { name: JUDGED, entry: join(ROOT, BUNDLE), checkout: ROOT };
}

function otherBuild(checkout: string): Build {
  return { name: OTHER, entry: join(checkout, BUNDLE), checkout };
}

async function makeReady({ checkout, entry }: Build, progress: (what: string) => void): Promise<void> {
  if (checkout !== undefined) await buildBundle(checkout, progress);
  if (!existsSync(entry)) throw new Error(`there is no ${entry} to measure`);
}

async function ensureHaproxy(progress: (what: string) => void): Promise<void> {
  progress('look for haproxy');
  try {
    await ensureDebian(['haproxy']);
  } catch (cause) {
    // Whoever put another HAProxy on PATH, on whatever system, measures against that one.
    if (haproxyVersion() === undefined) {
      throw new Error(
        `no haproxy to compare with; --targets direct,relay,weft goes without\n${(cause as Error).message}`,
        {
          cause,
        },
      );
    }
  }
}

function pick(all: readonly TargetKind[], names: readonly string[] | undefined): TargetKind[] {
  if (names === undefined) return [...all];
  for (const name of names) {
    if (!all.some((kind) => kind.name === name)) {
      throw new Error(`no target "${name}"; there are: ${all.map((kind) => kind.name).join(', ')}`);
    }
  }
  return all.filter((kind) => names.includes(kind.name));
}

/** `npm run build` in a checkout; quick when its bundle is up to date. */
async function buildBundle(checkout: string, progress: (what: string) => void): Promise<void> {
  progress('build the bundle');
  try {
    await promisify(execFile)('npm', ['run', '--silent', 'build'], { cwd: checkout });
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`npm run build failed in ${checkout}\n${stdout ?? ''}${stderr ?? ''}`, { cause: error });
  }
}
