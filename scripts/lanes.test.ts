import assert from 'node:assert/strict';
import { globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, describe, it } from 'node:test';
import { DEFAULT_LANES, LANES, laneArguments, listFiles, suiteArguments } from './lanes.ts';

const ROOT = dirname(import.meta.dirname);

function cloneWith(t: TestContext, ...paths: string[]): string {
  const root = mkdtempSync(join(tmpdir(), 'weft-lanes-'));
  t.after(() => rmSync(root, { recursive: true }));
  for (const path of paths) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), '');
  }
  return root;
}

describe('lanes', () => {
  it('leave no test file of the repository out, and take none twice', () => {
    const exclude = ['node_modules/**', 'dist/**', '**/node_modules/**'];
    const all = globSync('**/*.test.ts', { cwd: ROOT, exclude }).toSorted();
    const taken = Object.values(LANES).flatMap((lane) => globSync(lane.files, { cwd: ROOT }));
    assert.deepEqual(taken.toSorted(), all);
  });

  it('fail when they have no files', (t) => {
    const root = cloneWith(t, 'src/a.test.ts');
    assert.deepEqual(listFiles(root, 'unit'), ['src/a.test.ts']);
    assert.throws(() => listFiles(root, 'fuzz'), /the fuzz lane has no test files/);
    assert.throws(() => laneArguments(root, 'fuzz', []), /no test files/);
    assert.throws(() => suiteArguments(root, DEFAULT_LANES, []), /no test files/);
  });

  it('run the named files with the given options', (t) => {
    const given = ['src/b.test.ts', '--test-name-pattern=x'];
    const args = laneArguments(cloneWith(t), 'unit', given);
    assert.ok(args.includes('--test-isolation=none'));
    assert.deepEqual(args.slice(-2), ['--test-name-pattern=x', 'src/b.test.ts']);
  });

  it('become one run, the unit lane as one file of it', (t) => {
    const root = cloneWith(t, 'src/a.test.ts', 'src/b.test.ts', 'test/fuzz/c.test.ts');
    const args = suiteArguments(root, ['unit', 'fuzz'], []);
    assert.equal(args.filter((argument) => argument === '--test').length, 1);
    assert.deepEqual(args.slice(-2), [join(root, 'scripts/unit-lane.ts'), 'test/fuzz/c.test.ts']);
  });
});
