import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, open, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { createLogger, silentLogger } from '../telemetry/log.ts';
import { EMPTY_STATE } from './model.ts';
import type { RegistrationState } from './model.ts';
import { parseApplication, parsePublish, parseSubscribe } from './requests.ts';
import { applyCommand } from './state.ts';
import { createFileStore, type StateStore } from './store.ts';

async function directory(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'weft-store-'));
  t.after(() => rm(path, { recursive: true }));
  return path;
}

function storeOf(nodeId: string, stateDir: string): StateStore {
  return createFileStore({ stateDir, nodeId, wall: () => 0, log: silentLogger });
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
  const store = storeOf('node-1', stateDir);
  assert.equal(await store.load(), EMPTY_STATE);
  await store.save(EMPTY_STATE);
  await store.save(fullState());
  assert.deepEqual(await store.load(), fullState());
  const path = join(stateDir, 'node-1', 'registrations.json');
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.equal((await readFile(path, 'utf8')).includes('hush'), false);
  assert.deepEqual(await readdir(stateDir, { recursive: true }), ['node-1', 'node-1/registrations.json']);
});

test('what was saved before is replaced as a whole, never written to: a crash leaves the one or the other', async (t) => {
  const stateDir = await directory(t);
  const store = storeOf('node-1', stateDir);
  await store.save(fullState());
  await using before = await open(join(stateDir, 'node-1', 'registrations.json'));
  const text = await readFile(join(stateDir, 'node-1', 'registrations.json'), 'utf8');
  await store.save(EMPTY_STATE);
  assert.equal(await before.readFile('utf8'), text);
});

test('what cannot be read is put aside with a warning', async (t) => {
  const bad = [
    '',
    '{',
    'null',
    '{"version":2}',
    '{"version":1,"node":"node-1","publications":[{}],"subscriptions":[]}',
    '\u0000',
  ];
  for (const text of bad) {
    const stateDir = await directory(t);
    const folder = join(stateDir, 'node-1');
    await mkdir(folder);
    await writeFile(join(folder, 'registrations.json'), text);
    const lines: string[] = [];
    const log = createLogger({ control: { level: 'info' }, format: 'text', write: (line) => void lines.push(line) });
    const store = createFileStore({ stateDir, nodeId: 'node-1', wall: () => 17, log });
    assert.deepEqual(await store.load(), EMPTY_STATE, text);
    assert.deepEqual(await readdir(folder), ['registrations.json.unreadable-17']);
    assert.match(lines.join(''), /put aside: the application has to register again/);
  }
});

test('a directory that cannot be written is told with what to do', async (t) => {
  const stateDir = await directory(t);
  const file = join(stateDir, 'file');
  await writeFile(file, '');
  const store = storeOf('node-1', file);
  await assert.rejects(store.save(EMPTY_STATE), { code: 'store', message: /cannot save registrations .*stateDir/ });
});

test('nodes that share a directory keep apart, whatever they are called', async (t) => {
  const stateDir = await directory(t);
  const ids = ['a', 'A b', '.', '..', '../a', '节'.repeat(256), `${'节'.repeat(255)}点`, '\ud800'];
  for (const [port, id] of ids.entries()) {
    const publication = parsePublish({ serviceName: 'a:1.0', port: port + 1 });
    await storeOf(id, stateDir).save(applyCommand(fullState(), { kind: 'publish', publication }));
  }
  const ports = ids.map(async (id) => (await storeOf(id, stateDir).load()).publications.get('a:1.0@bolt')?.port);
  assert.deepEqual(
    await Promise.all(ports),
    ids.map((_, index) => index + 1),
  );
  assert.equal((await readdir(stateDir)).length, ids.length, 'none is elsewhere');
});

test("another node's registrations are refused, and left alone", async (t) => {
  const stateDir = await directory(t);
  await storeOf('a', stateDir).save(fullState());
  await cp(join(stateDir, 'a'), join(stateDir, 'b'), { recursive: true });
  const message =
    /registrations\.json belong to the node "a": give each sidecar its own node\.id, or delete that file$/;
  await assert.rejects(storeOf('b', stateDir).load(), { code: 'foreign_store', message });
  assert.deepEqual(await readdir(join(stateDir, 'b')), ['registrations.json']);
});
