/**
 * Bundles src/cli/main.ts into dist/: one entry, and a chunk for what only some commands load.
 *
 *   npm run build
 */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type BuildOptions, type PluginBuild, build } from 'esbuild';
import { writeOutput } from './build-output.ts';
import { STAMP, hashSources, isBundleFresh } from './setup/bundle.mjs';
import { withLock } from './setup/lock.mjs';

const ROOT = dirname(import.meta.dirname);
const OUT = join(ROOT, 'dist');
const PLACE = { folder: OUT, entry: join(OUT, 'weft.mjs'), stamp: join(ROOT, STAMP) };

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
  else await writeOutput(PLACE, result.outputFiles, hash);
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
    plugins: [{ name: 'light-builtins', setup: lightBuiltins }],
    write: false,
    logLevel: 'warning',
  } satisfies BuildOptions;
}

/**
 * An ES import of one of Node's own modules evaluates all of its exports, the getters among them,
 * and those load what nobody asked for: the WebSocket client of node:http alone is 15 MB in every
 * sidecar, the getters of fs, util and crypto some 3 MB each. The bundle takes what it uses.
 */
function lightBuiltins(bundler: PluginBuild): void {
  bundler.onResolve({ filter: /^node:/ }, ({ path, kind }) =>
    kind === 'import-statement' ? { path, namespace: 'light-builtin' } : undefined,
  );
  bundler.onLoad({ filter: /.*/, namespace: 'light-builtin' }, ({ path }) => ({ contents: exportsOneByOne(path) }));
}

/** The source of a module with a built-in module's exports, of which esbuild drops those that nobody imports. */
function exportsOneByOne(name: string): string {
  const keys = Object.keys(process.getBuiltinModule(name) ?? {}).filter((key) => key !== 'default');
  const lines = keys.map((key) => `const builtin_${key} = /* @__PURE__ */ (() => builtin.${key})();`);
  const names = keys.map((key) => `builtin_${key} as ${key}`);
  const builtin = `const builtin = /* @__PURE__ */ process.getBuiltinModule('${name}');`;
  return [builtin, ...lines, `export { ${names.join(', ')} };`, 'export default builtin;'].join('\n');
}

/** What only development needs is never part of the bundle: the peers of tests and of the demo stay packages. */
async function listDevelopmentPackages(): Promise<string[]> {
  const manifest: unknown = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  const { devDependencies } = manifest as { devDependencies: Record<string, string> };
  return Object.keys(devDependencies);
}

function say(text: string): void {
  console.error(`weft: ${text}`);
}
