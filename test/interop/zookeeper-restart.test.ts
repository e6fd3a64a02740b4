import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { systemClock } from '../../src/core/clock.ts';
import type { Registry, ServiceKey } from '../../src/registry/registry.ts';
import { zookeeperRegistry } from '../../src/registry/zookeeper/zookeeper-registry.ts';
import { silentLogger } from '../../src/telemetry/log.ts';
import { connected, eventually, freshKey, offer, record } from '../support/registry-contract.ts';
import type { Recorder } from '../support/registry-contract.ts';
import { startZooKeeper } from '../support/zookeeper.ts';
import type { ZooKeeper } from '../support/zookeeper.ts';

/** ms; every outage here is measured against it. */
const SESSION = 1500;

let zookeeper: ZooKeeper;
let provider: Registry;
let consumer: Registry;
let key: ServiceKey;
let seen: Recorder;

before(async () => {
  zookeeper = await startZooKeeper();
});
after(() => zookeeper[Symbol.asyncDispose]());

beforeEach(async () => {
  [provider, consumer] = await Promise.all([open('provider'), open('consumer')]);
  key = freshKey();
  await provider.publish(offer(key, '10.0.0.1:12200'));
  seen = record(consumer, key);
  await seen.until('10.0.0.1:12200');
});
afterEach(() => Promise.all([provider.close(), consumer.close()]));

function open(nodeId: string): Promise<Registry> {
  return zookeeperRegistry.create(
    { address: [zookeeper.address], root: '/', sessionTimeout: SESSION, settle: 2000, backoff: { base: 20, max: 200 } },
    { clock: systemClock, chance: Math.random, log: silentLogger, nodeId },
  );
}

async function bothLost(): Promise<void> {
  await eventually('both have lost it', () => [provider, consumer].every(({ state }) => state === 'connecting'));
}

/** Publications, watches and their ends work again, and the outage showed in no list. */
async function allIsWell(): Promise<void> {
  await Promise.all([connected(provider), connected(consumer)]);
  await provider.publish(offer(key, '10.0.0.2:12200'));
  await seen.until('10.0.0.1:12200', '10.0.0.2:12200');
  const late = record(consumer, key);
  await late.until('10.0.0.1:12200', '10.0.0.2:12200');
  await provider.unpublish(key, '10.0.0.2:12200');
  await seen.until('10.0.0.1:12200');
  const fresh = await open('fresh');
  const first = record(fresh, key);
  await first.until('10.0.0.1:12200');
  await fresh.close();
  const gaps = seen.told.filter((list) => !list.includes('10.0.0.1:12200'));
  assert.deepEqual(gaps, [], `the provider was there all the time: ${JSON.stringify(seen.told)}`);
}

test('a server that is stopped and started in the middle', async () => {
  await zookeeper.stop();
  await bothLost();
  assert.equal(seen.watch.instances?.length, 1, 'the last instances stay known');
  const wanted = provider.publish(offer(key, '10.0.0.3:12200'));
  await zookeeper.start();
  await wanted;
  await provider.unpublish(key, '10.0.0.3:12200');
  await allIsWell();
});

test('a server that is killed and stays away for longer than the sessions', async () => {
  await zookeeper.kill();
  const since = performance.now();
  await eventually('beyond the sessions', () => performance.now() - since > SESSION * 1.5);
  await zookeeper.start();
  await allIsWell();
});

test('a server that comes back without its data', async () => {
  await zookeeper.stop();
  await zookeeper.wipe();
  const since = performance.now();
  await eventually('beyond the sessions', () => performance.now() - since > SESSION);
  await zookeeper.start();
  await allIsWell();
});

test('a server that is frozen for longer than the sessions', async () => {
  zookeeper.freeze();
  const since = performance.now();
  await bothLost();
  await eventually('beyond the sessions', () => performance.now() - since > SESSION * 2);
  zookeeper.thaw();
  await allIsWell();
});

test('a server that is frozen for a moment only', async () => {
  zookeeper.freeze();
  const since = performance.now();
  await eventually('a moment', () => performance.now() - since > SESSION / 3);
  zookeeper.thaw();
  await allIsWell();
});

test('close does not hang while there is no server', async () => {
  await zookeeper.stop();
  await bothLost();
  const pending = provider.publish(offer(key, '10.0.0.4:12200'));
  const removal = provider.unpublish(key, '10.0.0.1:12200');
  await provider.close();
  await assert.rejects(pending, { code: 'registry_closed' });
  await removal;
  await zookeeper.start();
});
