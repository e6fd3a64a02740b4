import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { startRegistryServer } from '../../src/control/registry-server.ts';
import type { RegistryServer, RegistryServerOptions } from '../../src/control/registry-server.ts';
import { systemClock } from '../../src/core/clock.ts';
import { embeddedRegistry } from '../../src/registry/embedded/embedded-registry.ts';
import type { EmbeddedOptions } from '../../src/registry/embedded/embedded-registry.ts';
import type { Registry } from '../../src/registry/registry.ts';
import { silentLogger } from '../../src/telemetry/log.ts';
import { startChild, waitUntil } from '../support/children.ts';
import { startRelay } from '../support/registry-relay.ts';
import { connected, eventually, freshKey, offer, record, registryContract } from '../support/registry-contract.ts';
import { call, startLocalApi } from './sdk-support.ts';

const MAIN = new URL('../../src/cli/main.ts', import.meta.url).pathname;
const HOLDER = new URL('../support/registry-holder.ts', import.meta.url).pathname;
/** Fast enough for tests; the order of the times is that of the defaults. */
const BACKOFF = { base: 20, max: 100 };
const SETTLE = 600;

function serve(options: Partial<RegistryServerOptions> = {}): Promise<RegistryServer> {
  const address = { host: '127.0.0.1', port: 0 };
  return startRegistryServer({ address, clock: systemClock, log: silentLogger, settle: 50, ...options });
}

function join(t: TestContext, address: EmbeddedOptions['address'], nodeId = 'node'): Promise<Registry> {
  return open(t, { address, backoff: BACKOFF, settle: SETTLE }, nodeId);
}

async function open(t: TestContext, options: EmbeddedOptions, nodeId: string): Promise<Registry> {
  const registry = await embeddedRegistry.create(options, {
    clock: systemClock,
    chance: Math.random,
    log: silentLogger,
    nodeId,
  });
  t.after(() => registry.close());
  return registry;
}

registryContract('embedded', async () => {
  const server = await serve();
  const deps = { clock: systemClock, chance: Math.random, log: silentLogger };
  return {
    create: (nodeId) => embeddedRegistry.create({ address: server.address }, { ...deps, nodeId }),
    dispose: () => server.close(),
  };
});

test('a registry out of reach is no error: what was asked happens once it is there', async (t) => {
  const placeholder = await serve();
  await placeholder.close();
  const registry = await join(t, placeholder.address);
  const key = freshKey();
  const seen = record(registry, key);
  const published = registry.publish(offer(key, '10.0.0.1:12200'));
  assert.equal(registry.state, 'connecting');
  const server = await serve({ address: placeholder.address });
  t.after(() => server.close());
  await published;
  await seen.until('10.0.0.1:12200');
  assert.equal(registry.state, 'connected');
});

test('publications that are taken back before they could happen reject, and never happen', async (t) => {
  const placeholder = await serve();
  await placeholder.close();
  const registry = await join(t, placeholder.address);
  const key = freshKey();
  const unpublished = registry.publish(offer(key, '10.0.0.1:1'));
  const closed = registry.publish(offer(key, '10.0.0.2:1'));
  await registry.unpublish(key, '10.0.0.1:1');
  await assert.rejects(unpublished, { code: 'registry_unpublished' });
  await registry.close();
  await assert.rejects(closed, { code: 'registry_closed' });
});

test('the largest publication that the local API takes reaches the registry', async (t) => {
  const server = await serve();
  t.after(() => server.close());
  const { api, registry: taken } = await startLocalApi(t);
  const { port } = api.address;
  await call(port, '/configs/application', { body: { appName: 'shop' } });
  // Numbers and line ends take more room in the registry than in the request.
  const properties = { ...Object.fromEntries(Array.from({ length: 255 }, (_, i) => [i, 1e20])), text: '' };
  const body = JSON.stringify({ serviceName: freshKey().service, providerMetaInfo: { properties } });
  const largest = body.replace('"text":""', () => `"text":"${'%'.repeat(64 * 1024 - body.length)}"`);
  assert.deepEqual((await call(port, '/services/publish', { body: largest })).body['success'], true);
  const [instance] = taken.published;
  assert.ok(instance !== undefined);
  const provider = await join(t, server.address, 'provider');
  await provider.publish(instance);
  const seen = record(await join(t, server.address, 'consumer'), instance);
  await seen.until(instance.address);
  assert.deepEqual(seen.latest, [instance]);
});

test('the instances of a killed process vanish as its connection closes', async (t) => {
  const server = await serve();
  t.after(() => server.close());
  const consumer = await join(t, server.address);
  const key = freshKey();
  const seen = record(consumer, key);
  const holder = await startChild(process.execPath, [HOLDER, String(server.address.port), key.service], {
    name: 'holder',
    ready: /published/,
    owner: t,
  });
  await seen.until('10.9.9.9:12200');
  const killed = performance.now();
  await holder.kill9();
  await seen.until();
  assert.ok(performance.now() - killed < 1000, 'at once, not after a lease');
});

test('the instances of a frozen process vanish after the lease, and come back when it wakes', async (t) => {
  const server = await serve({ lease: 600 });
  t.after(() => server.close());
  const consumer = await join(t, server.address);
  const key = freshKey();
  const seen = record(consumer, key);
  const holder = await startChild(process.execPath, [HOLDER, String(server.address.port), key.service], {
    name: 'holder',
    ready: /published/,
    owner: t,
  });
  await seen.until('10.9.9.9:12200');
  holder.signal('SIGSTOP');
  await seen.until();
  holder.signal('SIGCONT');
  await seen.until('10.9.9.9:12200');
});

