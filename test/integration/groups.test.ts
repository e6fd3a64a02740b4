/** One service in two groups, at sidecars that find each other in a registry. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Owner } from '../support/children.ts';
import { ECHO, endpointsAre, publishedIs, startControl, startSidecar, type TestSidecar } from '../support/mesh.ts';
import { openRawClient, replyTo, requestOf, startRawProvider } from '../support/raw-bolt.ts';

const CALLS = 20;

/** A provider that answers with the name of its group, and offers the service in it. */
async function startProvider(owner: Owner, registry: object, group: string): Promise<TestSidecar> {
  const { port } = await startRawProvider(owner, (frame, peer) => peer.send(replyTo(frame, Buffer.from(group))));
  const sidecar = await startSidecar(owner, { name: `provider-${group}`, registry, appPort: port });
  await sidecar.post('/configs/application', { appName: 'provider' });
  await sidecar.post('/services/publish', { serviceName: ECHO, group });
  await publishedIs(sidecar, true);
  return sidecar;
}

/** Who answers the calls that an app makes through its sidecar. */
async function answers(owner: Owner, sidecar: TestSidecar): Promise<Set<string>> {
  const client = await openRawClient(owner, sidecar.ports.egress);
  const seen = new Set<string>();
  for (let id = 1; id <= CALLS; id++) {
    client.send(requestOf(ECHO, id, Buffer.alloc(0)));
    seen.add((await client.reply(id)).content.toString('latin1'));
  }
  return seen;
}

test('calls go to the group that the app has subscribed to, and to no other', async (t) => {
  const { registry } = await startControl(t);
  const blue = await startProvider(t, registry, 'blue');
  await startProvider(t, registry, 'green');
  const consumer = await startSidecar(t, { name: 'consumer', registry });
  await consumer.post('/configs/application', { appName: 'consumer' });
  for (const group of ['blue', 'green']) {
    const { datas } = await consumer.post('/services/subscribe', { serviceName: ECHO, group });
    assert.equal((datas as string[]).length, 1);
    await endpointsAre(consumer, 1);
    assert.deepEqual(await answers(t, consumer), new Set([group]));
    const second = { serviceName: ECHO, group: 'red' };
    await assert.rejects(consumer.post('/services/subscribe', second), /is subscribed to in group \w+ already/);
    await consumer.post('/services/unsubscribe', { serviceName: ECHO, group });
  }
  await assert.rejects(blue.post('/services/publish', { serviceName: ECHO }), /is published in group blue already/);
});
