/** What a running proxy answers itself over HTTP/1: limits, times, and endpoints that fail. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePort, type Owner } from '../support/children.ts';
import { cluster, startHttpProxy, type HttpProxy, type HttpProxySpec } from '../support/http-mesh.ts';
import { openRaw, rawResponse, startRawHttp, startRawServer, type RawMessage } from '../support/raw-http.ts';

const GET = 'GET / HTTP/1.1\r\nHost: shop\r\n\r\n';
const KIB = 1 << 10;

/** Sends one request on a connection of its own. */
async function ask(owner: Owner, { port }: HttpProxy, request: string): Promise<RawMessage> {
  const client = await openRaw(owner, port);
  client.send(request);
  return client.message();
}

function failureOf({ status, get }: RawMessage): [number, string | undefined] {
  return [status, get('weft-failure')];
}

/** A proxy before a server that echoes the path. */
async function startEcho(owner: Owner, listener: object = {}, policy: object = {}): Promise<HttpProxy> {
  const server = await startRawHttp(owner, ({ start }) => rawResponse(200, start.split(' ')[1]));
  return startHttpProxy(owner, { listener, clusters: [cluster('shop', server.port, policy)] });
}

/** A proxy before a server that answers every request with these octets. */
async function startSaying(owner: Owner, answer: string, spec: Partial<HttpProxySpec> = {}): Promise<HttpProxy> {
  const server = await startRawServer(owner, async (peer) => {
    await peer.until('\r\n\r\n');
    peer.send(answer);
  });
  return startHttpProxy(owner, { clusters: [cluster('shop', server.port)], ...spec });
}

test('heads over maxHead and maxFields are refused with 431, long paths with 414, those below pass', async (t) => {
  const proxy = await startEcho(t, { http: { limits: { maxHead: '16KiB', maxFields: 20 } } });
  const long = `Host: shop\r\nX-Long: ${'x'.repeat(15 * KIB)}\r\n\r\n`;
  assert.equal((await ask(t, proxy, `GET / HTTP/1.1\r\n${long}`)).status, 200);
  assert.equal((await ask(t, proxy, `GET /${'p'.repeat(KIB)} HTTP/1.1\r\n${long}`)).status, 431);
  assert.equal((await ask(t, proxy, `GET /${'p'.repeat(15 * KIB)} HTTP/1.1\r\nHost: shop\r\n\r\n`)).status, 200);
  assert.equal((await ask(t, proxy, `GET /${'p'.repeat(17 * KIB)} HTTP/1.1\r\nHost: shop\r\n\r\n`)).status, 414);
  const fields = (count: number): string => Array.from({ length: count }, (_, i) => `X-${i}: 1\r\n`).join('');
  assert.equal((await ask(t, proxy, `GET / HTTP/1.1\r\nHost: shop\r\n${fields(19)}\r\n`)).status, 200);
  assert.equal((await ask(t, proxy, `GET / HTTP/1.1\r\nHost: shop\r\n${fields(20)}\r\n`)).status, 431);
});

test('bodies over maxBody are refused with 413, by their length or as they come', async (t) => {
  const proxy = await startEcho(t, { http: { limits: { maxBody: '64KiB' } } });
  const post = (body: string): string => `POST /p HTTP/1.1\r\nHost: shop\r\n${body}`;
  assert.equal((await ask(t, proxy, post(`Content-Length: 65536\r\n\r\n${'b'.repeat(65_536)}`))).status, 200);
  const sized = await ask(t, proxy, post('Content-Length: 65537\r\n\r\n'));
  assert.deepEqual([sized.status, sized.get('connection')], [413, 'close']);
  const chunk = `8000\r\n${'c'.repeat(32_768)}\r\n`;
  const chunked = await ask(t, proxy, post(`Transfer-Encoding: chunked\r\n\r\n${chunk}${chunk}1\r\nx\r\n0\r\n\r\n`));
  assert.deepEqual([chunked.status, chunked.get('connection')], [413, 'close']);
});

test('what is not HTTP/1 is refused with 400 and its connection closed', async (t) => {
  const proxy = await startEcho(t);
  const bad = [
    'GET / HTTP/1.1\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: shop\r\nHost: shop\r\n\r\n',
    'GET / HTTP/1.1\nHost: shop\n\n',
    'GET / HTTP/1.1\r\nHost : shop\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: +1\r\n\r\nx',
    'GET http://other/ HTTP/1.1\r\nHost: shop\r\n\r\n',
  ];
  for (const request of bad) {
    const client = await openRaw(t, proxy.port);
    client.send(request);
    const { status, get } = await client.message();
    assert.deepEqual([status, get('connection')], [400, 'close'], request);
    await client.hasClosed();
  }
});

test('a head that does not come to its end is told 408, also when octets trickle in', async (t) => {
  const proxy = await startEcho(t, { http: { limits: { headTimeout: '1s' } } });
  const [silent, trickling] = [await openRaw(t, proxy.port), await openRaw(t, proxy.port)];
  silent.send('GET / HTTP/1.1\r\nHost: sh');
  trickling.send('GET / HTTP/1.1\r\nHost: shop\r\nX: ');
  const timer = setInterval(() => trickling.send('y'), 100);
  t.after(() => clearInterval(timer));
  for (const client of [silent, trickling]) {
    const { status, get } = await client.message();
    assert.deepEqual([status, get('connection')], [408, 'close']);
    await client.hasClosed();
  }
});

