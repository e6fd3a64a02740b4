import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { createLogger, silentLogger } from '../telemetry/log.ts';
import { EMPTY_STATE } from './model.ts';
import type { RegistrationState } from './model.ts';
import { parseApplication, parsePublish, parseSubscribe } from './requests.ts';
import { applyCommand } from './state.ts';
import { createFileStore } from './store.ts';

async function directory(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'weft-store-'));
  t.after(() => rm(path, { recursive: true }));
  return path;
}

function fullState(): RegistrationState {
  const application = parseApplication({ appName: 'shop', zone: 'RZ01A', secretKey: 'hush' });
  const publication = parsePublish({ serviceName: 'a:1.0', port: 12199, providerMetaInfo: { properties: { x: 'y' } } });
  const target = { serviceName: 'b:1.0', targetAppAddress: 'bolt://pool.demo.com:12200?p=1' };
  let state = applyCommand(EMPTY_STATE, { kind: 'application', application });
  state = applyCommand(state, { kind: 'publish', publication });
  state = applyCommand(state, {
    kind: 'publish',
    publication: parsePublish({ serviceName: 'c', protocolType: 'tr', port: 1 }),
  });
  return applyCommand(state, { kind: 'subscribe', subscription: parseSubscribe(target) });
}

test('what was saved is loaded, by the owner alone, and holds no secret', async (t) => {
  const stateDir = join(await directory(t), 'deep', 'er');
  const store = createFileStore({ stateDir, wall: () => 0, log: silentLogger });
  assert.equal(await store.load(), EMPTY_STATE);
  await store.save(EMPTY_STATE);
  await store.save(fullState());
  assert.deepEqual(await store.load(), fullState());
  const path = join(stateDir, 'registrations.json');
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.equal((await readFile(path, 'utf8')).includes('hush'), false);
  assert.deepEqual(await readdir(stateDir), ['registrations.json']);
});

test('what cannot be read is put aside with a warning', async (t) => {
  const bad = ['', '{', 'null', '{"version":2}', '{"version":1,"publications":[{}],"subscriptions":[]}', '\u0000'];
  for (const text of bad) {
    const stateDir = await directory(t);
    await writeFile(join(stateDir, 'registrations.json'), text);
    const lines: string[] = [];
    const log = createLogger({ control: { level: 'info' }, format: 'text', write: (line) => void lines.push(line) });
    const store = createFileStore({ stateDir, wall: () => 17, log });
    assert.deepEqual(await store.load(), EMPTY_STATE, text);
    assert.deepEqual(await readdir(stateDir), ['registrations.json.unreadable-17']);
    assert.match(lines.join(''), /put aside: the application has to register again/);
  }
});

test('a directory that cannot be written is told with what to do', async (t) => {
  const stateDir = await directory(t);
  const file = join(stateDir, 'file');
  await writeFile(file, '');
  const store = createFileStore({ stateDir: file, wall: () => 0, log: silentLogger });
  await assert.rejects(store.save(EMPTY_STATE), { code: 'store', message: /cannot save registrations .*stateDir/ });
});
