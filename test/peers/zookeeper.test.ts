/** Java SOFARPC without sidecars, which finds and is found through ZooKeeper. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestContext } from 'node:test';
import { systemClock } from '../../src/core/clock.ts';
import type { Registry, ServiceKey } from '../../src/registry/registry.ts';
import { zookeeperRegistry } from '../../src/registry/zookeeper/zookeeper-registry.ts';
import { silentLogger } from '../../src/telemetry/log.ts';
import { freePort } from '../support/children.ts';
import { startJavaConsumer, startJavaProvider } from '../support/java.ts';
import { eventually, offer, record } from '../support/registry-contract.ts';
import { startZooKeeper } from '../support/zookeeper.ts';
import type { ZooKeeper } from '../support/zookeeper.ts';

const ECHO: ServiceKey = { service: 'com.demo.Echo:1.0', protocol: 'bolt', group: '' };

let zookeeper: ZooKeeper;
before(async () => {
  zookeeper = await startZooKeeper();
});
after(() => zookeeper[Symbol.asyncDispose]());

async function open(t: TestContext): Promise<Registry> {
  const registry = await zookeeperRegistry.create(
    { address: [zookeeper.address], root: '/', sessionTimeout: 10_000 },
    { clock: systemClock, chance: Math.random, log: silentLogger, nodeId: 'sidecar' },
  );
  t.after(() => registry.close());
  return registry;
}

test('a Java provider is seen, with its facts, and seen to go', async (t) => {
  const registry = await open(t);
  const seen = record(registry, ECHO);
  await seen.until();
  const port = await freePort();
  const address = zookeeper.connectString;
  const java = await startJavaProvider(
    {
      app: 'java',
      name: 'java',
      host: '127.0.0.1',
      port,
      virtualHost: '127.0.0.1',
      virtualPort: port,
      registry: { protocol: 'zookeeper', address },
    },
    t,
  );
  await seen.until(`127.0.0.1:${port}`);
  const [instance] = seen.latest ?? [];
  assert.deepEqual([instance?.weight, instance?.metadata['app']], [100, 'java']);
  await java.unexport();
  await seen.until();
});

test('a Java consumer calls what a sidecar published, follows its changes, and sees it go', async (t) => {
  const registry = await open(t);
  const ports = [await freePort(), await freePort()];
  for (const [index, port] of ports.entries()) {
    await startJavaProvider({ app: 'behind', name: `behind ${index}`, host: '127.0.0.1', port }, t);
  }
  const odd = { app: 'behind', serialization: 'hessian2', note: 'a/b=c&d', empty: '' };
  const [first = 0, second = 0] = ports;
  await registry.publish(offer(ECHO, `127.0.0.1:${first}`, { metadata: odd }));
  const address = zookeeper.connectString;
  const consumer = await startJavaConsumer({ app: 'caller', registry: { protocol: 'zookeeper', address } }, t);
  assert.equal(await consumer.call({ method: 'name' }), 'behind 0');
  await registry.publish(offer(ECHO, `127.0.0.1:${second}`, { metadata: odd }));
  await eventually('both are called', async () => (await consumer.call({ method: 'name' })) === 'behind 1');
  await registry.publish(offer(ECHO, `127.0.0.1:${second}`, { metadata: { ...odd, zone: 'RZ01A' } }));
  await registry.unpublish(ECHO, `127.0.0.1:${first}`);
  await eventually('only the second', async () => {
    const names = await Promise.all(Array.from({ length: 8 }, () => consumer.call({ method: 'name' })));
    return names.every((name) => name === 'behind 1');
  });
});
