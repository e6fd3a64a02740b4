import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Options } from '../options.ts';
import type { Protocol } from '../scenarios/scenario.ts';
import { envoy } from './peers/envoy.ts';
import { haproxy } from './peers/haproxy.ts';
import { nghttpx } from './peers/nghttpx.ts';
import { nginx } from './peers/nginx.ts';
import { direct, relay } from './peers/plain.ts';
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

/**
 * The targets that the options ask for and one of the protocols needs, ready to start. A peer that cannot be had stays
 * among them; its start then says why.
 */
export async function chooseTargets(
  options: Choice,
  protocols: ReadonlySet<Protocol>,
  progress: (what: string) => void,
): Promise<TargetKind[]> {
  const builds = [ourBuild(options), ...(options.compare === undefined ? [] : [otherBuild(options.compare)])];
  const [ours, other] = builds as [Build, Build?];
  const peers = [direct, relay, haproxy, nginx, nghttpx, envoy];
  const all = [...peers, weft(ours), ...(other === undefined ? [] : [weft(other)]), weftTwice(ours)];
  const chosen = pick(all, options.targets).filter((kind) => kind.protocols.some((one) => protocols.has(one)));
  for (const build of builds) {
    if (chosen.some(({ name }) => name.startsWith(build.name))) await makeReady(build, progress);
  }
  return Promise.all(chosen.map((kind) => prepared(kind, progress)));
}

async function prepared(kind: TargetKind, progress: (what: string) => void): Promise<TargetKind> {
  try {
    await kind.prepare?.(progress);
    return kind;
  } catch (error) {
    return { ...kind, start: () => Promise.reject(error) };
  }
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
