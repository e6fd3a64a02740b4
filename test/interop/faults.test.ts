/** Real SOFARPC providers killed, frozen and restarted under load, and sidecars too. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePort, waitUntil, type Child, type Owner } from '../support/children.ts';
import { startLoad } from '../support/load.ts';
import {
  ECHO,
  endpointsAre,
  publishEcho,
  startControl,
  startSidecar,
  subscribeEcho,
  type TestSidecar,
} from '../support/mesh.ts';
import { openConsumer, startProvider, type EchoConsumer } from '../support/sofa-node.ts';

interface Place {
  readonly name: string;
  readonly port: number;
  readonly sidecar: TestSidecar;
  readonly provider: Child;
}

/** A provider with its sidecar, published. */
async function startPlace(owner: Owner, registry: object, name: string): Promise<Place> {
  const port = await freePort();
  const provider = await startProvider(owner, name, port);
  const sidecar = await startSidecar(owner, { name: `${name}-sidecar`, registry, appPort: port });
  await publishEcho(sidecar, name, port);
  return { name, port, sidecar, provider };
}

const RETRY_ALL = { retries: { attempts: 2, on: ['connect-failure', 'reset'] } };

async function startConsumer(
  owner: Owner,
  registry: object,
  policy: object = {},
): Promise<[EchoConsumer, TestSidecar]> {
  const sidecar = await startSidecar(owner, { name: 'consumer-sidecar', registry, clusterDefaults: policy });
  await subscribeEcho(sidecar, 'consumer');
  return [await openConsumer(owner, sidecar.ports.egress), sidecar];
}

test('providers come, are killed, come back and go gracefully under load, and no call fails', async (t) => {
  const { registry } = await startControl(t);
  const a = await startPlace(t, registry, 'a');
  const [consumer, egress] = await startConsumer(t, registry, RETRY_ALL);
  await endpointsAre(egress, 1);
  const load = startLoad(t, () => consumer.name(1_000));
  await load.served('a');

  const b = await startPlace(t, registry, 'b');
  await load.served('b');

  await a.provider.kill9();
  await endpointsAre(egress, 1);
  await load.served('b');

  await startProvider(t, 'a', a.port);
  await endpointsAre(egress, 2);
  await load.served('a');

  // The sidecar's own graceful end: it leaves the registry first.
  await b.sidecar.child.stop();
  await endpointsAre(egress, 1);
  await load.served('a');
  await load.stop();
  assert.deepEqual(load.failures, []);
});

test('a frozen provider fails only the calls that it held, is left alone, and serves again when it thaws', async (t) => {
  const [a, b] = [await freePort(), await freePort()];
  const frozen = await startProvider(t, 'a', a);
  await startProvider(t, 'b', b);
  const egress = await startSidecar(t, {
    name: 'consumer-sidecar',
    clusters: [
      {
        name: ECHO,
        endpoints: [`127.0.0.1:${a}`, `127.0.0.1:${b}`],
        lb: 'round_robin',
        heartbeat: { interval: '1s', timeout: '300ms', misses: 100 },
      },
    ],
  });
  const consumer = await openConsumer(t, egress.ports.egress);
  const load = startLoad(t, () => consumer.name(1_000));
  await load.served('a');
  frozen.signal('SIGSTOP');
  await endpointsAre(egress, 2, 1);
  const held = load.failures.length;
  await load.served('b', 500);
  await load.stop();
  // Each lane can have been caught at most twice: in the call under way, and in one more before the silence was noticed.
  assert.ok(load.failures.length <= 32, `${load.failures.length} failed`);
  assert.ok(
    load.failures.length - held <= 16,
    `${load.failures.length - held} failed after the endpoint was left alone`,
  );
  frozen.signal('SIGCONT');
  await endpointsAre(egress, 2, 2);
  const again = startLoad(t, () => consumer.name(1_000));
  await again.served('a');
  await again.stop();
  assert.deepEqual(again.failures, []);
});

test('a sidecar killed with -9 and restarted publishes and serves again by itself', async (t) => {
  const { registry } = await startControl(t);
  const a = await startPlace(t, registry, 'a');
  const [consumer, egress] = await startConsumer(t, registry);
  await endpointsAre(egress, 1);
  assert.equal(await consumer.name(), 'a');
  await a.sidecar.child.kill9();
  await endpointsAre(egress, 0);
  await assert.rejects(consumer.name(), /no endpoint is known/);
  await a.sidecar.restart();
  await endpointsAre(egress, 1);
  assert.equal(await consumer.name(), 'a');

  await egress.child.kill9();
  await egress.restart();
  const again = await openConsumer(t, egress.ports.egress);
  assert.equal(await again.name(), 'a');
});

test('the registry stopped and started in the middle is not noticed by calls', async (t) => {
  const control = await startControl(t);
  await startPlace(t, control.registry, 'a');
  const [consumer, egress] = await startConsumer(t, control.registry);
  await endpointsAre(egress, 1);
  const load = startLoad(t, () => consumer.name(1_000), 4);
  await load.served('a');
  await control.child.stop();
  await load.served('a');
  await control.restart();
  const b = await startPlace(t, control.registry, 'b');
  await load.served('b');
  await load.stop();
  assert.deepEqual(load.failures, []);
  assert.ok(b.provider.running());
});

test('a provider whose connection is lost answers every waiting call at once', async (t) => {
  const port = await freePort();
  const provider = await startProvider(t, 'a', port);
  const egress = await startSidecar(t, { name: 's', clusters: [{ name: ECHO, endpoints: [`127.0.0.1:${port}`] }] });
  const consumer = await openConsumer(t, egress.ports.egress);
  await consumer.echo('warm');
  const waiting = Promise.allSettled(Array.from({ length: 50 }, () => consumer.slow(60_000, 30_000)));
  await waitUntil(async () => (await egress.clusters())[0]!.active === 50, { what: '50 calls under way' });
  const started = performance.now();
  await provider.kill9();
  const outcomes = await waiting;
  assert.ok(performance.now() - started < 2_000);
  for (const outcome of outcomes) {
    assert.match(String((outcome as PromiseRejectedResult).reason), /the connection to 127\.0\.0\.1:\d+ was lost/);
  }
});
