import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { loadConfig } from './load.ts';

async function withFile(
  content: string | Uint8Array,
  use: (file: string, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'weft-config-'));
  try {
    const file = join(folder, 'weft.yaml');
    await writeFile(file, content);
    await use(file, folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function messageOf(file: string): Promise<string | undefined> {
  const result = await loadConfig(file);
  assert.ok(!result.ok);
  return result.issues[0]?.message;
}

describe('loadConfig', () => {
  test('reads a file and resolves its paths beside it', async () => {
    await withFile('\uFEFFnode: { id: a }\nregistry: { type: file, path: x/services.yaml }', async (file, folder) => {
      const result = await loadConfig(file);
      assert.ok(result.ok);
      assert.equal(result.config.stateDir, join(folder, '.weft'));
      assert.deepEqual(result.config.registry, { type: 'file', path: join(folder, 'x/services.yaml') });
    });
  });

  test('tells what cannot be read', async () => {
    await withFile('', async (file, folder) => {
      assert.equal(await messageOf(`${file}.missing`), 'the file does not exist');
      assert.equal(await messageOf(folder), 'this is a folder');
      assert.equal(await messageOf(join(file, 'below')), 'the file cannot be read (ENOTDIR)');
      assert.equal(await messageOf(file), 'the file is empty');
      assert.equal(await messageOf('a\0b'), 'the file cannot be read (ERR_INVALID_ARG_VALUE)');
    });
  });

  test('refuses what is no text or far too large', async () => {
    await withFile(Uint8Array.of(0x6e, 0xff, 0xfe), async (file) => {
      assert.equal(await messageOf(file), 'the file is not UTF-8 text');
    });
    await withFile('#'.repeat(1024 * 1024 + 1), async (file) => {
      assert.equal(await messageOf(file), 'the file is larger than 1 MiB');
    });
  });
});
