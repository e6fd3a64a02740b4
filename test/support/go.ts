import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startChild } from './children.ts';
import { ensureDebian } from './debian.ts';
import { madeOnce, runs, say } from './toolchain.ts';

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
  const target = join(CACHE, await hashOfVersions(), name);
  await madeOnce(target, (unfinished) => build(name, unfinished));
  return target;
}

async function hashOfVersions(): Promise<string> {
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum']) hash.update(`${file}\0`).update(await readFile(join(MODULE, file)));
  return hash.digest('hex').slice(0, 16);
}

async function build(name: GoProgram, unfinished: string): Promise<void> {
  const go = await findGo();
  say(`building ${PACKAGES[name]} with Go; the first time takes minutes`);
  await using compiler = await startChild(
    go,
    ['build', '-trimpath', '-ldflags=-s -w', '-o', unfinished, PACKAGES[name]],
    {
      name: `go build ${PACKAGES[name]}`,
      cwd: MODULE,
      // No C compiler, and no workspace or flags of whoever runs the tests.
      env: { CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '' },
    },
  );
  const late = setTimeout(() => compiler.signal('SIGKILL'), BUILD_MS);
  const { code } = await compiler.exit;
  clearTimeout(late);
  if (code !== 0) {
    const hint = `Go needs a way to its module proxy (GOPROXY), and may take ${BUILD_MS / 60_000} minutes`;
    throw new Error(`cannot build ${PACKAGES[name]}; ${hint}\n${compiler.tail()}`);
  }
}

/** Go as it is found, else from Debian. */
async function findGo(): Promise<string> {
  const places = ['go', '/usr/local/go/bin/go'];
  for (const place of places) if (await runs(place, ['version'])) return place;
  await ensureDebian(['golang-go']);
  for (const place of places) if (await runs(place, ['version'])) return place;
  throw new Error('the Go peers need go on PATH or in /usr/local/go/bin (Go 1.19 or later)');
}
