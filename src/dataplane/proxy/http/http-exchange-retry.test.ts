import assert from 'node:assert/strict';
import { ErrorCode } from '../../codec/http2/protocol.ts';
import { type HttpMesh, httpTests } from '../testing/http-mesh.ts';
import { settled, until } from '../../../core/testing/settled.ts';
import type { TextServer } from '../../upstream/testing/text-peer.ts';

const httpTest = httpTests('http exchange, tried again');

const GET = 'GET / HTTP/1.1\r\nHost: shop\r\n\r\n';
const POST = 'POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 3\r\n\r\nabc';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const HTTP2 = { policy: { http: { version: 'http2' } } } as const;

/** A server that has answered one request, so that its connection is a pooled one. */
async function usedServer(mesh: HttpMesh): Promise<TextServer> {
  const server = await mesh.textService();
  const caller = await mesh.caller();
  caller.send(GET);
  await (await server.peer(0)).message();
  server.peers[0]!.send(OK);
  await caller.message();
  return server;
}

httpTest('a GET on a pooled connection that the peer closes just then goes on another', {}, async (mesh) => {
  const server = await usedServer(mesh);
  const caller = await mesh.caller();
  caller.send('GET /again HTTP/1.1\r\nHost: shop\r\nX-A: b\r\n\r\n');
  const first = await server.peers[0]!.message();
  server.peers[0]!.socket.destroy();
  const second = await (await server.peer(1)).message();
  assert.equal(second.head, first.head);
  server.peers[1]!.send(OK);
  assert.equal((await caller.message()).body, 'ok');
  assert.deepEqual(mesh.cluster.stats.totals(), { ok: 2 });
});

httpTest('a POST there is not sent twice', {}, async (mesh) => {
  const server = await usedServer(mesh);
  const caller = await mesh.caller();
  caller.send(POST);
  await server.peers[0]!.message();
  server.peers[0]!.socket.destroy();
  const response = await caller.message();
  assert.match(response.head, / 502 /);
  assert.equal(response.field('weft-failure'), 'connection_lost');
  await settled();
  assert.equal(server.peers.length, 1);
});

httpTest('nor is a GET on a new connection, or one whose response has begun', {}, async (mesh) => {
  const server = await mesh.textService();
  const caller = await mesh.caller();
  caller.send(GET);
  await (await server.peer(0)).message();
  server.peers[0]!.socket.destroy();
  assert.match((await caller.message()).head, / 502 /);
  caller.send(GET);
  const used = await server.peer(1);
  await used.message();
  used.send(OK);
  await caller.message();
  caller.send(GET);
  await used.message();
  used.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc');
  await caller.upTo('abc');
  used.socket.destroy();
  await until('the caller is cut off', () => caller.ended);
  assert.equal(server.peers.length, 2);
});

httpTest('a refused stream is opened again with all that was sent on it', HTTP2, async (mesh) => {
  const server = await mesh.http2Service();
  const caller = await mesh.http2Caller();
  const call = caller.request('/x', ['x-a', 'b'], false);
  call.send('abc');
  const refused = await server.served(0);
  await until('the content', () => refused.content === 'abc');
  refused.stream.reset(ErrorCode.refusedStream);
  const again = await server.served(1);
  call.send('def', true);
  await until('its end', () => again.ended);
  assert.deepEqual([again.events[0], again.field('x-a'), again.content], ['POST /x', 'b', 'abcdef']);
  again.answer(200, 'ok');
  assert.equal(await call.status(), 200);
});

httpTest('one whose content is not all kept any more is not', HTTP2, async (mesh) => {
  const server = await mesh.http2Service();
  const caller = await mesh.http2Caller();
  const call = caller.request('/x', [], false);
  const refused = await server.served(0);
  for (let i = 0; i < 9; i++) {
    call.send('x'.repeat(8192));
    await until('the content', () => refused.content.length === (i + 1) * 8192);
  }
  assert.equal(mesh.parts.budget.used, 0);
  refused.stream.reset(ErrorCode.refusedStream);
  assert.equal(await call.status(), 502);
  assert.equal(server.requests.length, 1);
});

httpTest('other resets are told to the caller', HTTP2, async (mesh) => {
  const server = await mesh.http2Service();
  const caller = await mesh.http2Caller();
  const call = caller.request('/x');
  (await server.served(0)).stream.reset(ErrorCode.internalError);
  assert.equal(await call.status(), 502);
  assert.match(call.content, /the stream to 127.0.0.1:\d+ was lost: it was reset with code 2/);
});

httpTest('what a goodbye leaves out goes on another connection, what it takes stays', HTTP2, async (mesh) => {
  const server = await mesh.http2Service();
  const caller = await mesh.http2Caller();
  const first = caller.request('/first');
  const taken = await server.served(0);
  const peer = server.peers[0]!;
  // It says that it has seen no more than the first, while the second is on its way.
  peer.h2.goaway(true);
  const second = caller.request('/second', [], false);
  second.send('abc', true);
  const elsewhere = await server.peer(1);
  const again = await elsewhere.served(0);
  await until('its end', () => again.ended);
  assert.deepEqual([again.events[0], again.content], ['POST /second', 'abc']);
  again.answer(200, 'two');
  taken.answer(200, 'one');
  assert.deepEqual([await first.status(), await second.status()], [200, 200]);
  assert.deepEqual([first.content, second.content], ['one', 'two']);
  await until('the old connection is closed', () => peer.closed);
});

httpTest('an endpoint that refuses every time is not asked for ever', HTTP2, async (mesh) => {
  const server = await mesh.http2Server();
  server.onPeer = (peer) => {
    const { onRequest } = peer;
    peer.onRequest = (stream, head) => {
      const handler = onRequest.call(peer, stream, head);
      queueMicrotask(() => stream.reset(ErrorCode.refusedStream));
      return handler;
    };
  };
  mesh.endpoints(server);
  const caller = await mesh.http2Caller();
  assert.equal(await caller.request('/x').status(), 502);
  assert.equal(server.requests.length, 11);
});

httpTest('an endpoint where the peer does not speak HTTP/2 is said to be one', HTTP2, async (mesh) => {
  const server = await mesh.textServer();
  server.onPeer = (peer) => peer.send('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n');
  mesh.endpoints(server);
  const caller = await mesh.http2Caller();
  const call = caller.request('/x');
  assert.ok((await call.status()) >= 502);
  assert.match(call.content, /does not speak HTTP\/2/);
});
