/**
 * Every check that needs no running code: types, lint, import direction, format, generated files.
 *
 *   npm run check                    all of them
 *   npm run check -- types imports   some of them
 */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';

const ROOT = dirname(import.meta.dirname);

/** A check tells whether it passed; it prints by itself what it found. */
type Check = () => boolean;

const CHECKS: Readonly<Record<string, Check>> = {
  types: () => runTool('tsc', ['--noEmit', '-p', '.']),
  lint: () => runTool('oxlint', []),
  imports: () => runNode('scripts/check-imports.ts'),
  format: () => runTool('oxfmt', ['--check', '.']),
  generated: () => runNode('scripts/gen-schema.ts', '--check'),
};

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

function runNode(script: string, ...args: readonly string[]): boolean {
  return runProgram(process.execPath, [join(ROOT, script), ...args]);
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
