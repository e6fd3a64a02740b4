/** What can go wrong between a client and ZooKeeper, which itself is well. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Clock } from '../../src/core/clock.ts';
import { ManualClock } from '../../src/core/manual-clock.ts';
import type { Registry } from '../../src/registry/registry.ts';
import type { ZookeeperOptions } from '../../src/registry/zookeeper/zookeeper-registry.ts';
import { freePort } from '../support/children.ts';
import type { Owner } from '../support/children.ts';
import { connected, eventually, freshKey, offer, record } from '../support/registry-contract.ts';
import { startRelay } from '../support/registry-relay.ts';
import type { Relay } from '../support/registry-relay.ts';
import { openRegistry, SETTLE, SHORT_SESSION } from '../support/zookeeper-registry.ts';
import { startZooKeeper } from '../support/zookeeper.ts';
import type { ZooKeeper } from '../support/zookeeper.ts';

let zookeeper: ZooKeeper;
before(async () => {
  zookeeper = await startZooKeeper();
});
after(() => zookeeper[Symbol.asyncDispose]());

function open(t: Owner, options: Partial<ZookeeperOptions> = {}, clock?: Clock): Promise<Registry> {
  return openRegistry(t, zookeeper.address, options, clock);
}

test('a client that starts before its server gets all that it asked for', async (t) => {
  const port = await freePort();
  const registry = await open(t, { address: [{ host: '127.0.0.1', port }, zookeeper.address] });
  const key = freshKey();
  const seen = record(registry, key);
  await registry.publish(offer(key, '10.0.0.1:12200'));
  await seen.until('10.0.0.1:12200');
});

test('a client that is cut off beyond its session publishes again; who watched with it sees no gap', async (t) => {
  const relay = await startRelay(t, zookeeper.address.port);
  const behind = { address: [{ host: '127.0.0.1', port: relay.port }], sessionTimeout: SHORT_SESSION };
  const provider = await open(t, behind);
  const consumer = await open(t, behind);
  const outside = await open(t);
  const key = freshKey();
  await provider.publish(offer(key, '10.0.0.1:12200'));
  const [inside, free] = [record(consumer, key), record(outside, key)];
  await Promise.all([inside.until('10.0.0.1:12200'), free.until('10.0.0.1:12200')]);
  relay.sever();
  await free.until();
  relay.heal();
  await free.until('10.0.0.1:12200');
  await Promise.all([connected(provider), connected(consumer)]);
  // Something else that is new shows that the consumer has caught up.
  await outside.publish(offer(key, '10.0.0.2:12200'));
  await inside.until('10.0.0.1:12200', '10.0.0.2:12200');
  await outside.unpublish(key, '10.0.0.2:12200');
  await inside.until('10.0.0.1:12200');
  assert.ok(!inside.told.some((list) => list.length === 0), JSON.stringify(inside.told));
});

test('a connection that is lost again at once is no reason to believe what it did not list', async (t) => {
  const [near, far] = [await startRelay(t, zookeeper.address.port), await startRelay(t, zookeeper.address.port)];
  const behind = (relay: Relay): Partial<ZookeeperOptions> => ({
    address: [{ host: '127.0.0.1', port: relay.port }],
  });
  const provider = await open(t, { ...behind(far), sessionTimeout: SHORT_SESSION });
  const outside = await open(t);
  const clock = new ManualClock();
  const consumer = await open(t, behind(near), clock);
  const lost = (): Promise<void> => eventually('lost', () => consumer.state === 'connecting');
  const regained = (): Promise<void> =>
    eventually('regained', () => {
      clock.advance(50);
      return consumer.state === 'connected';
    });
  const key = freshKey();
  await provider.publish(offer(key, '10.0.0.1:1'));
  const [inside, free] = [record(consumer, key), record(outside, key)];
  await Promise.all([inside.until('10.0.0.1:1'), free.until('10.0.0.1:1')]);
  near.sever();
  far.sever();
  await Promise.all([lost(), free.until()]);
  near.heal();
  await regained();
  // What is new shows that it has read the list in which the provider is not.
  await outside.publish(offer(key, '10.0.0.2:1'));
  await inside.until('10.0.0.1:1', '10.0.0.2:1');
  near.sever();
  await lost();
  clock.advance(SETTLE * 2);
  far.heal();
  await free.until('10.0.0.1:1', '10.0.0.2:1');
  // Nor is what was read before the loss to be believed while the new list is still on its way.
  const stop = consumer.onState((state) => state === 'connected' && near.pause());
  near.heal();
  await regained();
  stop();
  clock.advance(SETTLE * 2);
  near.resume();
  await outside.publish(offer(key, '10.0.0.3:1'));
  await inside.until('10.0.0.1:1', '10.0.0.2:1', '10.0.0.3:1');
  assert.deepEqual(
    inside.told.filter((list) => !list.includes('10.0.0.1:1')),
    [],
  );
});

test('a connection that goes silent is given up and made again', async (t) => {
  const relay = await startRelay(t, zookeeper.address.port);
  const registry = await open(t, {
    address: [{ host: '127.0.0.1', port: relay.port }],
    sessionTimeout: SHORT_SESSION,
  });
  const key = freshKey();
  await registry.publish(offer(key, '10.0.0.1:12200'));
  const states: string[] = [];
  registry.onState((state) => states.push(state));
  relay.cut();
  await eventually('lost and back', () => states.length === 2);
  assert.deepEqual(states, ['connecting', 'connected']);
  const seen = record(registry, key);
  await seen.until('10.0.0.1:12200');
});
