import assert from 'node:assert/strict';
import {
  mkdir,
  mkdtemp,
  open as openFile,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { systemClock } from '../../src/core/clock.ts';
import { ManualClock } from '../../src/core/manual-clock.ts';
import { fileRegistry } from '../../src/registry/file/file-registry.ts';
import type { FileOptions } from '../../src/registry/file/file-registry.ts';
import type { RegistryDeps } from '../../src/registry/registry-type.ts';
import type { Registry, ServiceKey } from '../../src/registry/registry.ts';
import { createLogger, silentLogger } from '../../src/telemetry/log.ts';
import { eventually, offer, record, registryContract } from '../support/registry-contract.ts';

const KEY: ServiceKey = { service: 'com.demo.Echo:1.0', protocol: 'bolt', group: '' };

async function folder(t: { after(fn: () => Promise<void>): void }): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'weft-registry-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

async function open(t: TestContext, options: FileOptions, deps: Partial<RegistryDeps> = {}): Promise<Registry> {
  const registry = await fileRegistry.create(
    { debounce: 5, ...options },
    { clock: systemClock, chance: Math.random, log: silentLogger, nodeId: 'node', ...deps },
  );
  t.after(() => registry.close());
  return registry;
}

function logLines(): { lines: string[]; log: RegistryDeps['log'] } {
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  return { lines, log: createLogger({ control: { level: 'info' }, format: 'text', write }) };
}

registryContract('file', async () => {
  const path = await mkdtemp(join(tmpdir(), 'weft-registry-'));
  const deps = { clock: systemClock, chance: Math.random, log: silentLogger };
  return {
    create: (nodeId) => fileRegistry.create({ path: join(path, 'services.yaml'), debounce: 5 }, { ...deps, nodeId }),
    dispose: () => rm(path, { recursive: true, force: true }),
  };
});

test('a file that people write is read again when it changes, however it is saved', async (t) => {
  const path = join(await folder(t), 'services.yaml');
  await writeFile(path, "services: { 'com.demo.Echo:1.0': ['10.0.0.1:12200'] }");
  const registry = await open(t, { path });
  const seen = record(registry, KEY);
  await seen.until('10.0.0.1:12200');
  await writeFile(path, "services: { 'com.demo.Echo:1.0': ['10.0.0.2:12200', '10.0.0.1:12200'] }");
  await seen.until('10.0.0.1:12200', '10.0.0.2:12200');
  await writeFile(`${path}.new`, "services: { 'com.demo.Echo:1.0': ['10.0.0.3:12200'] }");
  await rename(`${path}.new`, path);
  await seen.until('10.0.0.3:12200');
  const target = join(await folder(t), 'elsewhere.yaml');
  await writeFile(target, "services: { 'com.demo.Echo:1.0': ['10.0.0.4:12200'] }");
  await unlink(path);
  await symlink(target, path);
  await seen.until('10.0.0.4:12200');
});

test('a missing file is an empty registry, with a word in the log', async (t) => {
  const path = join(await folder(t), 'services.yaml');
  const { lines, log } = logLines();
  const registry = await open(t, { path }, { log });
  const seen = record(registry, KEY);
  await seen.until();
  assert.equal(registry.state, 'connected');
  assert.match(lines.join(''), /registry file is missing/);
  await writeFile(path, "services: { 'com.demo.Echo:1.0': ['10.0.0.1:12200'] }");
  await seen.until('10.0.0.1:12200');
});

test('a bad file and a deleted file change nothing, and the log says why', async (t) => {
  const path = join(await folder(t), 'services.yaml');
  await writeFile(path, "services: { 'com.demo.Echo:1.0': ['10.0.0.1:12200'] }");
  const { lines, log } = logLines();
  const registry = await open(t, { path }, { log });
  const seen = record(registry, KEY);
  await seen.until('10.0.0.1:12200');
  await writeFile(path, "services: { 'com.demo.Echo:1.0': ['10.0.0.1', { adress: x }] }");
  await eventually('both problems', () => lines.filter((line) => line.includes('registry file not used')).length >= 2);
  assert.match(lines.join(''), /services\['com.demo.Echo:1.0'\]\[0\].*host:port/);
  assert.match(lines.join(''), /did you mean address\?/);
  await unlink(path);
  await eventually('a word', () => lines.some((line) => line.includes('registry file is gone')));
  assert.deepEqual(seen.told, [['10.0.0.1:12200']]);
  await writeFile(path, 'services: {}');
  await seen.until();
});

test('what sidecars publish beside the file is added to it, and goes with them', async (t) => {
  const path = join(await folder(t), 'services.yaml');
  await writeFile(path, "services: { 'com.demo.Echo:1.0': ['10.0.0.1:12200'] }");
  const consumer = await open(t, { path });
  const provider = await open(t, { path }, { nodeId: '../odd name' });
  const seen = record(consumer, KEY);
  await provider.publish(offer(KEY, '10.0.0.2:12200'));
  await seen.until('10.0.0.1:12200', '10.0.0.2:12200');
  assert.deepEqual(await readdir(`${path}.d`), ['%2E.%2Fodd%20name.json']);
  await provider.close();
  await seen.until('10.0.0.1:12200');
  assert.deepEqual(await readdir(`${path}.d`), []);
});

test('a sidecar that publishes while people write the file does not make half of it believed', async (t) => {
  const path = join(await folder(t), 'services.yaml');
  const clock = new ManualClock();
  const list = (...addresses: string[]): string => `services: { '${KEY.service}': ${JSON.stringify(addresses)} }`;
  await writeFile(path, list('10.0.0.1:1', '10.0.0.2:1'));
  const registry = await open(t, { path, debounce: 200, poll: 1e9 }, { clock });
  const seen = record(registry, KEY);
  await seen.until('10.0.0.1:1', '10.0.0.2:1');
  await writeFile(path, list('10.0.0.1:1'));
  await registry.publish(offer(KEY, '10.0.0.3:1'));
  await seen.until('10.0.0.1:1', '10.0.0.2:1', '10.0.0.3:1');
  await writeFile(path, list('10.0.0.1:1', '10.0.0.2:1', '10.0.0.4:1'));
  await eventually('the whole of it', () => {
    clock.advance(200);
    return seen.latest?.length === 4;
  });
  assert.deepEqual(
    seen.told.map(({ length }) => length),
    [2, 3, 4],
  );
});

test('what a sidecar publishes is replaced in one step: whoever reads the former file reads it whole', async (t) => {
  const path = join(await folder(t), 'services.yaml');
  const registry = await open(t, { path }, { nodeId: 'provider' });
  await registry.publish(offer(KEY, '10.0.0.1:1'));
  const reader = await openFile(`${path}.d/provider.json`);
  t.after(() => reader.close());
  const former = await readFile(`${path}.d/provider.json`, 'utf8');
  await registry.publish(offer(KEY, '10.0.0.2:1'));
  assert.equal(await reader.readFile('utf8'), former);
  assert.match(await readFile(`${path}.d/provider.json`, 'utf8'), /10\.0\.0\.2:1/);
});

test('a node id may be longer than the name of a file', async (t) => {
  const path = join(await folder(t), 'services.yaml');
  const ids = ['一', '二'].map((last) => `${'节'.repeat(300)}${last}`);
  const registries = await Promise.all(ids.map((nodeId) => open(t, { path }, { nodeId })));
  const seen = record(await open(t, { path }), KEY);
  await Promise.all(registries.map((registry, index) => registry.publish(offer(KEY, `10.0.0.${index}:1`))));
  await seen.until('10.0.0.0:1', '10.0.0.1:1');
  assert.equal((await readdir(`${path}.d`)).length, 2);
  await registries[0]?.close();
  await seen.until('10.0.0.1:1');
});

test('what a killed run left is replaced by what its next run publishes, without a gap', async (t) => {
  const path = join(await folder(t), 'services.yaml');
  const consumer = await open(t, { path }, { nodeId: 'consumer' });
  const seen = record(consumer, KEY);
  const first = await open(t, { path }, { nodeId: 'provider' });
  await first.publish(offer(KEY, '10.0.0.1:12200'));
  await seen.until('10.0.0.1:12200');
  const left = await readFile(`${path}.d/provider.json`);
  await first.close();
  await seen.until();
  await writeFile(`${path}.d/provider.json`, left);
  await seen.until('10.0.0.1:12200');
  const told = seen.told.length;
  const second = await open(t, { path }, { nodeId: 'provider' });
  await second.publish(offer(KEY, '10.0.0.1:12200'));
  await second.publish(offer(KEY, '10.0.0.2:12200'));
  await seen.until('10.0.0.1:12200', '10.0.0.2:12200');
  assert.equal(seen.told.length, told + 1);
});

test('what a killed run left goes when its next run publishes nothing', async (t) => {
  const path = join(await folder(t), 'services.yaml');
  const clock = new ManualClock();
  const first = await open(t, { path }, { nodeId: 'provider' });
  await first.publish(offer(KEY, '10.0.0.1:12200'));
  const left = await readFile(`${path}.d/provider.json`);
  await first.close();
  await writeFile(`${path}.d/provider.json`, left);
  const second = await open(t, { path, leftover: 5000 }, { nodeId: 'provider', clock });
  const seen = record(second, KEY);
  await seen.until('10.0.0.1:12200');
  clock.advance(5000);
  await seen.until();
});

test('a change that no event tells of is found by looking now and then', async (t) => {
  const path = join(await folder(t), 'later', 'services.yaml');
  const clock = new ManualClock();
  const registry = await open(t, { path, poll: 1000 }, { clock });
  const seen = record(registry, KEY);
  await seen.until();
  await mkdir(join(path, '..'));
  await writeFile(path, "services: { 'com.demo.Echo:1.0': ['10.0.0.1:12200'] }");
  clock.advance(1000);
  await seen.until('10.0.0.1:12200');
});

test('a directory that cannot be written keeps the promise pending, and is tried again', async (t) => {
  const path = join(await folder(t), 'services.yaml');
  await writeFile(`${path}.d`, 'a file where the directory should be');
  const { lines, log } = logLines();
  const registry = await open(t, { path }, { log, chance: () => 0.1 });
  let done = false;
  const published = registry.publish(offer(KEY, '10.0.0.1:12200')).then(() => (done = true));
  await eventually('a word', () => lines.some((line) => line.includes('cannot write what this node publishes')));
  assert.equal(done, false);
  await unlink(`${path}.d`);
  await published;
});
