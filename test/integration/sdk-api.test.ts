import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { call, startLocalApi } from './sdk-support.ts';

const SERVICE = 'com.demo.Echo:1.0';
const OK = { success: true, errorMessage: '' };

test('what comes before the application is refused with the next step, with status 200', async (t) => {
  const { api } = await startLocalApi(t);
  for (const what of ['publish', 'unpublish', 'subscribe', 'unsubscribe']) {
    const answer = await call(api.address.port, `/services/${what}`, { body: { serviceName: SERVICE } });
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.body, {
      success: false,
      errorMessage: 'no application is known yet: POST /configs/application first',
    });
  }
});

test('the whole life of a registration, with what Java sends', async (t) => {
  const { api, registry } = await startLocalApi(t);
  const { port } = api.address;
  assert.deepEqual(
    (await call(port, '/configs/application', { body: { appName: 'shop', secretKey: 'hush' } })).body,
    OK,
  );
  const publication = {
    serviceName: SERVICE,
    protocolType: 'bolt',
    onlyPublishInCloud: false,
    providerMetaInfo: { protocol: 'bolt', version: '4.0', serializeType: 'hessian2', appName: 'shop', properties: {} },
  };
  assert.deepEqual((await call(port, '/services/publish', { body: publication })).body, OK);
  assert.equal(registry.published[0]?.address, '10.0.0.7:12200');
  assert.equal(api.portOf(SERVICE, 'bolt'), 12199);

  const subscribed = await call(port, '/services/subscribe', {
    body: { serviceName: SERVICE, protocolType: null, targetAppAddress: null, vipEnforce: false, properties: null },
  });
  assert.deepEqual(subscribed.body, {
    ...OK,
    serviceName: SERVICE,
    datas: ['10.0.0.7:12200?p=1&_SERIALIZETYPE=hessian2&app_name=shop&v=4.0'],
  });

  const application = await call(port, '/configs/application');
  assert.equal(application.body['appName'], 'shop');
  assert.equal(JSON.stringify(application.body).includes('hush'), false);
  const services = await call(port, '/services');
  assert.equal((services.body['publications'] as { status: string }[])[0]?.status, 'published');
  const one = await call(port, `/services/${encodeURIComponent(SERVICE)}`);
  assert.equal(one.body['serviceName'], SERVICE);
  assert.deepEqual((await call(port, '/configs/registry')).body, { ...OK, type: 'fake', state: 'connected' });

  assert.deepEqual((await call(port, '/services/unsubscribe', { body: { serviceName: SERVICE } })).body, OK);
  assert.deepEqual((await call(port, '/services/unpublish', { body: { serviceName: SERVICE } })).body, OK);
  assert.deepEqual(registry.published, []);
  assert.deepEqual(registry.watched, []);
});

test('a protocol with a slip in it is refused, before anything is published', async (t) => {
  const { api, registry } = await startLocalApi(t);
  const { port } = api.address;
  await call(port, '/configs/application', { body: { appName: 'shop' } });
  const body = { serviceName: 'shop.http', protocolType: 'htpp' };
  for (const path of ['/services/publish', '/services/subscribe', '/services/unpublish', '/services/unsubscribe']) {
    const reply = await call(port, path, { body });
    assert.equal(reply.body['success'], false, path);
    assert.match(String(reply.body['errorMessage']), /protocolType 'htpp' is not known; did you mean http\? /);
  }
  assert.deepEqual([registry.published, api.publications, api.subscriptions], [[], [], []]);
});

test('subscribing answers with nothing when the registry stays silent, and with all when it speaks in time', async (t) => {
  const { api, registry } = await startLocalApi(t, { firstPush: () => 50 });
  const { port } = api.address;
  registry.silent = true;
  await call(port, '/configs/application', { body: { appName: 'shop' } });
  const silent = await call(port, '/services/subscribe', { body: { serviceName: SERVICE } });
  assert.deepEqual(silent.body, { ...OK, serviceName: SERVICE, datas: [] });
});

test('closing answers those who wait', async (t) => {
  const { api, registry } = await startLocalApi(t, { firstPush: () => 60_000 });
  registry.silent = true;
  await call(api.address.port, '/configs/application', { body: { appName: 'shop' } });
  const waiting = call(api.address.port, '/services/subscribe', { body: { serviceName: SERVICE } });
  const { promise, resolve } = Promise.withResolvers<void>();
  api.onChange(resolve);
  if (api.subscriptions.length === 0) await promise;
  await api.close();
  assert.deepEqual((await waiting).body['datas'], []);
});

