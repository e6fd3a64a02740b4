import assert from 'node:assert/strict';
import { TextServer } from '../../upstream/testing/text-peer.ts';
import { httpTests } from '../testing/http-mesh.ts';
import { settled, until } from '../../../core/testing/settled.ts';

/** Who ends first, and what of one exchange could reach the next. */
const httpTest = httpTests('http exchange, out of order');

const GET = 'GET / HTTP/1.1\r\nHost: shop\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const HTTP2 = { policy: { http: { version: 'http2' } } } as const;
const UPGRADE =
  'GET /chat HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
const SWITCH =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n';

httpTest('a response before the end of its request ends both connections of HTTP/1', {}, async (mesh) => {
  const { caller, endpoint } = await mesh.asked('POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 10\r\n\r\nabc');
  await endpoint.upTo('abc');
  endpoint.send('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno');
  const response = await caller.message();
  assert.match(response.head, / 413 /);
  assert.equal(response.field('connection'), 'close');
  await until('both are closed', () => caller.ended && endpoint.ended);
});

httpTest('in HTTP/2 it ends the stream alone', {}, async (mesh) => {
  const server = await mesh.http2Service();
  const caller = await mesh.http2Caller();
  const call = caller.request('/', [], false);
  call.send('abc');
  const request = await server.served(0);
  request.answer(413, 'no');
  assert.equal(await call.status(), 413);
  await until('the caller is told to stop', () => call.reset === 0);
  await until('and so is the endpoint', () => request.reset !== undefined);
  const next = caller.request('/next');
  (await server.served(1)).answer(200, 'ok');
  assert.equal(await next.status(), 200);
});

httpTest('a late end of the first request says nothing to the second', HTTP2, async (mesh) => {
  const server = await mesh.http2Server({ streamWindow: 1000 });
  server.onPeer = (peer) => (peer.passes = false);
  mesh.endpoints(server);
  const caller = await mesh.http2Caller();
  const warm = caller.request('/');
  (await server.served(0)).answer(200, 'settings have come');
  await warm.status();
  const first = caller.request('/first', [], false);
  first.send('x'.repeat(5000), true);
  const request = await server.served(1);
  await until('the window is full', () => request.content.length === 1000);
  await settled();
  request.answer(200, 'early');
  assert.equal(await first.status(), 200);
  const second = caller.request('/second');
  const other = await server.served(2);
  request.stream.reset(0);
  await settled();
  assert.deepEqual(second.events, []);
  other.answer(200, 'ok');
  assert.equal(await second.status(), 200);
  assert.equal(second.content, 'ok');
});

