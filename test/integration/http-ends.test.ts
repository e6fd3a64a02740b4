/** Endings: callers that cancel, endpoints that do not speak HTTP/2, and a proxy that is told to go. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:http2';
import { test } from 'node:test';
import { waitUntil } from '../support/children.ts';
import { cluster, startHttpProxy } from '../support/http-mesh.ts';
import { openCaller, startHttpServer, type Version } from '../support/http-peers.ts';
import { openRaw, rawResponse, startRawHttp, startRawServer } from '../support/raw-http.ts';

const HTTP2 = { http: { version: 'http2' } };
const GET = 'GET / HTTP/1.1\r\nHost: shop\r\n\r\n';

test('an endpoint that speaks HTTP/1 where HTTP/2 is configured is 503, with a hint', async (t) => {
  const server = await startRawServer(t, async (peer) => {
    await peer.until('\r\n\r\n');
    peer.send('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    peer.socket.end();
  });
  const proxy = await startHttpProxy(t, { clusters: [cluster('shop', server.port, HTTP2)] });
  for (const version of ['http1', 'http2'] satisfies Version[]) {
    const { status, fields, body } = await (await openCaller(t, version, proxy.port)).ask({});
    assert.deepEqual([status, fields['weft-failure']], [503, 'no_healthy_endpoint']);
    assert.match(body.toString(), /does not speak HTTP\/2; its cluster's http\.version may have to be http1/);
  }
});

test('an endpoint that accepts and says nothing is 503 after connectTimeout', async (t) => {
  const server = await startRawServer(t, () => undefined);
  const clusters = [cluster('shop', server.port, { ...HTTP2, connectTimeout: '300ms' })];
  const proxy = await startHttpProxy(t, { clusters });
  const { status, body } = await (await openCaller(t, 'http1', proxy.port)).ask({});
  assert.equal(status, 503);
  assert.match(body.toString(), /no settings of HTTP\/2 in 300 ms/);
});

for (const to of ['http1', 'http2'] satisfies Version[]) {
  test(`a stream that its caller resets is given up at an endpoint of ${to}, and no other is`, async (t) => {
    let given = 0;
    const server = await startHttpServer(t, to, ({ url }, response) => {
      if (url === '/quick') return response.end('quick');
      response.on('close', () => given++);
      response.write('first');
    });
    const proxy = await startHttpProxy(t, { clusters: [cluster('shop', server.port, { http: { version: to } })] });
    const session = connect(`http://127.0.0.1:${proxy.port}`);
    t.after(() => session.destroy());
    const streams = Array.from({ length: 3 }, () => session.request({ ':authority': 'shop' }));
    for (const stream of streams) {
      stream.on('error', () => undefined);
      await once(stream, 'data');
    }
    streams[0]!.close(8);
    await waitUntil(() => given === 1, { what: 'the endpoint has lost one' });
    const quick = session.request({ ':authority': 'shop', ':path': '/quick' });
    assert.equal(String((await once(quick, 'data'))[0]), 'quick');
    assert.equal(given, 1);
    session.destroy();
    await waitUntil(() => given === 3, { what: 'and the others with their connection' });
    await waitUntil(async () => (await proxy.metric('weft_requests_active')) === 0, { what: 'nothing is left' });
  });
}

test('a proxy that is told to go answers what is under way, and says goodbye', async (t) => {
  const held: (() => void)[] = [];
  const server = await startRawHttp(t, () => new Promise<string>((r) => held.push(() => r(rawResponse(200, 'late')))));
  const proxy = await startHttpProxy(t, {
    clusters: [cluster('shop', server.port, { http: { version: 'http1' } })],
    extra: { shutdown: { propagation: '0s', drain: '10s' } },
  });
  const [busy, idle] = [await openRaw(t, proxy.port), await openRaw(t, proxy.port)];
  busy.send(GET);
  const http2 = await openCaller(t, 'http2', proxy.port);
  const answer = http2.ask({});
  await waitUntil(() => held.length === 2, { what: 'both are under way' });
  proxy.sidecar.child.signal('SIGTERM');
  await idle.hasClosed();
  for (const each of held) each();
  const { status, body, get } = await busy.message();
  assert.deepEqual([status, body.toString(), get('connection')], [200, 'late', 'close']);
  assert.equal((await answer).body.toString(), 'late');
  assert.equal((await proxy.sidecar.child.exit).code, 0);
});
