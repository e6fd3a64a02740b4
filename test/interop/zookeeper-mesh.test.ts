/** Apps with and without a sidecar in one mesh, which find each other in a real ZooKeeper, also when it has been away. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePort, waitUntil, type Owner } from '../support/children.ts';
import { startLoad } from '../support/load.ts';
import { endpointsAre, publishEcho, startSidecar, subscribeEcho, type TestSidecar } from '../support/mesh.ts';
import { openConsumer } from '../support/sofa-node.ts';
import {
  startAppServer,
  startPlainConsumer,
  startPlainProvider,
  type PlainConsumer,
} from '../support/zookeeper-apps.ts';
import { startZooKeeper, type ZooKeeper } from '../support/zookeeper.ts';

async function startSomeZooKeeper(owner: Owner): Promise<{ zookeeper: ZooKeeper; registry: object }> {
  const zookeeper = await startZooKeeper();
  owner.after(() => zookeeper[Symbol.asyncDispose]());
  return { zookeeper, registry: { type: 'zookeeper', address: zookeeper.connectString } };
}

/** An app that offers the service behind a sidecar. */
async function startBehind(owner: Owner, registry: object, name: string): Promise<TestSidecar> {
  const appPort = await freePort();
  await startAppServer(owner, name, appPort);
  const sidecar = await startSidecar(owner, { name: `sidecar-of-${name}`, registry, appPort });
  await publishEcho(sidecar, name, appPort);
  return sidecar;
}

/** Calls until `name` has answered. */
async function reaches(consumer: PlainConsumer, name: string): Promise<void> {
  await waitUntil(async () => (await consumer.name()) === name, {
    what: `${name} answers the plain consumer`,
    every: 0,
  });
}

function stateIs(state: string, ...sidecars: TestSidecar[]): Promise<unknown> {
  const check = async (): Promise<boolean> => {
    const states = await Promise.all(sidecars.map((sidecar) => sidecar.registryState()));
    return states.every((one) => one === state);
  };
  return waitUntil(check, { what: `the registry of each is ${state}` });
}

test('apps with and without sidecars call each other through ZooKeeper, which may go and come back', async (t) => {
  const { zookeeper, registry } = await startSomeZooKeeper(t);
  const behind = await startBehind(t, registry, 'behind');
  const consumer = await startSidecar(t, { name: 'sidecar-of-consumer', registry });
  await subscribeEcho(consumer, 'consumer');
  await endpointsAre(consumer, 1);
  await startPlainProvider(t, 'plain', await freePort(), zookeeper.connectString);
  await endpointsAre(consumer, 2);
  const plain = await startPlainConsumer(t, zookeeper.connectString);
  const app = await openConsumer(t, consumer.ports.egress);

  await t.test('the app behind a sidecar and the plain one call both providers', async (step) => {
    const load = startLoad(step, () => app.name());
    await Promise.all([load.served('plain'), load.served('behind'), reaches(plain, 'plain'), reaches(plain, 'behind')]);
    await load.stop();
    assert.deepEqual(load.failures, []);
  });

  await t.test('ZooKeeper goes and comes back under load: no call fails, and who is new is found', async (step) => {
    const load = startLoad(step, () => app.name());
    await load.served('behind');
    await zookeeper.stop();
    await stateIs('connecting', consumer, behind);
    await Promise.all([load.served('plain', 500), load.served('behind', 500)]);
    await zookeeper.start();
    await stateIs('connected', consumer, behind);
    await startPlainProvider(t, 'new-plain', await freePort(), zookeeper.connectString);
    await startBehind(t, registry, 'new-behind');
    await Promise.all([load.served('new-plain'), load.served('new-behind')]);
    await reaches(plain, 'new-behind');
    await load.stop();
    assert.deepEqual(load.failures, []);
  });
});
