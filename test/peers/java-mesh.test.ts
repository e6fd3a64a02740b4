/**
 * Java SOFARPC in mesh mode: the apps know no more than their own sidecar, where SOFARPC's MeshRegistry registers and
 * subscribes, and the sidecars find each other in the embedded registry.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePort, waitUntil, type Owner } from '../support/children.ts';
import { startJavaConsumer, type JavaConsumer } from '../support/java.ts';
import {
  ECHO,
  endpointsAre,
  publishedIs,
  publishEcho,
  startControl,
  startSidecar,
  type TestSidecar,
} from '../support/mesh.ts';
import { openConsumer, startProvider } from '../support/sofa-node.ts';
import * as calls from './echo-calls.ts';
import { startConsumerPlace, startProviderPlace, startRecordedConsumerPlace } from './java-place.ts';
import type { ConsumerPlace, ProviderPlace } from './java-place.ts';
import { assertDialect, type Side } from './recorder.ts';

test('Java calls Java through two sidecars', async (t) => {
  const { registry } = await startControl(t);
  const provider = await startProviderPlace(t, registry, 'provider');
  const { java: consumer, sidecar: egress } = await startConsumerPlace(t, registry);
  const direct = await startJavaConsumer({ app: 'consumer', direct: `bolt://127.0.0.1:${provider.port}` }, t);

  await t.test('values and sizes, to callers that wait, ask a future or are called back', () =>
    calls.checkValues(consumer),
  );
  await t.test('a thousand calls on eight threads, each with its own answer', () => calls.checkConcurrency(consumer));
  await t.test('large payloads at the same time', () => calls.checkLargeAtOnce(consumer));
  await t.test('one-way calls arrive, once each', () => calls.checkOneway(consumer, () => provider.java.told()));
  await t.test("the caller's timeout", () => calls.checkTimeout(consumer));
  await t.test('an exception that the interface declares', () => calls.checkJavaException(consumer));
  await t.test('declared and undeclared exceptions, as they arrive without a mesh', () =>
    calls.checkFailuresAlike(consumer, direct),
  );
  await t.test('all of it went through both sidecars', async () => {
    const through = await totalsOf(egress, ECHO);
    assert.ok(through['ok']! >= 1_048, `${through['ok']} calls`);
    assert.deepEqual(through, { ok: through['ok'], oneway: 20, timeout: 1 });
    assert.deepEqual(await totalsOf(provider.sidecar, `app@127.0.0.1:${provider.port}`), through);
  });
});

test('consumers of Bolt v1 and of v2 with CRC share a provider, and each is answered in its own version', async (t) => {
  const { registry } = await startControl(t);
  const provider = await startProviderPlace(t, registry, 'provider');
  const v1 = await startRecordedConsumerPlace(t, registry, { bolt: 1 });
  const v2 = await startRecordedConsumerPlace(t, registry, { bolt: 2 });

  await Promise.all([calls.checkConcurrency(v1.java), calls.checkConcurrency(v2.java)]);
  await calls.checkValues(v2.java);
  await calls.checkJavaException(v2.java);
  await calls.checkTimeout(v2.java);
  await calls.checkOneway(v2.java, () => provider.java.told());
  assertDialect(v1.recorder.frames, 1, 'none');
  assertDialect(v2.recorder.frames, 2, 'right');
});

test('heartbeats of an idle Java consumer are answered, and its connection lasts', async (t) => {
  const { registry } = await startControl(t);
  await startProviderPlace(t, registry, 'provider');
  const { java: consumer, recorder } = await startRecordedConsumerPlace(t, registry, { heartbeat: 100 });
  assert.equal(await consumer.call({ method: 'name' }), 'provider');
  const heartbeats = (from: Side): number[] =>
    recorder.frames.filter((frame) => frame.kind === 'heartbeat' && frame.from === from).map(({ id }) => id);
  // Bolt gives a connection up when three in a row go unanswered.
  await waitUntil(() => new Set(heartbeats('client')).intersection(new Set(heartbeats('server'))).size >= 4, {
    what: 'four heartbeats answered',
  });
  assert.equal(await consumer.call({ method: 'name' }), 'provider');
  assert.deepEqual(new Set(recorder.frames.map(({ connection }) => connection)), new Set([1]));
});

test('Node calls Java through two sidecars', async (t) => {
  const { registry } = await startControl(t);
  await startProviderPlace(t, registry, 'provider');
  const egress = await startSidecar(t, { name: 'consumer-sidecar', registry });
  await calls.checkNodeToJava(await openConsumer(t, egress.ports.egress));
});

test('Java calls Node through two sidecars', async (t) => {
  const { registry } = await startControl(t);
  const appPort = await freePort();
  await startProvider(t, 'provider', appPort);
  const ingress = await startSidecar(t, { name: 'provider-sidecar', registry, appPort });
  await publishEcho(ingress, 'provider', appPort);
  await publishedIs(ingress, true);
  const { java: consumer } = await startConsumerPlace(t, registry);
  await calls.checkJavaToNode(consumer);
});

test('a Java consumer that was there first follows its provider as it comes, leaves and comes back', async (t) => {
  const { registry } = await startControl(t);
  const consumer = await startConsumerPlace(t, registry);
  await expectRefusal(consumer.java);
  const provider = await startProviderPlace(t, registry, 'provider');
  await servesAtOnce(consumer);

  await provider.java.unexport();
  await endpointsAre(consumer.sidecar, 0);
  await expectRefusal(consumer.java);
  assert.deepEqual((await provider.sidecar.services()).publications, []);

  await provider.java.export();
  await servesAtOnce(consumer);
});

test('a Java provider that is frozen, or killed and started anew, is unpublished and published again', async (t) => {
  const { provider, consumer } = await startPair(t);
  provider.java.child.signal('SIGSTOP');
  await publishedIs(provider.sidecar, false);
  await endpointsAre(consumer.sidecar, 0);
  await expectRefusal(consumer.java);
  provider.java.child.signal('SIGCONT');
  await servesAtOnce(consumer);

  await provider.java.child.kill9();
  await endpointsAre(consumer.sidecar, 0);
  await expectRefusal(consumer.java);
  await provider.startAgain();
  await servesAtOnce(consumer);
});

test('sidecars killed with -9 and started anew serve and publish by themselves, and the Java apps go on', async (t) => {
  const { provider, consumer } = await startPair(t);
  await provider.sidecar.child.kill9();
  await endpointsAre(consumer.sidecar, 0);
  await expectRefusal(consumer.java);
  await provider.sidecar.restart();
  await servesAtOnce(consumer);

  await consumer.sidecar.child.kill9();
  // Nothing listens there: SOFARPC takes the address out of use, and tries it again every half second.
  const isOutOfUse = async (): Promise<boolean> => {
    // A call may still go to the connection that has just died, which SOFARPC has not seen yet.
    const { className } = await calls.failureOf(consumer.java, { method: 'name' });
    return className === 'com.alipay.sofa.rpc.core.exception.SofaRouteException';
  };
  await waitUntil(isOutOfUse, { what: 'the Java consumer has no address to call' });
  await consumer.sidecar.restart();
  // Before the app has said a word: the subscription is the sidecar's own.
  await endpointsAre(consumer.sidecar, 1);
  await waitUntil(() => consumer.java.call({ method: 'name' }), { what: 'the Java consumer is connected again' });
  await servesAtOnce(consumer);
});

/** The requests of a sidecar's cluster by outcome. */
async function totalsOf(sidecar: TestSidecar, cluster: string): Promise<Readonly<Record<string, number>>> {
  const view = (await sidecar.clusters()).find(({ name }) => name === cluster);
  return view?.totals ?? {};
}

/** A provider and a consumer which has called it. */
async function startPair(owner: Owner): Promise<{ provider: ProviderPlace; consumer: ConsumerPlace }> {
  const { registry } = await startControl(owner);
  const provider = await startProviderPlace(owner, registry, 'provider');
  const consumer = await startConsumerPlace(owner, registry);
  assert.equal(await consumer.java.call({ method: 'name' }), 'provider');
  return { provider, consumer };
}

/** From the moment when its sidecar knows the provider, no call fails. */
async function servesAtOnce({ java, sidecar }: ConsumerPlace): Promise<void> {
  await endpointsAre(sidecar, 1);
  assert.equal(await java.call({ method: 'name' }), 'provider');
  await calls.checkConcurrency(java);
}

/** The sidecar answers at once that nobody offers the service. */
async function expectRefusal(consumer: JavaConsumer): Promise<void> {
  const { className, message } = await calls.failureOf(consumer, { method: 'name' });
  assert.equal(className, 'com.alipay.sofa.rpc.core.exception.SofaRpcException');
  assert.match(message, /NO_PROCESSOR/);
}
