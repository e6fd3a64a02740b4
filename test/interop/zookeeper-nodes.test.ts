/** Which nodes are in ZooKeeper while publications change, end and share a node. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestContext } from 'node:test';
import { systemClock } from '../../src/core/clock.ts';
import type { Registry, ServiceKey } from '../../src/registry/registry.ts';
import { ZkClient } from '../../src/registry/zookeeper/client.ts';
import type { ZookeeperOptions } from '../../src/registry/zookeeper/zookeeper-registry.ts';
import { silentLogger } from '../../src/telemetry/log.ts';
import type { Owner } from '../support/children.ts';
import { connected, eventually, freshKey, offer, record } from '../support/registry-contract.ts';
import { startRelay } from '../support/registry-relay.ts';
import { observe } from '../support/zookeeper-observer.ts';
import type { Observer } from '../support/zookeeper-observer.ts';
import { openRegistry, providersOf } from '../support/zookeeper-registry.ts';
import { startZooKeeper } from '../support/zookeeper.ts';
import type { ZooKeeper } from '../support/zookeeper.ts';

const A = '10.0.0.1:12200';

let zookeeper: ZooKeeper;
let other: Observer;
before(async () => {
  zookeeper = await startZooKeeper();
  other = await observe(zookeeper.address);
});
after(async () => {
  other.close();
  await zookeeper[Symbol.asyncDispose]();
});

function open(t: Owner, options: Partial<ZookeeperOptions> = {}): Promise<Registry> {
  return openRegistry(t, zookeeper.address, options);
}

/** The weights that the nodes of a service tell. */
async function weights(key: ServiceKey): Promise<number[]> {
  const nodes = await other.children(providersOf(key));
  return nodes.map((node) => Number(new URL(decodeURIComponent(node)).searchParams.get('weight')));
}

/** A bare session, connected. */
async function openClient(t: TestContext): Promise<ZkClient> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const client = new ZkClient(
    {
      servers: [zookeeper.address],
      sessionTimeout: 10_000,
      clock: systemClock,
      chance: Math.random,
      log: silentLogger,
    },
    { up: resolve, down() {}, event() {} },
  );
  t.after(() => client.close());
  await promise;
  return client;
}

test('unpublishing takes back every version, also one whose successor was not there yet', async (t) => {
  const registry = await open(t);
  const key = freshKey();
  await registry.publish(offer(key, A));
  void registry.publish(offer(key, A, { weight: 50 }));
  void registry.publish(offer(key, A, { weight: 25 }));
  await registry.unpublish(key, A);
  assert.deepEqual(await weights(key), []);
});

test('what is replaced and unpublished during an outage is gone after it', async (t) => {
  const relay = await startRelay(t, zookeeper.address.port);
  const registry = await open(t, { address: [{ host: '127.0.0.1', port: relay.port }] });
  const key = freshKey();
  await registry.publish(offer(key, A));
  relay.sever();
  await eventually('lost', () => registry.state === 'connecting');
  const replaced = registry.publish(offer(key, A, { weight: 50 }));
  const gone = registry.unpublish(key, A);
  relay.heal();
  await assert.rejects(replaced, { code: 'registry_unpublished' });
  await gone;
  await connected(registry);
  assert.deepEqual(await weights(key), []);
});

test('a version that comes back before it was replaced stays', async (t) => {
  const registry = await open(t);
  const key = freshKey();
  await registry.publish(offer(key, A));
  void registry.publish(offer(key, A, { weight: 50 }));
  await registry.publish(offer(key, A));
  await eventually('one node', async () => (await weights(key)).length === 1);
  assert.deepEqual(await weights(key), [100]);
  await registry.unpublish(key, A);
  assert.deepEqual(await weights(key), []);
});

test('publishing again while it is being unpublished ends both', async (t) => {
  const registry = await open(t);
  const key = freshKey();
  await registry.publish(offer(key, A));
  const unpublished = registry.unpublish(key, A);
  await registry.publish(offer(key, A));
  await unpublished;
  assert.deepEqual(await weights(key), [100]);
});

test('two names of one service share a node, which stays for as long as either is published', async (t) => {
  const registry = await open(t);
  const short = freshKey({ service: `${freshKey().service.split(':')[0]}` });
  const long = { ...short, service: `${short.service}:1.0` };
  const [first, second] = [record(registry, short), record(registry, long)];
  await Promise.all([registry.publish(offer(short, A)), registry.publish(offer(long, A))]);
  assert.deepEqual(await weights(short), [100]);
  await Promise.all([first.until(A), second.until(A)]);
  await registry.unpublish(short, A);
  assert.deepEqual(await weights(short), [100]);
  first.watch.close();
  const consumers = providersOf(short).replace('providers', 'consumers');
  await registry.publish(offer(freshKey(), A));
  assert.equal((await other.children(consumers)).length, 1, 'the other watch is still told');
  await registry.unpublish(long, A);
  await second.until();
  assert.deepEqual(await weights(short), []);
});

test('what an operator takes offline after its node was replaced takes no traffic', async (t) => {
  const registry = await open(t);
  const key = freshKey();
  const seen = record(registry, key);
  await registry.publish(offer(key, A));
  await seen.until(A);
  const [node = ''] = await other.children(providersOf(key));
  const path = `${providersOf(key)}/${node}`;
  // As a process does that is back before its session has expired: gone and there again in one step.
  const successor = await openClient(t);
  await successor.replace({ path, data: Buffer.of(1), ephemeral: true });
  await other.write(path, Buffer.of(0));
  await eventually('weight 0', () => seen.latest?.[0]?.weight === 0);
  await other.write(path, Buffer.of(1));
  await eventually('weight 100', () => seen.latest?.[0]?.weight === 100);
});
