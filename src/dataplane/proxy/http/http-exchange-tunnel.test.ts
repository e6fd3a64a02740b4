import assert from 'node:assert/strict';
import { settled, until } from '../../../core/testing/settled.ts';
import { type Http2Peer, PeerStream } from '../../upstream/testing/http2-peer.ts';
import { httpTests } from '../testing/http-mesh.ts';

const httpTest = httpTests('http exchange of a tunnel');

const GET = 'GET / HTTP/1.1\r\nHost: shop\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const TUNNELS = { routes: [{ name: 'tunnels', match: { methods: ['CONNECT'] }, cluster: 'shop' }] };

function connectTo(authority: string, { h2 }: Http2Peer): PeerStream {
  const call = new PeerStream();
  call.stream = h2.openStream([':method', 'CONNECT', ':authority', authority], false, call);
  return call;
}

httpTest('HTTP/1 to HTTP/1: nothing passes before the endpoint has agreed', TUNNELS, async (mesh) => {
  const { caller, endpoint } = await mesh.asked('CONNECT db:5432 HTTP/1.1\r\nHost: db:5432\r\n\r\nearly');
  assert.match((await endpoint.message()).head, /^CONNECT db:5432 HTTP\/1.1\r\nHost: db:5432$/);
  await settled();
  assert.equal(endpoint.text, '');
  endpoint.send('HTTP/1.1 200 Connected\r\n\r\nhello');
  assert.match(await caller.upTo('\r\n\r\n'), /^HTTP\/1.1 200 /);
  await caller.upTo('hello');
  await endpoint.upTo('early');
  caller.socket.end();
  await until('end', () => endpoint.ended);
  endpoint.socket.end('bye');
  assert.equal(await caller.toEnd(), 'bye');
});

httpTest('HTTP/1 to HTTP/1: one that is refused leaves both connections to others', TUNNELS, async (mesh) => {
  const { caller, endpoint } = await mesh.asked('CONNECT db:5432 HTTP/1.1\r\nHost: db:5432\r\n\r\n');
  await endpoint.message();
  endpoint.send('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
  assert.match((await caller.message()).head, / 403 /);
  caller.send(GET);
  await endpoint.message();
  endpoint.send(OK);
  assert.equal((await caller.message()).body, 'ok');
});

httpTest('HTTP/2 to HTTP/2', TUNNELS, async (mesh) => {
  const server = await mesh.http2Service();
  const caller = await mesh.http2Caller();
  const call = connectTo('db:5432', caller);
  const request = await server.served(0);
  assert.deepEqual([request.head!.method, request.head!.authority, request.head!.path], ['CONNECT', 'db:5432', '']);
  call.send('early');
  await settled();
  assert.equal(request.content, '');
  request.stream.sendHead([':status', '200'], false);
  await until('early', () => request.content === 'early');
  request.send('hello');
  await until('hello', () => call.content === 'hello');
  call.send('', true);
  await until('end', () => request.ended);
  request.send('bye', true);
  await until('end', () => call.ended);
  assert.equal(call.content, 'hellobye');
});

httpTest(
  'HTTP/2 to HTTP/1: the endpoint may end first',
  { ...TUNNELS, policy: { http: { version: 'http1' } } },
  async (mesh) => {
    const server = await mesh.textService();
    const caller = await mesh.http2Caller();
    const call = connectTo('db:5432', caller);
    const endpoint = await server.peer(0);
    assert.match((await endpoint.message()).head, /^CONNECT db:5432 HTTP\/1.1\r\nhost: db:5432$/);
    endpoint.send('HTTP/1.1 200 Connected\r\n\r\nhello');
    await until('hello', () => call.content === 'hello');
    endpoint.socket.end();
    await until('end', () => call.ended);
    call.send('last', true);
    assert.equal(await endpoint.toEnd(), 'last');
  },
);

httpTest('a WebSocket to an endpoint of HTTP/2 that does not take any is 502, and harms nobody', {}, async (mesh) => {
  const server = await mesh.http2Service({ extendedConnect: false });
  const caller = await mesh.http2Caller();
  const call = caller.request('/chat', [':protocol', 'websocket'], false, 'CONNECT');
  assert.equal(await call.status(), 502);
  const next = caller.request('/');
  (await server.served(0)).answer(200, 'ok');
  assert.equal(await next.status(), 200);
});

httpTest(
  'a WebSocket of HTTP/1 goes on to HTTP/2, and its key is answered here',
  { policy: { http: { version: 'http2' } } },
  async (mesh) => {
    const server = await mesh.http2Service();
    const caller = await mesh.caller();
    caller.send(
      'GET /chat HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\nearly',
    );
    const request = await server.served(0);
    assert.deepEqual(
      [request.head!.method, request.head!.protocol, request.field('sec-websocket-key')],
      ['CONNECT', 'websocket', undefined],
    );
    request.stream.sendHead([':status', '200'], false);
    const m = await caller.upTo('\r\n\r\n');
    assert.match(m, /^HTTP\/1.1 101 [^]*sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/);
    await until('early', () => request.content === 'early');
    request.send('hi', true);
    await caller.upTo('hi');
    caller.socket.end('last');
    await until('last', () => request.content === 'earlylast' && request.ended);
  },
);
