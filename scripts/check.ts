/**
 * Every check that needs no running code: types, lint, import direction, format, generated files.
 *
 *   npm run check                    all of them
 *   npm run check -- types imports   some of them
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ROOT = dirname(import.meta.dirname);

/** A check tells whether it passed; it prints by itself what it found. */
type Check = () => boolean;

const CHECKS: Readonly<Record<string, Check>> = {
  types: () => runTool('tsc', ['--noEmit', '-p', '.']),
  lint: () => runTool('oxlint', []),
  imports: () => runNode('scripts/check-imports.ts'),
  format: () => runTool('oxfmt', ['--check', '.']),
  generated: () => GENERATED.every(isUpToDate),
};

interface Generated {
  readonly script: string;
  readonly output: string;
}

/** Files in the repository that a script writes. */
const GENERATED: readonly Generated[] = [{ script: 'scripts/gen-schema.ts', output: 'docs/weft.schema.json' }];

main(process.argv.slice(2));

function main(wanted: readonly string[]): void {
  const unknown = wanted.find((name) => !Object.hasOwn(CHECKS, name));
  if (unknown !== undefined) {
    console.error(`weft: there is no check ${unknown}; there are: ${Object.keys(CHECKS).join(', ')}`);
    process.exitCode = 1;
    return;
  }
  const failed: string[] = [];
  for (const [name, check] of Object.entries(CHECKS)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    console.log(`check: ${name}`);
    if (!check()) failed.push(name);
  }
  if (failed.length > 0) {
    console.error(`check: failed: ${failed.join(', ')}`);
    process.exitCode = 1;
    return;
  }
  console.log('check: all passed');
}

/** Runs the generator and compares; the file is left as it was. */
function isUpToDate({ script, output }: Generated): boolean {
  // The generator comes with the config schema; until then there is nothing to compare.
  if (!existsSync(join(ROOT, script))) return true;
  const path = join(ROOT, output);
  const before = existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  if (!runNode(script)) return false;
  const after = readFileSync(path, 'utf8');
  if (after === before) return true;
  if (before !== undefined) writeFileSync(path, before);
  console.error(`${output} is not what ${script} writes; run: npm run gen`);
  return false;
}

function runNode(script: string): boolean {
  return runProgram(process.execPath, [join(ROOT, script)]);
}

function runTool(name: string, args: readonly string[]): boolean {
  return runProgram(join(ROOT, 'node_modules', '.bin', name), args);
}

function runProgram(command: string, args: readonly string[]): boolean {
  // The tools are scripts that look for `node` on PATH: they get the one that runs this file.
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}` };
  const { status, error } = spawnSync(command, args, { cwd: ROOT, env, stdio: ['ignore', 'inherit', 'inherit'] });
  if (error !== undefined) console.error(`${command}: ${error.message}`);
  return status === 0;
}
