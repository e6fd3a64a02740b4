/**
 * Bundles src/cli/main.ts into dist/: one entry, and a chunk for what only some commands load.
 *
 *   npm run build
 */
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import http from 'node:http';
import { type BuildOptions, type Plugin, build } from 'esbuild';
import { STAMP, hashSources, isBundleFresh } from './setup/bundle.mjs';
import { withLock } from './setup/lock.mjs';

const ROOT = dirname(import.meta.dirname);
const OUT = join(ROOT, 'dist');

// Bundled CommonJS packages call require for Node's own modules; an ES module has none.
const REQUIRE = [
  "import { createRequire as weftCreateRequire } from 'node:module';",
  'const require = weftCreateRequire(import.meta.url);',
].join('\n');

await withLock(join(ROOT, '.weft', 'build.lock'), say, async () => {
  if (isBundleFresh(ROOT)) return;
  say('building the bundle');
  await bundle();
});

async function bundle(): Promise<void> {
  const hash = hashSources(ROOT);
  const options = await listOptions();
  // esbuild itself prints what is wrong with a source.
  const result = await build(options).catch(() => undefined);
  if (result === undefined) process.exitCode = 1;
  else await writeOutput(result.outputFiles, hash);
}

async function listOptions() {
  return {
    absWorkingDir: ROOT,
    entryPoints: { weft: 'src/cli/main.ts' },
    outdir: OUT,
    outExtension: { '.js': '.mjs' },
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node26',
    // Not minified: stacks and profiles are read by people, and V8 starts as fast.
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'linked',
    banner: { js: REQUIRE },
    external: await listDevelopmentPackages(),
    plugins: [lightHttp()],
    write: false,
    logLevel: 'warning',
  } satisfies BuildOptions;
}

/**
 * An ES import of node:http evaluates all of its exports, the WebSocket getters among them, which
 * load an HTTP client that nobody uses: 15 MB in every sidecar. The bundle takes the plain
 * exports alone.
 */
function lightHttp(): Plugin {
  const module = "process.getBuiltinModule('node:http')";
  const plain = Object.entries(Object.getOwnPropertyDescriptors(http)).flatMap(([name, descriptor]) =>
    descriptor.get === undefined && name !== 'default' ? [name] : [],
  );
  const contents = `export const { ${plain.join(', ')} } = ${module};\nexport default ${module};\n`;
  const setup: Plugin['setup'] = (bundler) => {
    bundler.onResolve({ filter: /^node:http$/ }, ({ path }) => ({ path, namespace: 'light-http' }));
    bundler.onLoad({ filter: /.*/, namespace: 'light-http' }, () => ({ contents }));
  };
  return { name: 'light-http', setup };
}

/** What only development needs is never part of the bundle: the peers of tests and of the demo stay packages. */
async function listDevelopmentPackages(): Promise<string[]> {
  const manifest: unknown = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  const { devDependencies } = manifest as { devDependencies: Record<string, string> };
  return Object.keys(devDependencies);
}

/**
 * Writes over a dist/ that somebody may be starting from: chunks before the entry that names
 * them, each file whole or not at all, and the stamp last.
 */
async function writeOutput(files: readonly { path: string; contents: Uint8Array }[], hash: string): Promise<void> {
  await mkdir(join(OUT, 'chunks'), { recursive: true });
  await rm(join(ROOT, STAMP), { force: true });
  for (const file of files.toSorted((a, b) => rank(a.path) - rank(b.path))) {
    await writeWhole(file.path, file.contents);
  }
  await removeAllBut(new Set(files.map((file) => file.path)));
  await writeWhole(join(ROOT, STAMP), hash);
}

function rank(path: string): number {
  return basename(path) === 'weft.mjs' ? 1 : 0;
}

async function writeWhole(path: string, contents: Uint8Array | string): Promise<void> {
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, contents);
  await rename(draft, path);
}

async function removeAllBut(kept: ReadonlySet<string>): Promise<void> {
  const entries = await readdir(OUT, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !kept.has(path)) await rm(path);
  }
}

function say(text: string): void {
  console.error(`weft: ${text}`);
}
