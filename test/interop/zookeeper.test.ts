import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { systemClock } from '../../src/core/clock.ts';
import { MAX_INSTANCE } from '../../src/registry/instances.ts';
import type { RegistryDeps } from '../../src/registry/registry-type.ts';
import type { Registry, ServiceKey } from '../../src/registry/registry.ts';
import type { ZookeeperOptions } from '../../src/registry/zookeeper/zookeeper-registry.ts';
import { freePort, startChild } from '../support/children.ts';
import type { Child, Owner } from '../support/children.ts';
import { eventually, freshKey, offer, record, registryContract } from '../support/registry-contract.ts';
import { startAppServer, startPlainConsumer, startPlainProvider } from '../support/zookeeper-apps.ts';
import { observe } from '../support/zookeeper-observer.ts';
import type { Observer } from '../support/zookeeper-observer.ts';
import { openRegistry, providersOf, SHORT_SESSION } from '../support/zookeeper-registry.ts';
import { startZooKeeper } from '../support/zookeeper.ts';
import type { ZooKeeper } from '../support/zookeeper.ts';

const ECHO: ServiceKey = { service: 'com.demo.Echo:1.0', protocol: 'bolt', group: '' };
const HOLDER = new URL('../support/zookeeper-holder.ts', import.meta.url).pathname;

let zookeeper: ZooKeeper;
before(async () => {
  zookeeper = await startZooKeeper();
});
after(() => zookeeper[Symbol.asyncDispose]());

function open(t: Owner, options: Partial<ZookeeperOptions> = {}, deps?: Partial<RegistryDeps>): Promise<Registry> {
  return openRegistry(t, zookeeper.address, options, deps);
}

async function observer(t: TestContext, credential?: string): Promise<Observer> {
  const other = await observe(zookeeper.address, credential);
  t.after(() => other.close());
  return other;
}

function startHolder(t: TestContext, key: ServiceKey, sessionTimeout: number): Promise<Child> {
  const run = [HOLDER, String(zookeeper.address.port), key.service, String(sessionTimeout)];
  return startChild(process.execPath, run, { name: 'holder', ready: /published/, owner: t });
}

/** The names of the nodes of one address. */
async function nodesAt(other: Observer, key: ServiceKey, address: string): Promise<string[]> {
  return (await other.children(providersOf(key))).filter((name) => decodeURIComponent(name).includes(`//${address}?`));
}

registryContract('zookeeper', async () => {
  const closers: (() => PromiseLike<void>)[] = [];
  return {
    create: () => open({ after: (fn) => void closers.push(fn) }),
    dispose: async () => void (await Promise.all(closers.map((close) => close()))),
  };
});

describe('what is in ZooKeeper', () => {
  test('is the layout of SOFARPC, as another client sees it', async (t) => {
    const other = await observer(t);
    const registry = await open(t);
    const key = freshKey();
    const seen = record(registry, key);
    await registry.publish(offer(key, '10.0.0.1:12200', { metadata: { app: 'shop' } }));
    await seen.until('10.0.0.1:12200');
    const [node = ''] = await other.children(providersOf(key));
    const url = new URL(decodeURIComponent(node));
    assert.deepEqual([url.protocol, url.host], ['bolt:', '10.0.0.1:12200']);
    assert.equal(url.searchParams.get('interface'), key.service.split(':')[0]);
    const { data, owner } = await other.read(`${providersOf(key)}/${node}`);
    assert.deepEqual([data, owner !== 0n], [Buffer.of(1), true]);
    const consumers = providersOf(key).replace('providers', 'consumers');
    await eventually('a consumer node', async () => (await other.children(consumers)).length === 1);
    const [consumer = ''] = await other.children(consumers);
    assert.match(decodeURIComponent(consumer), /^bolt:\/\/[\d.]+\?version=1\.0&uniqueId=&.*appName=shop/);
    seen.watch.close();
    await registry.unpublish(key, '10.0.0.1:12200');
    await eventually('no consumer node', async () => (await other.children(consumers)).length === 0);
    assert.deepEqual(await other.children(providersOf(key)), []);
  });

  test('begins below the root', async (t) => {
    const other = await observer(t);
    const registry = await open(t, { root: '/some/where/' });
    const key = freshKey();
    await registry.publish(offer(key, '10.0.0.1:12200'));
    assert.equal((await other.children(providersOf(key, '/some/where'))).length, 1);
  });

  test('belongs to who has the credential, when there is one', async (t) => {
    const registry = await open(t, { root: '/secured', auth: { scheme: 'digest', credential: 'user:secret' } });
    const key = freshKey();
    const seen = record(registry, key);
    await registry.publish(offer(key, '10.0.0.1:12200'));
    await seen.until('10.0.0.1:12200');
    const path = providersOf(key, '/secured');
    await assert.rejects((await observer(t)).children(path), /NO_AUTH/);
    const other = await observer(t, 'user:secret');
    assert.deepEqual(await other.access(path), ['digest']);
  });

  test('is put back when somebody removes it', async (t) => {
    const other = await observer(t);
    const registry = await open(t, { verify: 50 });
    const key = freshKey();
    await registry.publish(offer(key, '10.0.0.1:12200'));
    const seen = record(registry, key);
    await seen.until('10.0.0.1:12200');
    const [node = ''] = await other.children(providersOf(key));
    await other.remove(`${providersOf(key)}/${node}`);
    await eventually('gone and back', () => seen.told.length === 3);
    await seen.until('10.0.0.1:12200');
    seen.watch.close();
  });

  test('takes no traffic when its data says offline, as soon as that is written', async (t) => {
    const other = await observer(t);
    const registry = await open(t);
    const key = freshKey();
    await registry.publish(offer(key, '10.0.0.1:12200'));
    const seen = record(registry, key);
    await eventually('online', () => seen.latest?.[0]?.weight === 100);
    const [node = ''] = await other.children(providersOf(key));
    for (const [byte, weight] of [
      [0, 0],
      [1, 100],
      [0, 0],
    ] as const) {
      await other.write(`${providersOf(key)}/${node}`, Buffer.of(byte));
      await eventually(`weight ${weight}`, () => seen.latest?.[0]?.weight === weight);
    }
    seen.watch.close();
  });

  test('may change in a storm: the last state is what is told', async (t) => {
    const other = await observer(t);
    const registry = await open(t);
    const key = freshKey();
    const path = providersOf(key);
    await other.makePath(path);
    const seen = record(registry, key);
    await seen.until();
    const node = (index: number): string =>
      `${path}/${encodeURIComponent(`bolt://10.0.0.1:${1000 + index}?version=1.0`)}`;
    await Promise.all(Array.from({ length: 300 }, (_, index) => other.create(node(index), true)));
    await Promise.all(Array.from({ length: 298 }, (_, index) => other.remove(node(index))));
    await seen.until('10.0.0.1:1298', '10.0.0.1:1299');
    assert.ok(seen.told.length < 300, `${seen.told.length} lists for 598 changes`);
    seen.watch.close();
  });
});

