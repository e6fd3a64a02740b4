/** What is in effect after a reload, on connections that were open before it as on new ones. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePort, waitUntil, type Owner } from '../support/children.ts';
import { startHttpProxy } from '../support/http-mesh.ts';
import { startSidecar, type TestSidecar } from '../support/mesh.ts';
import { marked, openRawClient, replyTo, requestOf, startRawProvider } from '../support/raw-bolt.ts';

const SERVICE = 'com.demo.Big:1.0';
const LARGE = marked(1, 100_000);

/** A provider that answers with 100 kB. */
async function startBig(owner: Owner): Promise<object> {
  const { port } = await startRawProvider(owner, (frame, peer) => peer.send(replyTo(frame, LARGE)));
  return { name: SERVICE, endpoints: [`127.0.0.1:${port}`] };
}

interface ConfigView {
  readonly config: { readonly node: { readonly id: string }; readonly admin: { readonly address: { port: number } } };
  readonly loadedAt: string;
  readonly pending: readonly string[];
}

async function configOf(sidecar: TestSidecar): Promise<ConfigView> {
  const response = await fetch(`http://127.0.0.1:${sidecar.ports.admin}/config`);
  return (await response.json()) as ConfigView;
}

/** Writes the config of `sidecar` and waits until it has been read. */
async function reload(sidecar: TestSidecar): Promise<void> {
  const { loadedAt } = await configOf(sidecar);
  await sidecar.writeConfig();
  sidecar.child.signal('SIGHUP');
  await waitUntil(async () => (await configOf(sidecar)).loadedAt !== loadedAt, { what: 'the config is read' });
}

async function ask(owner: Owner, port: number): Promise<Buffer> {
  const client = await openRawClient(owner, port);
  const id = client.nextId();
  client.send(requestOf(SERVICE, id, Buffer.alloc(0)));
  return (await client.reply(id)).content;
}

test('the first listener of a sidecar that began without any carries calls', async (t) => {
  const sidecar = await startSidecar(t, { name: 's', clusters: [await startBig(t)] });
  const listeners = sidecar.config['listeners'];
  sidecar.config['listeners'] = [];
  await reload(sidecar);
  await sidecar.child.stop();
  await sidecar.restart();
  sidecar.config['listeners'] = listeners;
  await reload(sidecar);
  assert.deepEqual(await ask(t, sidecar.ports.egress), LARGE);
});

test('a larger maxFrame counts at once for replies on connections that are open', async (t) => {
  const sidecar = await startSidecar(t, { name: 's', clusters: [await startBig(t)], limits: { maxFrame: '64KiB' } });
  assert.match((await ask(t, sidecar.ports.egress)).toString('latin1'), /over the limits for a frame/);
  const [egress] = sidecar.config['listeners'] as { limits: object }[];
  egress!.limits = { maxFrame: '1MiB' };
  await reload(sidecar);
  assert.deepEqual(await ask(t, sidecar.ports.egress), LARGE);
  const endpoints = (await sidecar.clusters())[0]!.endpoints;
  assert.equal(endpoints[0]!.connections, 1);
});

test('the config that is shown is what is in effect, and what waits for a restart is named', async (t) => {
  const sidecar = await startSidecar(t, { name: 's' });
  const before = await configOf(sidecar);
  assert.deepEqual(before.pending, []);
  sidecar.config['node'] = { id: 'other' };
  await reload(sidecar);
  const after = await configOf(sidecar);
  assert.equal(after.config.node.id, 's');
  assert.deepEqual(after.pending, ['node']);
  sidecar.config['node'] = { id: 's', app: 's', zone: 'RZ01A' };
  sidecar.config['log'] = { level: 'warn' };
  await reload(sidecar);
  assert.deepEqual((await configOf(sidecar)).pending, []);
});

test('a route that a reload leaves goes on counting, one that is gone takes its counts with it', async (t) => {
  const routes = ['kept', 'gone'].map((name) => ({ name, match: { path: `/${name}` }, respond: { status: 200 } }));
  const { sidecar, port } = await startHttpProxy(t, { listener: { http: { routes } }, clusters: [] });
  const series = async (): Promise<string[]> =>
    (await sidecar.metrics()).split('\n').filter((line) => line.startsWith('weft_') && line.includes('listener="web"'));
  const counts = async (): Promise<string[]> => (await series()).filter((line) => line.startsWith('weft_route_'));
  const get = async (path: string, at: number): Promise<unknown> =>
    (await fetch(`http://127.0.0.1:${at}${path}`)).text();
  await get('/kept', port);
  await get('/gone', port);
  const kept = (count: number): string =>
    `weft_route_requests_total{listener="web",route="kept",outcome="ok"} ${count}`;
  assert.equal((await counts()).length, 2);

  const [web] = sidecar.config['listeners'] as { address: string; http: object }[];
  web!.http = { routes: [routes[0]] };
  await reload(sidecar);
  assert.deepEqual(await counts(), [kept(1)]);
  const moved = await freePort();
  web!.address = `127.0.0.1:${moved}`;
  await reload(sidecar);
  await get('/kept', moved);
  assert.deepEqual(await counts(), [kept(2)]);
  sidecar.config['listeners'] = [];
  await reload(sidecar);
  await waitUntil(async () => (await series()).length === 0, { what: 'nothing is left of the listener' });
});
