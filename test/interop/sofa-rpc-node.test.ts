/** A real SOFARPC consumer and provider (npm's sofa-rpc-node) through two sidecars and the embedded registry. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePort, waitUntil } from '../support/children.ts';
import { ECHO, publishEcho, startControl, startSidecar, subscribeEcho } from '../support/mesh.ts';
import { echoRequest, openBoltClient, openConsumer, startProvider, type EchoConsumer } from '../support/sofa-node.ts';

test('sofa-rpc-node through two sidecars', async (t) => {
  const { registry } = await startControl(t);
  const appPort = await freePort();
  const provider = await startProvider(t, 'provider-a', appPort);
  const ingress = await startSidecar(t, { name: 'sidecar-a', registry, appPort });
  await publishEcho(ingress, 'provider-a', appPort);
  const egress = await startSidecar(t, { name: 'sidecar-b', registry });
  const url = await waitUntil(async () => (await subscribeEcho(egress, 'consumer'))[0], {
    what: 'the provider is published',
  });
  assert.match(url, new RegExp(`^127\\.0\\.0\\.1:${ingress.ports.ingress}\\?`));
  const consumer = await openConsumer(t, egress.ports.egress);
  const direct = await openConsumer(t, appPort);

  await t.test('1,000 concurrent calls, each answered with its own reply', async () => {
    const replies = await Promise.all(Array.from({ length: 1000 }, (_, i) => consumer.echo(`call ${i}`)));
    assert.deepEqual(
      replies,
      Array.from({ length: 1000 }, (_, i) => `call ${i}`),
    );
    assert.equal(await consumer.name(), 'provider-a');
  });

  await t.test('payloads from nothing to megabytes come back byte for byte', async () => {
    for (const size of [0, 1, 1023, 65_535, 65_536, 65_537, 1 << 20, 6 << 20]) {
      assert.equal(await consumer.echoBytes(size), size);
    }
    const sizes = Array.from({ length: 24 }, (_, i) => i * 40_009);
    assert.deepEqual(await Promise.all(sizes.map((size) => consumer.echoBytes(size))), sizes);
  });

  await t.test('an error thrown by the service reads as it does without sidecars', async () => {
    const told = async (caller: EchoConsumer): Promise<string> =>
      caller.fail('no such order').then(
        () => assert.fail('must reject'),
        (error: Error) => error.message,
      );
    const through = await told(consumer);
    assert.match(through, /no such order/);
    assert.equal(through, await told(direct));
  });

  await t.test('a call that takes too long times out at its own deadline, and the connection goes on', async () => {
    const started = performance.now();
    await assert.rejects(consumer.slow(2_000, 300), /300|timeout|no reply|no response/i);
    assert.ok(performance.now() - started < 1_500);
    assert.equal(await consumer.slow(50, 1_000), 'slept 50');
  });

  await t.test('a one-way call of sofa-bolt-node arrives, and its other calls are answered', async () => {
    const raw = await openBoltClient(t, egress.ports.egress);
    raw.oneway(echoRequest('tell', 'one-way 42'));
    assert.equal((await raw.invoke(echoRequest('echo', 'raw'))).data.appResponse, 'raw');
    await provider.waitFor(/TOLD one-way 42/);
  });

  await t.test('a service that nobody offers is refused with the reason', async () => {
    const stranger = await openConsumer(t, egress.ports.egress, 'com.demo.Nobody');
    await assert.rejects(stranger.echo('x'), /com\.demo\.Nobody:1\.0: no endpoint is known/);
  });

  await t.test('the numbers of the sidecar agree with the calls', async () => {
    const [cluster] = (await egress.clusters()).filter(({ name }) => name === ECHO);
    assert.ok(cluster!.totals['ok']! >= 1000);
    assert.equal(cluster!.totals['error'], 1);
    assert.equal(cluster!.totals['timeout'], 1);
    assert.equal(cluster!.totals['oneway'], 1);
    assert.equal(cluster!.active, 0);
    // As /clusters has them: seconds.
    const { p50, p99 } = cluster!.latency as unknown as { p50: number; p99: number };
    assert.ok(p50 > 0 && p99 >= p50 && p99 <= 3, `p50 ${p50}, p99 ${p99}`);
    assert.match(await egress.metrics(), /weft_requests_total\{cluster="com\.demo\.Echo:1\.0",outcome="timeout"\} 1\n/);
  });
});
