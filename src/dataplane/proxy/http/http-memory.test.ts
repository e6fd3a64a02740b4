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
      assert.match((await caller.message()).head, /^HTTP\/1.1 503 /);
    } else {
      const server = await mesh.http2Service();
      const caller = await mesh.http2Caller();
      const call = caller.request();
      const request = await server.served(0);
      const peer = await server.peer(0);
      peer.socket.write(
        Buffer.concat([Buffer.from([0, 0x30, 0, 1, 4, 0, 0, 0, request.stream.id]), Buffer.alloc(limit + 1)]),
      );
      assert.equal(await call.status(), 503);
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

const UPGRADE =
  'GET /ws HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
const SWITCH =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n';

/** Of memory that nobody gives back the caller's next request, and all others, would hear. */
httpTest('HTTP/2: what waited for windows is counted no more when its stream is reset', HTTP1, async (mesh) => {
  const server = await mesh.textService();
  server.answerAll(`HTTP/1.1 200 OK\r\nContent-Length: 40000\r\n\r\n${'x'.repeat(40_000)}`);
  const caller = await mesh.http2Caller({ streamWindow: 0 });
  const call = caller.request('/');
  await until('all of it waits', () => mesh.parts.net.held === 40_000);
  call.stream.reset(8);
  await until('none of it does', () => mesh.parts.net.held === 0 && mesh.parts.net.unsent === 0);
});

httpTest('HTTP/2: nor what waited for an endpoint, when its request is given up', HTTP2, async (mesh) => {
  const server = await mesh.http2Service({ streamWindow: 1000 });
  const caller = await mesh.caller();
  caller.send(`POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 60000\r\n\r\n${'x'.repeat(50_000)}`);
  (await server.served(0)).passes = false;
  await until('some of it waits', () => mesh.parts.net.unsent > 0);
  caller.socket.destroy();
  await until('it is given up', () => mesh.cluster.stats.active === 0);
  await until('none of it does', () => mesh.parts.net.unsent === 0);
});

httpTest(
  'HTTP/2: a response that waits for those of others goes on when one of these is reset',
  HTTP1,
  async (mesh) => {
    const size = 3_000_000;
    const server = await mesh.textService();
    const caller = await mesh.http2Caller({ connectionWindow: 64 << 20 });
    const large = caller.request('/large');
    const endpoint = await server.peer(0);
    await endpoint.message();
    endpoint.send(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n${'x'.repeat(1000)}`);
    await until('it begins', () => large.content.length === 1000);
    server.answerAll(`HTTP/1.1 200 OK\r\nContent-Length: 134000\r\n\r\n${'y'.repeat(134_000)}`);
    caller.passes = false;
    const others = [];
    for (let i = 0; mesh.parts.net.unsent <= 1 << 20; i++) {
      const other = caller.request(`/${i}`);
      others.push(other);
      await until('all that its window holds', () => other.content.length === 65_535);
      await settled();
    }
    endpoint.send('x'.repeat(size - 1000));
    for (let i = 0; i < 10; i++) await settled();
    assert.ok(large.content.length < size, 'it waits for the crowd');
    others.at(-1)!.stream.reset(8);
    await until('all of it', () => large.content.length === size);
    caller.socket.destroy();
    await until('all are over', () => mesh.listener.connections === 0 && mesh.cluster.stats.active === 0);
  },
);

const BIG: HttpMeshOptions = {
  ...HTTP1,
  routes: [{ name: 'big', match: {}, respond: { status: 200, body: 'x'.repeat(8 << 20), headers: {} } }],
};

httpTest('HTTP/1: a request that has its answer gets no other one', BIG, async (mesh) => {
  mesh.parts.budget.limit = 10;
  const caller = await mesh.caller();
  caller.socket.pause();
  caller.send(`GET / HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n${GET.repeat(3)}`);
  for (let i = 0; i < 10; i++) await settled();
  caller.socket.resume();
  await until('the end', () => caller.ended);
  assert.deepEqual(caller.text.match(/HTTP\/1.1 \d+/g), ['HTTP/1.1 200']);
  assert.doesNotMatch(mesh.parts.metrics.render(), /weft_unrouted_requests_total/);
});

httpTest('HTTP/1: an upgrade whose early data finds no room is refused', HTTP1, async (mesh) => {
  const { caller, endpoint } = await mesh.asked(UPGRADE);
  await endpoint.message();
  mesh.parts.budget.limit = 100;
  caller.send('e'.repeat(1000));
  assert.match((await caller.message()).head, /^HTTP\/1.1 503 /);
  await until('both ends', () => caller.ended && endpoint.ended);
  assert.equal(mesh.parts.budget.used, 0);
});

httpTest('HTTP/1: early data that has gone is counted no more', HTTP1, async (mesh) => {
  const { caller, endpoint } = await mesh.asked(UPGRADE + 'e'.repeat(50_000));
  await endpoint.message();
  await until('it waits', () => mesh.parts.budget.used >= 50_000);
  endpoint.send(SWITCH);
  await until('all of it', () => endpoint.text.length === 50_000);
  assert.equal(mesh.parts.budget.used, 0);
  endpoint.text = '';
  caller.socket.destroy();
  endpoint.socket.destroy();
  await until('the end', () => mesh.cluster.stats.active === 0);
});

httpTest(
  'HTTP/1: a connection with more behind its response than there is room for is not used again',
  ONE,
  async (mesh) => {
    const { server, caller, endpoint } = await mesh.asked(GET);
    await endpoint.message();
    const other = await mesh.caller();
    other.send('POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 2\r\n\r\nhi');
    await until('both', () => mesh.cluster.stats.active === 2);
    mesh.cluster.deps.budget.limit = 10;
    server.answerAll(OK);
    endpoint.send(`${OK}HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nextra`);
    assert.equal((await caller.message()).body, 'ok');
    assert.match((await other.message()).head, /^HTTP\/1.1 200 /);
    assert.equal(endpoint.text, '');
    assert.equal(server.peers.length, 2);
  },
);

httpTest('HTTP/2: a frame head that is cut needs no room', HTTP2, async (mesh) => {
  const server = await mesh.http2Service();
  const caller = await mesh.http2Caller();
  const call = caller.request('/', [], true, 'DELETE');
  const request = await server.served(0);
  mesh.parts.budget.limit = mesh.cluster.deps.budget.limit = 0;
  server.peers[0]!.socket.write(Buffer.from([0]));
  caller.socket.write(Buffer.from([0]));
  await settled();
  server.peers[0]!.socket.write(Buffer.from([0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]));
  caller.socket.write(Buffer.from([0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]));
  request.answer();
  assert.equal(await call.status(), 200);
});

httpTest(
  'HTTP/2: what was at work when memory ran out is not sent again, and counts as overload',
  HTTP2,
  async (mesh) => {
    const server = await mesh.http2Service();
    const callers = [await mesh.http2Caller(), await mesh.http2Caller()];
    for (const caller of callers) {
      const first = caller.request('/');
      (await server.served(server.requests.length)).answer();
      await first.status();
    }
    const calls = callers.map((caller) => caller.request('/', [], true, 'DELETE'));
    await until('both are at work', () => server.requests.length === 4);
    mesh.cluster.deps.budget.limit = 10;
    server.peers[0]!.socket.write(Buffer.concat([Buffer.from([0, 0x30, 0, 1, 4, 0, 0, 0, 3]), Buffer.alloc(100)]));
    for (const call of calls) assert.equal(await call.status(), 503);
    assert.equal(server.requests.length, 4);
    assert.equal(mesh.cluster.stats.totals().overload, 2);
  },
);

httpTest('HTTP/2: a caller that is cut for memory is counted so, and told of at debug', HTTP1, async (mesh) => {
  mesh.parts.logControl.level = 'debug';
  const server = await mesh.textService();
  const caller = await mesh.http2Caller();
  caller.request('/');
  await (await server.peer(0)).message();
  mesh.parts.budget.limit = 4;
  caller.socket.write(Buffer.concat([Buffer.from([0, 0x30, 0, 1, 0, 0, 0, 0, 3]), Buffer.alloc(100)]));
  await until('it is cut', () => caller.closed);
  assert.deepEqual(mesh.cluster.stats.totals(), { ok: 0, overload: 1 });
  assert.match(mesh.parts.metrics.render(), /weft_unrouted_requests_total\{listener="web",outcome="overload"\} 1/);
  assert.match(mesh.parts.logged.join('\n'), /"a request failed".*"overload".*maxBuffered/);
});
