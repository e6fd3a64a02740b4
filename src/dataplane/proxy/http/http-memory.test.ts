import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { settled, until } from '../../../core/testing/settled.ts';
import type { HttpMesh, HttpMeshOptions } from '../testing/http-mesh.ts';
import { httpTests } from '../testing/http-mesh.ts';

const httpTest = httpTests('http memory');

const GET = 'GET / HTTP/1.1\r\nHost: shop\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const HTTP1: HttpMeshOptions = { policy: { http: { version: 'http1' } } };
const ONE: HttpMeshOptions = { policy: { http: { version: 'http1', connections: 1 } } };
const HTTP2: HttpMeshOptions = { policy: { http: { version: 'http2' } } };
const PART = 'x'.repeat(10_000);

/** Callers whose requests are not complete, until one is refused; returns that one's number. */
async function fillUp(mesh: HttpMesh, begin: string): Promise<number> {
  mesh.parts.budget.limit = 100_000;
  for (let i = 0; ; i++) {
    const caller = await mesh.caller();
    caller.send(begin + PART);
    await settled();
    if (caller.text === '') continue;
    assert.match(caller.text, /^HTTP\/1.1 503 [^]*maxBuffered/);
    await until('the end', () => caller.ended);
    return i;
  }
}

httpTest('HTTP/1: heads that are not complete are kept up to maxBuffered', HTTP1, async (mesh) => {
  const refused = await fillUp(mesh, 'GET / HTTP/1.1\r\nHost: shop\r\nX: ');
  assert.ok(refused >= 5 && refused <= 10, `${refused} were kept`);
  assert.ok(mesh.parts.budget.used > 50_000 && mesh.parts.budget.used <= 100_000);
  assert.match(mesh.parts.metrics.render(), /weft_unrouted_requests_total\{listener="web",outcome="overload"\} 1/);
  await mesh.pass(11_000);
  assert.equal(mesh.parts.budget.used, 0);
});

httpTest('HTTP/1: and so are trailers', HTTP1, async (mesh) => {
  const server = await mesh.textService();
  const begin = 'POST / HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nx: ';
  const refused = await fillUp(mesh, begin);
  assert.ok(refused >= 1 && refused <= 10, `${refused} were kept`);
  assert.equal(mesh.cluster.stats.totals().overload, 1);
  for (const { socket } of server.peers) socket.destroy();
  await until('all are given up', () => mesh.cluster.stats.active === 0);
  // They have a moment for the rest.
  await mesh.pass(2000);
  assert.equal(mesh.parts.budget.used, 0);
});

httpTest('HTTP/1: what is sent ahead and finds no room is not answered, what was before it is', HTTP1, async (mesh) => {
  const { caller, endpoint } = await mesh.asked(GET);
  await endpoint.message();
  mesh.parts.budget.limit = 100;
  caller.send(GET.repeat(10));
  await settled();
  endpoint.send(OK);
  assert.equal((await caller.message()).field('connection'), 'close');
  await until('the end', () => caller.ended);
  assert.equal(caller.text, '');
  assert.equal(mesh.parts.budget.used, 0);
});

httpTest('HTTP/2: header blocks that are not complete are kept up to maxBuffered', HTTP2, async (mesh) => {
  const caller = await mesh.http2Caller();
  mesh.parts.budget.limit = 10_000;
  const headers = Buffer.from([0, 0x27, 0x10, 1, 0, 0, 0, 0, 1]);
  caller.socket.write(Buffer.concat([headers, Buffer.alloc(9000)]));
  await settled();
  assert.equal(mesh.parts.budget.used, 9000);
  const other = await mesh.http2Caller();
  other.socket.write(Buffer.concat([headers, Buffer.alloc(9000)]));
  await until('the end', () => other.closed);
  assert.equal(other.goaways.length, 1);
  caller.socket.destroy();
  await until('it is gone', () => mesh.listener.connections === 0);
  assert.equal(mesh.parts.budget.used, 0);
});

