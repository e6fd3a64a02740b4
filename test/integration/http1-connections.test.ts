/** Connections of HTTP/1 on both sides of a running proxy: which are reused, and which end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitUntil } from '../support/children.ts';
import { cluster, startHttpProxy } from '../support/http-mesh.ts';
import { openRaw, rawResponse, startRawHttp, startRawServer, type RawMessage } from '../support/raw-http.ts';

const GET = 'GET / HTTP/1.1\r\nHost: shop\r\n\r\n';
const CLEAN = { http: { forwarding: { via: '', requestId: false } } };

function fieldsOf({ fields }: RawMessage): Record<string, string> {
  return Object.fromEntries(fields.map(([name, value]) => [name.toLowerCase(), value]));
}

test('fields that Connection names stay with their connection, in both directions', async (t) => {
  const server = await startRawHttp(t, () =>
    rawResponse(200, '', 'Connection: x-bar, keep-alive', 'X-Bar: 1', 'Keep-Alive: timeout=5', 'X-Stays: 1'),
  );
  const proxy = await startHttpProxy(t, { listener: CLEAN, clusters: [cluster('shop', server.port)] });
  const client = await openRaw(t, proxy.port);
  client.send(
    'GET / HTTP/1.1\r\nHost: shop\r\nX-Foo: 1\r\nConnection: X-Foo, keep-alive\r\nConnection: x-foo2\r\n' +
      'Keep-Alive: 5\r\nProxy-Connection: keep-alive\r\nTE: trailers\r\nX-foo2: 2\r\nX-Stays: 1\r\n\r\n',
  );
  const response = await client.message();
  assert.deepEqual(fieldsOf(server.requests[0]!), { host: 'shop', 'x-stays': '1' });
  assert.deepEqual(fieldsOf(response), { 'x-stays': '1', 'content-length': '0' });
});

test('Connection cannot take away what tells the end of a message, or the host', async (t) => {
  const server = await startRawHttp(t, ({ body }) => rawResponse(200, body.toString()));
  const proxy = await startHttpProxy(t, { listener: CLEAN, clusters: [cluster('shop', server.port)] });
  const client = await openRaw(t, proxy.port);
  client.send('POST / HTTP/1.1\r\nHost: shop\r\nConnection: content-length, host\r\nContent-Length: 5\r\n\r\nhello');
  const { body, status } = await client.message();
  if (status !== 400) {
    assert.deepEqual([status, body.toString()], [200, 'hello']);
    assert.equal(server.requests[0]!.get('host'), 'shop');
  }
});

test('a thousand requests to a server that closes after each third response: none fails', async (t) => {
  let connections = 0;
  const server = await startRawServer(t, async (peer) => {
    connections++;
    for (let i = 0; i < 3; i++) {
      const asked = await peer.until('\r\n\r\n').catch(() => undefined);
      if (asked !== undefined) peer.send(rawResponse(200, 'ok'));
    }
    peer.socket.end();
  });
  const proxy = await startHttpProxy(t, { clusters: [cluster('shop', server.port)] });
  const lanes = Array.from({ length: 10 }, async () => {
    const client = await openRaw(t, proxy.port);
    for (let i = 0; i < 100; i++) {
      client.send(GET);
      const { status, body } = await client.message();
      assert.deepEqual([status, body.toString()], [200, 'ok']);
    }
  });
  await Promise.all(lanes);
  assert.ok(connections >= 334 && connections < 500, `${connections} connections`);
});

test('one caller after another uses the same connection to the endpoint', async (t) => {
  const server = await startRawHttp(t, () => rawResponse(200, 'ok'));
  const proxy = await startHttpProxy(t, { clusters: [cluster('shop', server.port)] });
  for (let i = 0; i < 20; i++) {
    const client = await openRaw(t, proxy.port);
    client.send(GET);
    await client.message();
    client.socket.destroy();
  }
  assert.equal(server.peers.length, 1);
});

test('a connection to an endpoint ends after idleTimeout, and a next request has a new one', async (t) => {
  const server = await startRawHttp(t, () => rawResponse(200, 'ok'));
  const clusters = [cluster('shop', server.port, { http: { idleTimeout: '500ms' } })];
  const proxy = await startHttpProxy(t, { clusters });
  const client = await openRaw(t, proxy.port);
  client.send(GET);
  await client.message();
  await server.peers[0]!.hasClosed();
  client.send(GET);
  await client.message();
  assert.equal(server.peers.length, 2);
});

test('a connection is left before its endpoint ends it, where that has said when', async (t) => {
  const server = await startRawHttp(t, () => rawResponse(200, 'ok', 'Keep-Alive: timeout=2, max=100'));
  const proxy = await startHttpProxy(t, { clusters: [cluster('shop', server.port)] });
  const client = await openRaw(t, proxy.port);
  client.send(GET);
  await client.message();
  const since = performance.now();
  await server.peers[0]!.hasClosed();
  const kept = performance.now() - since;
  assert.ok(kept > 500 && kept < 2000, `${kept} ms`);
});

test('at most http.connections are open to an endpoint; who finds none waits', async (t) => {
  const held: (() => void)[] = [];
  const server = await startRawHttp(
    t,
    () => new Promise<string>((resolve) => held.push(() => resolve(rawResponse(200)))),
  );
  const clusters = [cluster('shop', server.port, { http: { connections: 3 } })];
  const proxy = await startHttpProxy(t, { clusters });
  const clients = await Promise.all(Array.from({ length: 8 }, () => openRaw(t, proxy.port)));
  for (const client of clients) client.send(GET);
  const all = Promise.all(clients.map((client) => client.message()));
  for (let i = 0; i < clients.length; i++) {
    await waitUntil(() => held.length > 0, { what: 'one has arrived', every: 5 });
    assert.ok(held.length <= 3, `${held.length} at a time`);
    held.shift()?.();
  }
  await all;
  assert.equal(server.peers.length, 3);
});

test('a caller that breaks off takes its request with it', async (t) => {
  const server = await startRawServer(t, () => undefined);
  const proxy = await startHttpProxy(t, { clusters: [cluster('shop', server.port)] });
  const client = await openRaw(t, proxy.port);
  client.send(GET);
  await waitUntil(() => server.peers[0]?.untaken.includes('\r\n\r\n'), { what: 'the request is there' });
  client.socket.resetAndDestroy();
  await server.peers[0]!.hasClosed();
});

test('a caller that has ended its direction still gets its answer', async (t) => {
  const server = await startRawHttp(t, ({ body }) => rawResponse(200, body.toString()));
  const proxy = await startHttpProxy(t, { clusters: [cluster('shop', server.port)] });
  const client = await openRaw(t, proxy.port);
  client.send('POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 5\r\n\r\nhello');
  client.socket.end();
  assert.equal((await client.message()).body.toString(), 'hello');
  await client.hasClosed();
});

test('an idle caller is closed after idleTimeout of the listener', async (t) => {
  const server = await startRawHttp(t, () => rawResponse(200, 'ok'));
  const proxy = await startHttpProxy(t, { listener: { idleTimeout: '1s' }, clusters: [cluster('shop', server.port)] });
  const client = await openRaw(t, proxy.port);
  client.send(GET);
  await client.message();
  await client.hasClosed();
  assert.equal(client.untaken, '');
});
