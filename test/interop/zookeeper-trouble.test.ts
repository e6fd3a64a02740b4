/** What can go wrong between a client and ZooKeeper, which itself is well. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { after, before, test } from 'node:test';
import type { HostPort } from '../../src/config/address.ts';
import { ManualClock } from '../../src/core/manual-clock.ts';
import type { RegistryDeps } from '../../src/registry/registry-type.ts';
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

function open(t: Owner, options: Partial<ZookeeperOptions> = {}, deps?: Partial<RegistryDeps>): Promise<Registry> {
  return openRegistry(t, zookeeper.address, options, deps);
}

const local = (port: number): HostPort => ({ host: '127.0.0.1', port });

/** A server that takes connections and never says a word. */
async function startSilent(t: Owner): Promise<{ port: number; connections(): number }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => void sockets.push(socket.on('error', () => socket.destroy()).resume()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return { port: (server.address() as AddressInfo).port, connections: () => sockets.length };
}

test('a client that starts before its server gets all that it asked for', async (t) => {
  const port = await freePort();
  const registry = await open(t, { address: [local(port), zookeeper.address] });
  const key = freshKey();
  const seen = record(registry, key);
  await registry.publish(offer(key, '10.0.0.1:12200'));
  await seen.until('10.0.0.1:12200');
});

test('a session outlives a server that falls silent, and another that takes no session', async (t) => {
  const relay = await startRelay(t, zookeeper.address.port);
  const silent = await startSilent(t);
  const ensemble = { address: [local(relay.port), local(silent.port)], sessionTimeout: 6000 };
  // The servers in this order, and every wait as long as can be.
  const provider = await open(t, ensemble, { chance: () => 0.999 });
  const key = freshKey();
  await provider.publish(offer(key, '10.0.0.1:12200'));
  const seen = record(await open(t), key);
  await seen.until('10.0.0.1:12200');
  relay.cut();
  await eventually('lost', () => provider.state === 'connecting');
  await connected(provider);
  assert.equal(silent.connections(), 1);
  await provider.publish(offer(key, '10.0.0.2:12200'));
  await seen.until('10.0.0.1:12200', '10.0.0.2:12200');
  assert.deepEqual(seen.told, [['10.0.0.1:12200'], ['10.0.0.1:12200', '10.0.0.2:12200']], 'the session was kept');
});

test('a client that is cut off beyond its session publishes again; who watched with it sees no gap', async (t) => {
  const relay = await startRelay(t, zookeeper.address.port);
  const behind = { address: [local(relay.port)], sessionTimeout: SHORT_SESSION };
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
  const behind = (relay: Relay): Partial<ZookeeperOptions> => ({ address: [local(relay.port)] });
  const provider = await open(t, { ...behind(far), sessionTimeout: SHORT_SESSION });
  const outside = await open(t);
  const clock = new ManualClock();
  const consumer = await open(t, behind(near), { clock });
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
    address: [local(relay.port)],
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
