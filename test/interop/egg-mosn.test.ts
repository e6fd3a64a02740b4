import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { systemClock } from '../../src/core/clock.ts';
import { boltCodec } from '../../src/dataplane/codec/bolt/codec.ts';
import { createLocalApi } from '../../src/sdk/local-api.ts';
import type { LocalApi } from '../../src/sdk/local-api.ts';
import { FakeRegistry } from '../../src/sdk/testing/fakes.ts';
import { silentLogger } from '../../src/telemetry/log.ts';
import { waitUntil } from '../support/children.ts';

/** What egg-mosn offers; it brings no types. */
interface MosnClient {
  ready(): Promise<void>;
  register(config: object): Promise<{ success: boolean }>;
  unRegister(config: object): Promise<{ success: boolean }>;
  subscribe(config: object, listener: (urls: string[]) => void): void;
  unSubscribe(config: object): void;
  on(event: 'error', listener: (error: Error) => void): void;
  close(): Promise<void>;
}
type MosnClientClass = new (options: object) => MosnClient;

const require = createRequire(import.meta.url);
/** The client that does the calls; the one that egg applications hold adds only sharing among processes. */
const Client = require('egg-mosn/lib/mosn_registry.js') as MosnClientClass;

const SERVICE = 'com.demo.Echo:1.0';

async function startApi(t: TestContext, registry: FakeRegistry): Promise<LocalApi> {
  const stateDir = await mkdtemp(join(tmpdir(), 'weft-egg-'));
  const api = createLocalApi(
    {
      address: { host: '127.0.0.1', port: 0 },
      stateDir,
      node: { id: 'node-1', app: 'node-app', zone: 'RZ01A' },
      ingress: () => ({ advertise: { host: '10.0.0.7', port: 12200 }, app: { host: '127.0.0.1', port: 12199 } }),
      health: {},
      firstPush: () => 3000,
    },
    { registry, watches: registry, codec: boltCodec, clock: systemClock, log: silentLogger },
  );
  await api.start();
  t.after(async () => {
    await api.close();
    await rm(stateDir, { recursive: true });
  });
  return api;
}

async function startClient(api: LocalApi, errors: Error[]): Promise<MosnClient> {
  const endpoint = `http://127.0.0.1:${api.address.port}`;
  const client = new Client({ appName: 'egg-app', zone: 'RZ02B', secretKey: 'hush', proxyPort: 12220, endpoint });
  client.on('error', (error) => errors.push(error));
  await client.ready();
  return client;
}

test('egg-mosn registers, subscribes, takes back', async (t) => {
  const registry = new FakeRegistry();
  const api = await startApi(t, registry);
  const errors: Error[] = [];
  const client = await startClient(api, errors);
  assert.equal(api.application?.appName, 'egg-app');

  const meta = {
    appName: 'egg-app',
    serializeType: 'hessian2',
    version: '4.0',
    properties: { _TIMEOUT: '2500', color: 'blue' },
  };
  assert.equal((await client.register({ serviceName: SERVICE, providerMetaInfo: meta, port: 12199 })).success, true);
  assert.deepEqual(registry.published, [
    {
      service: SERVICE,
      protocol: 'bolt',
      group: '',
      address: '10.0.0.7:12200',
      weight: 100,
      metadata: {
        app: 'egg-app',
        zone: 'RZ02B',
        serialization: 'hessian2',
        timeout: '2500',
        version: '4.0',
        color: 'blue',
      },
    },
  ]);
  assert.equal(api.portOf(SERVICE, 'bolt'), 12199);

  const pushed: string[][] = [];
  client.subscribe({ serviceName: SERVICE, targetAppAddress: 'bolt://echo-pool.demo.com:12200?p=1' }, (urls) => {
    pushed.push(urls);
  });
  await waitUntil(() => pushed.length > 0, { what: 'the subscription is answered' });
  assert.match(String(pushed[0]?.[0]), /^bolt:\/\/127\.0\.0\.1:12220\?.*p=1/);
  assert.deepEqual(api.subscriptions[0]?.datas, [
    '10.0.0.7:12200?_TIMEOUT=2500&p=1&_SERIALIZETYPE=hessian2&app_name=egg-app&zone=RZ02B&v=4.0&color=blue',
  ]);

  client.unSubscribe({ serviceName: SERVICE });
  await waitUntil(() => api.subscriptions.length === 0, { what: 'the subscription is gone' });
  assert.equal((await client.unRegister({ serviceName: SERVICE, port: 12199 })).success, true);
  assert.deepEqual(registry.published, []);
  assert.deepEqual(errors, []);
});

test('egg-mosn gets the reason of a refusal as its error', async (t) => {
  const api = await startApi(t, new FakeRegistry());
  const client = await startClient(api, []);
  await assert.rejects(client.register({ providerMetaInfo: {} }), /serviceName is required/);
});

test('egg-mosn starts anew: what its earlier process had registered is void', async (t) => {
  const registry = new FakeRegistry();
  const api = await startApi(t, registry);
  const first = await startClient(api, []);
  await first.register({ serviceName: SERVICE, port: 12199 });
  await startClient(api, []);
  assert.deepEqual(api.publications, []);
  assert.deepEqual(registry.published, []);
});