test('a connection that goes silent is given up by both sides, and made again', async (t) => {
  const server = await serve({ lease: 300 });
  t.after(() => server.close());
  const wire = await startRelay(t, server.address.port);
  const provider = await join(t, { host: '127.0.0.1', port: wire.port }, 'provider');
  const consumer = await join(t, server.address, 'consumer');
  const key = freshKey();
  await provider.publish(offer(key, '10.0.0.1:12200'));
  const seen = record(consumer, key);
  await seen.until('10.0.0.1:12200');
  const states: string[] = [];
  provider.onState((state) => states.push(state));
  wire.cut();
  await eventually('lost and made again', () => states.length === 2);
  assert.deepEqual(states, ['connecting', 'connected']);
  await seen.until('10.0.0.1:12200');
  // Both sides wait about as long. When the provider is back before the server has given it up,
  // its publication is replaced without a gap; else there is one, and it ends.
  const told = JSON.stringify(seen.told);
  const A = ['10.0.0.1:12200'];
  assert.ok(
    [[A], [A, [], A]].some((valid) => JSON.stringify(valid) === told),
    told,
  );
});

test('a server restart loses nothing and shows no gap, also while providers are late', async (t) => {
  let server = await serve({ settle: SETTLE });
  const consumer = await join(t, server.address, 'consumer');
  const early = await join(t, server.address, 'early');
  // Comes back well after the consumer, yet within the settle time.
  const late = await open(t, { address: server.address, backoff: { base: 1e6, max: 1e6 }, settle: SETTLE }, 'late');
  const key = freshKey();
  await Promise.all([early.publish(offer(key, '10.0.0.1:1')), connected(consumer), connected(late)]);
  await late.publish(offer(key, '10.0.0.2:1'));
  const seen = record(consumer, key);
  await seen.until('10.0.0.1:1', '10.0.0.2:1');
  const before = seen.told.length;
  const states: string[] = [];
  consumer.onState((state) => states.push(state));
  await server.close();
  await eventually('lost', () => consumer.state === 'connecting');
  assert.equal(seen.watch.instances?.length, 2, 'the last instances stay known');
  server = await serve({ address: server.address, settle: SETTLE });
  t.after(() => server.close());
  await eventually('back', () => consumer.state === 'connected');
  const replacement = await join(t, server.address, 'late again');
  await replacement.publish(offer(key, '10.0.0.2:1'));
  await eventually('settled', () => states.includes('connected'));
  const fresh = freshKey();
  const empty = record(consumer, fresh);
  await empty.until();
  assert.deepEqual(seen.told.slice(before), [], `no change was told, but ${JSON.stringify(seen.told)}`);
  assert.deepEqual(
    seen.watch.instances?.map((instance) => instance.address),
    ['10.0.0.1:1', '10.0.0.2:1'],
  );
});

test('what did not come back after a server restart is gone once it has settled', async (t) => {
  let server = await serve();
  const consumer = await join(t, server.address, 'consumer');
  const stays = await join(t, server.address, 'stays');
  const goes = await join(t, server.address, 'goes');
  const key = freshKey();
  await stays.publish(offer(key, '10.0.0.1:1'));
  await goes.publish(offer(key, '10.0.0.2:1'));
  const seen = record(consumer, key);
  await seen.until('10.0.0.1:1', '10.0.0.2:1');
  await server.close();
  await goes.close();
  server = await serve({ address: server.address });
  t.after(() => server.close());
  await seen.until('10.0.0.1:1');
  assert.ok(!seen.told.some((list) => list.length === 0));
});

test('a reader that does not read costs no memory and gets the newest state when it reads', async (t) => {
  const server = await serve();
  t.after(() => server.close());
  const wire = await startRelay(t, server.address.port);
  const slow = await open(t, { address: { host: '127.0.0.1', port: wire.port } }, 'slow');
  const provider = await join(t, server.address, 'provider');
  const key = freshKey();
  const seen = record(slow, key);
  await seen.until();
  wire.pause();
  const padding = { text: 'x'.repeat(50_000) };
  const heap = process.memoryUsage().heapUsed;
  for (let weight = 1; weight <= 1000; weight++) {
    await provider.publish(offer(key, '10.0.0.1:1', { weight, metadata: padding }));
  }
  // 1000 versions of 50 kB would be 50 MB in a queue.
  assert.ok(process.memoryUsage().heapUsed - heap < 30e6);
  wire.resume();
  await eventually('the newest', () => seen.latest?.[0]?.weight === 1000);
  assert.ok(seen.told.length < 500, `told ${seen.told.length} of 1000 versions`);
});

test('weft control serves, shows what it holds, and exits with 0 on SIGTERM', async (t) => {
  const control = await startChild(process.execPath, [MAIN, 'control', '--address', '127.0.0.1:0'], {
    name: 'weft control',
    ready: /registry listening/,
    owner: t,
  });
  const match = await control.waitFor(/registry listening address=(\S+):(\d+)/);
  const address = { host: match[1] ?? '', port: Number(match[2]) };
  const registry = await join(t, address, 'shop-1');
  const key = freshKey();
  await registry.publish(offer(key, '10.0.0.1:12200', { metadata: { app: 'shop' } }));
  const services: unknown = await (await fetch(`http://${address.host}:${address.port}/services`)).json();
  assert.deepEqual(services, {
    settled: false,
    sessions: 1,
    services: [
      { ...key, watchers: 0, instances: [{ address: '10.0.0.1:12200', weight: 100, metadata: { app: 'shop' } }] },
    ],
  });
  assert.deepEqual(await control.stop('SIGTERM'), { code: 0, signal: null });
  await waitUntil(() => registry.state === 'connecting', { what: 'the loss is noticed' });
});