describe('a killed process', () => {
  test('that is back within its session timeout takes over from its old node, and no call is lost', async (t) => {
    const other = await observer(t);
    const consumer = await open(t);
    const key = freshKey();
    const seen = record(consumer, key);
    await seen.until();
    const first = await startHolder(t, key, 30_000);
    await seen.until('10.9.9.9:12200');
    const [oldNode] = await nodesAt(other, key, '10.9.9.9:12200');
    await first.kill9();
    await startHolder(t, key, 30_000);
    await eventually('one node, another than before', async () => {
      const [node, ...more] = await nodesAt(other, key, '10.9.9.9:12200');
      return node !== undefined && node !== oldNode && more.length === 0;
    });
    const gaps = seen.told.slice(1).filter((list) => list.length === 0);
    assert.deepEqual(gaps, [], `no gap after the first publication: ${JSON.stringify(seen.told)}`);
    seen.watch.close();
  });

  test('leaves the list when its session expires', async (t) => {
    const key = freshKey();
    const seen = record(await open(t), key);
    const holder = await startHolder(t, key, SHORT_SESSION);
    await seen.until('10.9.9.9:12200');
    await holder.kill9();
    await seen.until();
    seen.watch.close();
  });

  test('whose node has the same name as ours is replaced: the node then belongs to our session', async (t) => {
    const other = await observer(t);
    // The name holds the process's id and start; with both the same, so is the name.
    const still = { clock: { ...systemClock, wall: () => 1_700_000_000_000 } };
    const [old, now] = [await open(t, {}, still), await open(t, {}, still)];
    const key = freshKey();
    // Its name may be as long as can be: the request that replaces it holds it twice.
    const largest = offer(key, '10.0.0.1:12200', { metadata: { text: '%'.repeat(MAX_INSTANCE - 1000) } });
    await old.publish(largest);
    const [earlier = ''] = await nodesAt(other, key, '10.0.0.1:12200');
    const path = `${providersOf(key)}/${earlier}`;
    const { owner } = await other.read(path);
    const seen = record(now, key);
    await seen.until('10.0.0.1:12200');
    await now.publish(largest);
    assert.notEqual((await other.read(path)).owner, owner);
    await old.close();
    assert.deepEqual(await nodesAt(other, key, '10.0.0.1:12200'), [earlier], 'it outlives the old session');
    assert.deepEqual(seen.told, [['10.0.0.1:12200']]);
    seen.watch.close();
  });
});

describe('plain SOFARPC apps (sofa-rpc-node)', () => {
  test('are found by a sidecar', async (t) => {
    const port = await freePort();
    const registry = await open(t);
    const seen = record(registry, ECHO);
    await seen.until();
    const provider = await startPlainProvider(t, 'plain', port, zookeeper.connectString);
    await seen.until(`127.0.0.1:${port}`);
    const [instance] = seen.latest ?? [];
    assert.deepEqual(
      [instance?.weight, instance?.metadata['app'], instance?.metadata['serialization']],
      [100, 'plain', 'hessian2'],
    );
    await provider.stop();
    seen.watch.close();
  });

  test('find what a sidecar publishes, and call it', async (t) => {
    const port = await freePort();
    await startAppServer(t, 'behind', port);
    const registry = await open(t, { root: '/' });
    await registry.publish(
      offer(ECHO, `127.0.0.1:${port}`, { metadata: { app: 'behind', serialization: 'hessian2' } }),
    );
    const consumer = await startPlainConsumer(t, zookeeper.connectString);
    assert.equal(await consumer.name(), 'behind');
    await registry.close();
  });
});