httpTest('the heads of requests that wait count', ONE, async (mesh) => {
  const { caller, endpoint } = await mesh.asked(GET);
  await endpoint.message();
  mesh.parts.budget.limit = 25_000;
  const others = await mesh.http2Caller();
  const calls = [others.request('/1', ['x', PART]), others.request('/2', ['x', PART])];
  await until('they wait', () => mesh.cluster.stats.active === 3);
  const third = others.request('/3', ['x', PART]);
  assert.equal(await third.status(), 503);
  const fourth = await mesh.caller();
  fourth.send(GET.replace('\r\n\r\n', `\r\nX: ${PART}\r\n\r\n`));
  assert.match((await fourth.message()).head, /^HTTP\/1.1 503 /);
  endpoint.send(OK);
  await caller.message();
  for (const call of calls) {
    await endpoint.message();
    endpoint.send(OK);
    assert.equal(await call.status(), 200);
  }
  assert.equal(mesh.parts.budget.used, 0);
});

for (const [version, options] of [
  [1, HTTP1],
  [2, HTTP2],
] as const) {
  httpTest(`what an HTTP/${version} endpoint begins to say and does not end counts`, options, async (mesh) => {
    const limit = 10_000;
    mesh.cluster.deps.budget.limit = limit;
    if (version === 1) {
      const { caller, endpoint } = await mesh.asked(GET);
      await endpoint.message();
      endpoint.send(`HTTP/1.1 200 OK\r\nX: ${PART}`);
      assert.match((await caller.message()).head, /^HTTP\/1.1 502 /);
    } else {
      const server = await mesh.http2Service();
      const caller = await mesh.http2Caller();
      const call = caller.request();
      const request = await server.served(0);
      const peer = await server.peer(0);
      peer.socket.write(
        Buffer.concat([Buffer.from([0, 0x30, 0, 1, 4, 0, 0, 0, request.stream.id]), Buffer.alloc(limit + 1)]),
      );
      assert.equal(await call.status(), 502);
      await until('the end', () => peer.closed);
    }
    assert.equal(mesh.cluster.deps.budget.used, 0);
  });

  httpTest(`with no memory left, an upload to HTTP/${version} goes on only as it is taken`, options, async (mesh) => {
    const server = version === 1 ? await mesh.textService() : await mesh.http2Service();
    server.onPeer = (peer: { readonly socket: Socket }) => void peer.socket.pause();
    // What others do not take is more than may be held.
    mesh.parts.net.maxHeld = -1;
    const caller = await mesh.caller();
    const size = 16 << 20;
    caller.send(`POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: ${size}\r\n\r\n`);
    caller.send(Buffer.alloc(size, 'x'));
    const peer = await server.peer(0);
    if (version === 2) {
      peer.socket.resume();
      (await (server as Awaited<ReturnType<typeof mesh.http2Service>>).served(0)).passes = false;
    }
    let most = 0;
    for (let i = 0; i < 20; i++) {
      await settled();
      most = Math.max(most, mesh.parts.net.unsent);
    }
    assert.ok(most > 0 && most <= 80 << 10, `${most} octets wait here`);
    assert.ok(caller.socket.writableLength > size / 4, 'the rest waits with the caller');
    caller.socket.destroy();
    peer.socket.destroy();
    await until('it is given up', () => mesh.cluster.stats.active === 0 && mesh.listener.connections === 0);
  });
}

httpTest(
  'a body that the endpoint does not take ends, however long streams may be idle',
  { ...HTTP1, limits: { bodyTimeout: 2000, streamIdleTimeout: 0 } },
  async (mesh) => {
    const server = await mesh.textService();
    server.onPeer = ({ socket }) => void socket.pause();
    const caller = await mesh.caller();
    const size = 32 << 20;
    caller.send(`POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: ${size}\r\n\r\n`);
    caller.send(Buffer.alloc(size, 'x'));
    for (let i = 0; i < 20; i++) await settled();
    await mesh.pass(2500);
    const { head, body } = await caller.message();
    assert.match(head, /^HTTP\/1.1 504 /);
    assert.match(body, /the endpoint took none of the body for 2000 ms/);
    caller.socket.destroy();
  },
);
