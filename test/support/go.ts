import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from '../../scripts/setup/lock.mjs';
import { startChild } from './children.ts';
import { ensureDebian } from './debian.ts';

const run = promisify(execFile);

/** The module whose go.mod and go.sum say which versions are built. */
const MODULE = join(import.meta.dirname, '../peers/go');
const CACHE = join(import.meta.dirname, '../../node_modules/.cache/go-peers');
/** A first build downloads some 30 MB of sources and compiles the standard library. */
const BUILD_MS = 10 * 60_000;

/** Packages of test/peers/go/programs.go. */
const PACKAGES = {
  h2spec: 'github.com/summerwind/h2spec/cmd/h2spec',
  h2specd: 'github.com/summerwind/h2spec/cmd/h2specd',
  'grpc-client': 'google.golang.org/grpc/interop/client',
  'grpc-server': 'google.golang.org/grpc/interop/server',
} as const;

export type GoProgram = keyof typeof PACKAGES;

/**
 * The path of a program, built unless the same version was built before; then neither Go nor a network is needed.
 * Rejects with what to install when there is no Go and Debian's cannot be had.
 */
export async function goProgram(name: GoProgram): Promise<string> {
  const folder = join(CACHE, await hashOfVersions());
  const target = join(folder, name);
  if (!existsSync(target)) {
    await withLock(join(CACHE, 'lock'), say, async () => {
      if (!existsSync(target)) await buildInto(folder, name);
    });
  }
  return target;
}

async function hashOfVersions(): Promise<string> {
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum']) hash.update(`${file}\0`).update(await readFile(join(MODULE, file)));
  return hash.digest('hex').slice(0, 16);
}

async function buildInto(folder: string, name: GoProgram): Promise<void> {
  const go = await findGo();
  await mkdir(folder, { recursive: true });
  // Renamed when complete, so what lies at the target is always whole.
  const unfinished = join(folder, `${name}.unfinished`);
  say(`building ${PACKAGES[name]} with Go; the first time takes minutes`);
  await using build = await startChild(go, ['build', '-trimpath', '-ldflags=-s -w', '-o', unfinished, PACKAGES[name]], {
    name: `go build ${PACKAGES[name]}`,
    cwd: MODULE,
    // No C compiler, and no workspace or flags of whoever runs the tests.
    env: { CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '' },
  });
  const late = setTimeout(() => build.signal('SIGKILL'), BUILD_MS);
  const { code } = await build.exit;
  clearTimeout(late);
  if (code !== 0) {
    const hint = `Go needs a way to its module proxy (GOPROXY), and may take ${BUILD_MS / 60_000} minutes`;
    throw new Error(`cannot build ${PACKAGES[name]}; ${hint}\n${build.tail()}`);
  }
  await rename(unfinished, join(folder, name));
}

/** Go as it is found, else from Debian. */
async function findGo(): Promise<string> {
  const places = ['go', '/usr/local/go/bin/go'];
  for (const place of places) if (await runs(place)) return place;
  await ensureDebian(['golang-go']);
  for (const place of places) if (await runs(place)) return place;
  throw new Error('the Go peers need go on PATH or in /usr/local/go/bin (Go 1.19 or later)');
}

async function runs(command: string): Promise<boolean> {
  try {
    await run(command, ['version']);
    return true;
  } catch {
    return false;
  }
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
