import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLogger } from '../../telemetry/log.ts';
import { FileSet } from './file-set.ts';

test('a file that changes while it is read is not believed before it was read whole', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'weft-file-set-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'services.yaml');
  let rest = '';
  const files = new FileSet(path, silentLogger, async (name) => {
    const text = await readFile(name, 'utf8');
    await appendFile(name, rest);
    return text;
  });
  const addresses = (): string[] => files.instances().map(({ address }) => address);
  await writeFile(path, 'services:\n  a:\n    - 10.0.0.1:1\n    - 10.0.0.2:1\n');
  assert.equal(await files.refreshMain(), true);
  await writeFile(path, 'services:\n  a:\n    - 10.0.0.3:1\n');
  rest = '    - 10.0.0.4:1\n';
  assert.equal(await files.refreshMain(), false);
  assert.deepEqual(addresses(), ['10.0.0.1:1', '10.0.0.2:1']);
  rest = '';
  assert.equal(await files.refreshMain(), true);
  assert.deepEqual(addresses(), ['10.0.0.3:1', '10.0.0.4:1']);
});