test('a body that stands still is told 408 after bodyTimeout', async (t) => {
  const proxy = await startEcho(t, { http: { limits: { bodyTimeout: '500ms' } } });
  const response = await ask(t, proxy, 'POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 10\r\n\r\nhalf');
  assert.deepEqual([response.status, response.get('connection')], [408, 'close']);
});

test('an endpoint that stays silent is 504 after the timeout of the route, else of the cluster', async (t) => {
  const server = await startRawServer(t, () => undefined);
  const routes = [{ match: { path: '/slow' }, cluster: 'shop', timeout: '1500ms' }];
  const clusters = [cluster('shop', server.port, { http: { timeout: '300ms' } })];
  const proxy = await startHttpProxy(t, { listener: { http: { routes } }, clusters });
  const before = performance.now();
  const own = await ask(t, proxy, GET);
  assert.deepEqual(failureOf(own), [504, 'timeout']);
  assert.match(own.body.toString(), /no response in 300 ms \(127\.0\.0\.1:\d+\)/);
  assert.ok(performance.now() - before < 1400);
  assert.deepEqual(failureOf(await ask(t, proxy, GET.replace('/', '/slow'))), [504, 'timeout']);
  assert.ok(performance.now() - before >= 1800);
});

test('an upgrade that is not answered is 504 after the same time', async (t) => {
  const server = await startRawServer(t, () => undefined);
  const proxy = await startHttpProxy(t, { clusters: [cluster('shop', server.port, { http: { timeout: '300ms' } })] });
  const upgrade =
    'Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\n';
  const before = performance.now();
  assert.equal((await ask(t, proxy, `GET / HTTP/1.1\r\nHost: shop\r\n${upgrade}\r\n`)).status, 504);
  assert.ok(performance.now() - before < 5000);
});

test('responses that are not HTTP/1.1 are 502, or end their connection once they have begun', async (t) => {
  const bad = [
    'nonsense\r\n\r\n',
    'HTTP/1.1 2000 OK\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx',
    'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'HTTP/1.1 200 OK\r\nBad Name: x\r\n\r\n',
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n',
    `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`,
  ];
  for (const answer of bad) {
    const response = await ask(t, await startSaying(t, answer), GET);
    assert.deepEqual(failureOf(response), [502, 'malformed_frame'], answer.slice(0, 50));
  }
  const proxy = await startSaying(t, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n');
  await assert.rejects(ask(t, proxy, GET), /was closed before/);
});

test('an endpoint that closes without an answer is 502, one that is not there 503, a host unknown 404', async (t) => {
  const closing = await startRawServer(t, async (peer) => {
    await peer.until('\r\n\r\n');
    peer.socket.destroy();
  });
  const clusters = [cluster('closing', closing.port), cluster('down', await freePort())];
  const proxy = await startHttpProxy(t, { clusters });
  const to = (host: string): Promise<RawMessage> => ask(t, proxy, GET.replace('shop', host));
  assert.deepEqual(failureOf(await to('closing')), [502, 'connection_lost']);
  assert.deepEqual(failureOf(await to('down')), [503, 'no_healthy_endpoint']);
  assert.deepEqual(failureOf(await to('Unknown.example:80')), [404, 'no_route']);
  const client = await openRaw(t, proxy.port);
  for (let i = 0; i < 3; i++) {
    client.send(GET.replace('shop', 'unknown'));
    assert.equal((await client.message()).status, 404, 'the connection goes on');
  }
});

test('CONNECT is refused, and allowed where a route names it', async (t) => {
  const server = await startRawServer(t, async (peer) => {
    const head = await peer.until('\r\n\r\n');
    if (!head.startsWith('CONNECT')) return peer.send(rawResponse(200));
    peer.send(`HTTP/1.1 200 Connected\r\nX-Head: ${head.split('\r\n')[0]}\r\n\r\nhello`);
    peer.send((await peer.octets(4)).reverse());
    peer.send(await peer.toEnd());
    peer.socket.end();
  });
  const routes = [{ match: { methods: ['CONNECT'], hosts: ['allowed'] }, cluster: 'shop' }];
  const proxy = await startHttpProxy(t, { listener: { http: { routes } }, clusters: [cluster('shop', server.port)] });
  const refused = await ask(t, proxy, 'CONNECT shop:80 HTTP/1.1\r\nHost: shop:80\r\n\r\n');
  assert.equal(failureOf(refused)[1], 'no_route');
  assert.match(refused.body.toString(), /CONNECT is refused unless a route names the method/);

  const client = await openRaw(t, proxy.port);
  client.send('CONNECT allowed:80 HTTP/1.1\r\nHost: allowed:80\r\n\r\nabcd');
  const head = await client.until('\r\n\r\n');
  assert.match(head, /^HTTP\/1\.1 200 .*\r\nX-Head: CONNECT allowed:80 HTTP\/1\.1/);
  assert.doesNotMatch(head, /content-length|transfer-encoding/i);
  assert.equal((await client.octets(9)).toString(), 'hellodcba');
  client.send('the rest');
  client.socket.end();
  assert.equal((await client.toEnd()).toString(), 'the rest');
});