httpTest('a WebSocket passes, with what was sent behind the handshakes', {}, async (mesh) => {
  const { caller, endpoint } = await mesh.asked(`${UPGRADE}early`);
  const request = await endpoint.message();
  assert.equal(request.field('upgrade'), 'websocket');
  await settled();
  assert.equal(endpoint.text, '', 'nothing of the tunnel before it is agreed on');
  endpoint.send(`${SWITCH}hello`);
  const response = await caller.message();
  assert.match(response.head, / 101 /);
  assert.equal(response.field('sec-websocket-accept'), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
  await caller.upTo('hello');
  await endpoint.upTo('early');
  caller.send('bye');
  caller.socket.end();
  await endpoint.upTo('bye');
  await until('its end', () => endpoint.ended);
  endpoint.send('last words');
  endpoint.socket.end();
  assert.equal(await caller.toEnd(), 'last words');
});

httpTest('a WebSocket that is refused leaves both connections to others', {}, async (mesh) => {
  const { caller, endpoint, server } = await mesh.asked(UPGRADE);
  await endpoint.message();
  endpoint.send('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
  assert.match((await caller.message()).head, / 403 /);
  caller.send(GET);
  const next = await server.peer(0);
  await next.message();
  next.send(OK);
  assert.equal((await caller.message()).body, 'ok');
  assert.equal(server.peers.length, 1);
});

httpTest('one whose handshake is not answered is 504', {}, async (mesh) => {
  const { caller, endpoint } = await mesh.asked(UPGRADE);
  await endpoint.message();
  await mesh.pass(15_250, 500);
  assert.match((await caller.message()).head, / 504 /);
  await until('the endpoint is closed', () => endpoint.ended);
});

httpTest(
  'over HTTP/2 no octet passes before the endpoint has agreed',
  { policy: { http: { version: 'http1' } } },
  async (mesh) => {
    const server = await mesh.textService();
    const caller = await mesh.http2Caller();
    const open = (): ReturnType<typeof caller.request> => {
      const call = caller.request('/chat', [':protocol', 'websocket'], false, 'CONNECT');
      call.send('GET /admin HTTP/1.1\r\nHost: shop\r\n\r\n');
      return call;
    };
    const refused = open();
    const endpoint = await server.peer(0);
    assert.match((await endpoint.message()).head, /^GET \/chat HTTP\/1.1\r\n/);
    await settled();
    assert.equal(endpoint.text, '');
    endpoint.send('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
    assert.equal(await refused.status(), 403);
    await settled();
    assert.equal(endpoint.text, '');
    const taken = open();
    await endpoint.message();
    endpoint.send(SWITCH);
    await endpoint.upTo('/admin');
    endpoint.send('hello');
    await until('what it says', () => taken.content === 'hello');
    assert.equal(taken.head?.status, 200);
    taken.send('', true);
    await until('its end', () => endpoint.ended);
    endpoint.socket.end();
    await until('the end of the stream', () => taken.ended);
  },
);

httpTest(
  'a response of HTTP/2 that is shorter than it says is not passed on as if it were whole',
  HTTP2,
  async (mesh) => {
    const server = await mesh.http2Service();
    const caller = await mesh.caller();
    caller.send(GET);
    (await server.served(0)).answer(200, '', [], ['content-length', '5']);
    assert.match((await caller.message()).head, / 502 /);
    caller.send('HEAD / HTTP/1.1\r\nHost: shop\r\n\r\n');
    (await server.served(1)).answer(200, '', [], ['content-length', '5']);
    assert.match(await caller.upTo('\r\n\r\n'), / 200 [^]*content-length: 5\r\n/);
  },
);

httpTest(
  'cookies that HTTP/2 has in pieces are one in HTTP/1',
  { policy: { http: { version: 'http1' } } },
  async (mesh) => {
    const server = await mesh.textService();
    const caller = await mesh.http2Caller();
    const call = caller.request('/', ['cookie', 'a=1', 'x-a', 'b', 'cookie', 'c=2']);
    const endpoint = await server.peer(0);
    assert.match(
      (await endpoint.message()).head,
      /^GET \/ HTTP\/1.1\r\nhost: shop\r\n(?=[^]*x-a: b)(?=[^]*cookie: a=1; c=2)/,
    );
    endpoint.send(OK);
    assert.equal(await call.status(), 200);
  },
);

for (const version of ['http1', 'http2'] as const) {
  const everything = { name: 'all', match: {}, cluster: 'shop' };
  httpTest(
    `a request that names no host goes on to ${version} as one`,
    { policy: { http: { version } }, routes: [everything] },
    async (mesh) => {
      const server = version === 'http1' ? await mesh.textServer() : await mesh.http2Server();
      mesh.endpoints(server);
      const caller = await mesh.caller();
      caller.send('GET / HTTP/1.0\r\n\r\n');
      if (server instanceof TextServer) {
        const endpoint = await server.peer(0);
        assert.equal((await endpoint.message()).head, `GET / HTTP/1.1\r\nhost: 127.0.0.1:${server.port}`);
        endpoint.send(OK);
      } else {
        const request = await server.served(0);
        assert.equal(request.head!.authority, '');
        request.answer(200, 'ok');
      }
      assert.match(await caller.toEnd(), /ok$/);
    },
  );
}

httpTest(
  'a response that is cut is reset, not ended, for callers of HTTP/2',
  { policy: { http: { version: 'http1' } } },
  async (mesh) => {
    const server = await mesh.textService();
    const caller = await mesh.http2Caller();
    const call = caller.request('/');
    const endpoint = await server.peer(0);
    await endpoint.message();
    endpoint.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc');
    endpoint.socket.end();
    await until('reset', () => call.reset !== undefined || call.ended);
    assert.notEqual(call.reset, undefined);
  },
);

httpTest('a response that lasts until its connection ends is chunked for callers that go on', {}, async (mesh) => {
  const { caller, endpoint } = await mesh.asked('GET / HTTP/1.1\r\nHost: shop\r\n\r\n');
  await endpoint.message();
  endpoint.socket.end('HTTP/1.0 200 OK\r\n\r\nall of it');
  const response = await caller.message();
  assert.equal(response.body, 'all of it');
  assert.equal(response.field('transfer-encoding'), 'chunked');
});

httpTest('and when it is broken off, its last chunk does not come', {}, async (mesh) => {
  const { caller, endpoint } = await mesh.asked('GET / HTTP/1.1\r\nHost: shop\r\n\r\n');
  await endpoint.message();
  endpoint.send('HTTP/1.0 200 OK\r\n\r\npart');
  await caller.upTo('part');
  endpoint.socket.resetAndDestroy();
  await until('end', () => caller.ended);
  assert.ok(!caller.text.includes('0\r\n\r\n'), caller.text);
});
