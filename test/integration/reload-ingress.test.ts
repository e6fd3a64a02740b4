/** The way in to a running app changes, while others call it through the registry. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePort, waitUntil, type Owner } from '../support/children.ts';
import { startLoad, type Load } from '../support/load.ts';
import { endpointsAre, publishedIs, startControl, startSidecar, subscribeEcho } from '../support/mesh.ts';
import { ECHO, type TestControl, type TestSidecar } from '../support/mesh.ts';
import { ask, startNamedProvider, type NamedProvider } from '../support/named-provider.ts';
import { openRawClient, type RawPeer } from '../support/raw-bolt.ts';

const LANES = 4;

interface Scene {
  readonly control: TestControl;
  readonly provider: TestSidecar;
  readonly consumer: TestSidecar;
  readonly app: NamedProvider;
  readonly client: RawPeer;
  readonly load: Load;
}

/** A client calls app `a` through two sidecars, without a pause. */
async function startScene(owner: Owner): Promise<Scene> {
  const control = await startControl(owner);
  const { registry } = control;
  const app = await startNamedProvider(owner, 'a');
  const provider = await startSidecar(owner, { name: 'provider', registry, appPort: app.port });
  // Without a port: the app of the ingress listener.
  await provider.post('/configs/application', { appName: 'provider' });
  await provider.post('/services/publish', { serviceName: ECHO });
  await publishedIs(provider, true);
  const consumer = await startSidecar(owner, { name: 'consumer', registry });
  await subscribeEcho(consumer, 'consumer');
  await endpointsAre(consumer, 1);
  const client = await openRawClient(owner, consumer.ports.egress);
  const load = startLoad(owner, () => ask(client, ECHO), LANES);
  await load.served('a');
  return { control, provider, consumer, app, client, load };
}

/** The ingress listener in a sidecar's config. */
function ingressOf({ config }: TestSidecar): Record<string, unknown> {
  return (config['listeners'] as Record<string, unknown>[])[1]!;
}

/** Where the registry says that the service is. */
async function addresses({ registry }: TestControl): Promise<string[]> {
  const { address } = registry as { address: string };
  const response = await fetch(`http://${address}/services`);
  const { services } = (await response.json()) as { services: { instances: { address: string }[] }[] };
  return services.flatMap(({ instances }) => instances.map((instance) => instance.address));
}

function registryNames(control: TestControl, expected: string): Promise<unknown> {
  return waitUntil(async () => (await addresses(control)).join() === expected, { what: `it is at ${expected} alone` });
}

function refused(owner: Owner, port: number): Promise<unknown> {
  const check = (): Promise<boolean> =>
    openRawClient(owner, port).then(
      ({ socket }) => socket.destroy() && false,
      () => true,
    );
  return waitUntil(check, { what: `port ${port} is closed` });
}

test('a new address is published before the old one closes, and no call fails', async (t) => {
  const { control, provider, app, client, load } = await startScene(t);
  const held = ask(client, ECHO, 'hold');
  await waitUntil(() => app.held.length === 1, { what: 'the app has a call that takes long' });
  const moved = `127.0.0.1:${await freePort()}`;
  ingressOf(provider)['address'] = moved;
  provider.config['shutdown'] = { propagation: '2s' };
  await provider.writeConfig();

  await registryNames(control, moved);
  assert.equal(
    await ask(await openRawClient(t, provider.ports.ingress), ECHO),
    'a',
    'who has not heard of it is served',
  );
  await refused(t, provider.ports.ingress);
  await load.served('a', 500);
  app.held[0]!();
  assert.equal(await held, 'a');
  await load.stop();
  assert.deepEqual(load.failures, []);
});

test('the old address stays open while the registry cannot be told of the new one', async (t) => {
  const { control, provider, load } = await startScene(t);
  await control.child.kill9();
  await waitUntil(async () => (await provider.registryState()) === 'connecting', { what: 'the registry is lost' });
  const moved = `127.0.0.1:${await freePort()}`;
  ingressOf(provider)['address'] = moved;
  provider.config['shutdown'] = { propagation: '0s' };
  const seen = provider.child.output.length;
  await provider.writeConfig();
  await provider.child.waitFor(/config applied/, undefined, seen);
  await load.served('a', 500);
  assert.equal(await ask(await openRawClient(t, provider.ports.ingress), ECHO), 'a');
  await load.stop();
  assert.deepEqual(load.failures, []);

  await control.restart();
  await registryNames(control, moved);
  await refused(t, provider.ports.ingress);
});

test('another app is called and watched in place of the first', async (t) => {
  const { control, provider, app, load } = await startScene(t);
  const next = await startNamedProvider(t, 'b');
  ingressOf(provider)['app'] = `127.0.0.1:${next.port}`;
  await provider.writeConfig();
  await load.served('b');
  const direct = await openRawClient(t, provider.ports.ingress);
  assert.equal(await ask(direct, 'com.demo.Unregistered:1.0'), 'b');
  await load.stop();
  assert.deepEqual(load.failures, []);

  app.close();
  await publishedIs(provider, true);
  next.close();
  await publishedIs(provider, false);
  await registryNames(control, '');
});

test('another address to advertise takes the place of the first', async (t) => {
  const { control, provider, load } = await startScene(t);
  const advertised = `localhost:${provider.ports.ingress}`;
  ingressOf(provider)['advertise'] = advertised;
  await provider.writeConfig();
  await registryNames(control, advertised);
  await load.served('a', 500);
  await load.stop();
  assert.deepEqual(load.failures, []);
});

test('a sidecar that ends lets calls finish that came by an earlier address', async (t) => {
  const { provider, consumer, app, load } = await startScene(t);
  await load.stop();
  await consumer.child.stop();
  const early = await openRawClient(t, provider.ports.ingress);
  const held = ask(early, ECHO, 'hold');
  await waitUntil(() => app.held.length === 1, { what: 'the app has a call that takes long' });
  ingressOf(provider)['address'] = `127.0.0.1:${await freePort()}`;
  await provider.writeConfig();
  await refused(t, provider.ports.ingress);

  const seen = provider.child.output.length;
  provider.child.signal('SIGTERM');
  await provider.child.waitFor(/finishing what is under way/, undefined, seen);
  assert.ok(await provider.clusters(), 'it waits for that call alone');
  app.held[0]!();
  assert.equal(await held, 'a');
  const { code } = await provider.child.exit;
  assert.equal(code, 0);
  assert.match(provider.child.tail(), /stopped cut=0/);
});
