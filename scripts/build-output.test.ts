import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, describe, it } from 'node:test';
import { writeOutput } from './build-output.ts';

function createPlace(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'weft-build-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const place = { folder, entry: join(folder, 'weft.mjs'), stamp: join(folder, '.sources') };
  const build = (name: string): Promise<void> => {
    const chunk = { path: join(folder, 'chunks', `${name}.mjs`), contents: name };
    return writeOutput(place, [{ path: place.entry, contents: `import ${name}` }, chunk], `stamp of ${name}`);
  };
  return { place, build, chunks: () => readdirSync(join(folder, 'chunks')) };
}

describe('writeOutput', () => {
  it('leaves a program of an earlier build what it may still load', async (t) => {
    const { place, build, chunks } = createPlace(t);
    await build('old');
    await build('new');
    assert.deepEqual(chunks(), ['new.mjs', 'old.mjs']);
    assert.equal(readFileSync(place.entry, 'utf8'), 'import new');
    assert.equal(readFileSync(place.stamp, 'utf8'), 'stamp of new');
  });

  it('removes in the end what no recent build has made', async (t) => {
    const { place, build, chunks } = createPlace(t);
    await build('old');
    writeFileSync(join(place.folder, 'chunks', 'stray.mjs.123'), '');
    for (let i = 0; i < 10; i++) await build(`new${i}`);
    assert.equal(chunks().length, 10);
    assert.ok(!chunks().includes('old.mjs'));
  });
});