test('many registrations at once all count', async (t) => {
  const { api, registry } = await startLocalApi(t);
  await call(api.address.port, '/configs/application', { body: { appName: 'shop' } });
  const agent = new Agent({ keepAlive: true, maxSockets: 20 });
  t.after(() => agent.destroy());
  const names = Array.from({ length: 100 }, (_, i) => `s${i}`);
  await Promise.all(
    names.map((serviceName) => call(api.address.port, '/services/publish', { body: { serviceName }, agent })),
  );
  assert.equal(registry.published.length, 100);
});

test('a sidecar without an ingress says so to whoever publishes', async (t) => {
  const { api } = await startLocalApi(t, { ingress: () => undefined });
  await call(api.address.port, '/configs/application', { body: { appName: 'shop' } });
  const answer = await call(api.address.port, '/services/publish', { body: { serviceName: SERVICE } });
  assert.match(String(answer.body['errorMessage']), /no ingress listener/);
});

test('what no SDK sends meets a status of its own', async (t) => {
  const { api } = await startLocalApi(t);
  const { port } = api.address;
  const status = async (...args: [string, Parameters<typeof call>[2]?]): Promise<number> =>
    (await call(port, ...args)).status;
  assert.equal(await status('/nowhere'), 404);
  assert.equal(await status('/services/com.none:1.0'), 404);
  assert.equal(await status('/services/%ff'), 400);
  assert.equal(await status('/services/publish', { body: '{' }), 400);
  assert.equal(await status('/services/publish', { body: '[]' }), 400);
  assert.equal(await status('/services/publish', { body: Buffer.from([0x7b, 0xff, 0x7d]) }), 400);
  assert.equal(await status('/services/publish', { body: { serviceName: 'x'.repeat(70_000) } }), 413);
  const gzip = { 'content-encoding': 'gzip' };
  assert.equal(await status('/services/publish', { body: '{}', headers: gzip }), 415);
  const wrong = await call(port, '/services/publish', { method: 'DELETE' });
  assert.equal(wrong.status, 405);
  assert.equal(wrong.headers['allow'], 'POST');
  assert.equal(await status('/configs/application', { headers: { host: 'evil.com' } }), 403);
  assert.equal(
    await status('/configs/application', { body: { appName: 'x' }, headers: { origin: 'http://a.com' } }),
    403,
  );
  assert.equal(api.application, undefined);
});

test('a body without an end is not kept', async (t) => {
  const { api } = await startLocalApi(t);
  const socket = connect({ host: '127.0.0.1', port: api.address.port });
  t.after(() => socket.destroy());
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  socket.on('error', () => {});
  const ended = new Promise((resolve) => socket.on('close', resolve));
  socket.write('POST /services/publish HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n');
  const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
  for (let i = 0; i < 8; i++) socket.write(chunk);
  await ended;
  assert.match(text, /^HTTP\/1\.1 413 /);
});

test('arbitrary bodies neither crash it nor make it fail', async (t) => {
  const { api } = await startLocalApi(t, { firstPush: () => 1 });
  const { port } = api.address;
  const agent = new Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  const paths = [
    '/configs/application',
    ...['publish', 'unpublish', 'subscribe', 'unsubscribe'].map((p) => `/services/${p}`),
  ];
  const fields = ['appName', 'serviceName', 'protocolType', 'group', 'port', 'providerMetaInfo', 'properties'];
  const field = fc.oneof(fc.constantFrom(...fields, 'targetAppAddress', '__proto__', 'constructor'), fc.string());
  const value = fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary' }), fc.constant(SERVICE), fc.constant(12199));
  const body = fc.oneof(
    fc.dictionary(field, value).map((object) => JSON.stringify(object)),
    fc
      .record({ serviceName: fc.string({ unit: 'binary' }), appName: fc.string(), providerMetaInfo: fc.jsonValue() })
      .map((o) => JSON.stringify(o)),
    fc.json(),
    fc.string({ unit: 'binary' }),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...paths), body, async (path, content) => {
      const answer = await call(port, path, { method: 'POST', body: content, agent });
      assert.ok(answer.status === 200 || answer.status === 400, `${answer.status}`);
      assert.equal(typeof answer.body['success'], 'boolean');
      assert.equal(typeof answer.body['errorMessage'], 'string');
      assert.equal('data' in answer.body, false);
      assert.doesNotMatch(String(answer.body['errorMessage']), /failed to answer/);
    }),
    { numRuns: 400 },
  );
  assert.equal((await call(port, '/services', { agent })).status, 200);
});
