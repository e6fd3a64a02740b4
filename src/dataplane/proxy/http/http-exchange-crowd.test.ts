import assert from 'node:assert/strict';
import { settled, until } from '../../../core/testing/settled.ts';
import { httpTests } from '../testing/http-mesh.ts';

const httpTest = httpTests('http exchange, with others');

const GET = 'GET / HTTP/1.1\r\nHost: shop\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

httpTest(
  'an endpoint that takes no more of a body is late itself, not its caller',
  { limits: { bodyTimeout: 2000, streamIdleTimeout: 5000 } },
  async (mesh) => {
    const server = await mesh.textService();
    server.onPeer = ({ socket }) => void socket.pause();
    const caller = await mesh.caller();
    const size = 32 << 20;
    caller.send(`POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: ${size}\r\n\r\n`);
    caller.send(Buffer.alloc(size, 'x'));
    for (let i = 0; i < 20; i++) await settled();
    await mesh.pass(3000);
    assert.equal(caller.text, '');
    await mesh.pass(3000);
    assert.match((await caller.message()).head, / 504 /);
    caller.socket.destroy();
  },
);

httpTest(
  'once the response has begun, nothing of the request is kept',
  { policy: { http: { version: 'http2' } } },
  async (mesh) => {
    const server = await mesh.http2Service();
    const caller = await mesh.http2Caller();
    const call = caller.request('/', [], false);
    const request = await server.served(0);
    request.stream.sendHead([':status', '200'], false);
    await until('head', () => call.events.includes('head 200'));
    call.send('abc');
    await until('abc', () => request.content === 'abc');
    assert.equal(mesh.parts.budget.used, 0);
    call.send('', true);
    request.send('', true);
    assert.equal(await call.status(), 200);
  },
);

httpTest(
  'a request that is reset while it waits is never sent',
  { policy: { http: { connections: 1, version: 'http1' } } },
  async (mesh) => {
    const server = await mesh.textService();
    const caller = await mesh.http2Caller();
    const one = caller.request('/1');
    const endpoint = await server.peer(0);
    await endpoint.message();
    const two = caller.request('/2', [], false);
    two.send('abc');
    await until('both', () => mesh.cluster.stats.active === 2);
    await settled();
    two.stream.reset(8);
    await until('one', () => mesh.cluster.stats.active === 1);
    assert.equal(mesh.parts.budget.used, 0);
    endpoint.send(OK);
    assert.equal(await one.status(), 200);
    await settled();
    assert.equal(endpoint.text, '');
  },
);

httpTest('an endpoint that leaves its cluster answers what it has', {}, async (mesh) => {
  const [a, b] = [await mesh.textServer(), await mesh.textServer()];
  mesh.endpoints(a);
  const caller = await mesh.caller();
  caller.send(GET);
  const endpoint = await a.peer(0);
  await endpoint.message();
  mesh.endpoints(b);
  endpoint.send(OK);
  assert.equal((await caller.message()).body, 'ok');
  await until('closed', () => endpoint.ended);
  caller.send(GET);
  await (await b.peer(0)).message();
  b.peers[0]!.send(OK);
  assert.equal((await caller.message()).body, 'ok');
});

httpTest(
  'many callers share few connections, and each gets its own responses',
  { policy: { http: { connections: 3 } } },
  async (mesh) => {
    const server = await mesh.textServer();
    server.answerAll(({ head }) => {
      const path = head.split(' ')[1]!;
      return `HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`;
    });
    mesh.endpoints(server);
    const callers = await Promise.all(Array.from({ length: 20 }, () => mesh.caller()));
    await Promise.all(
      callers.map(async (caller, c) => {
        for (let i = 0; i < 20; i++) {
          caller.send(`GET /${c}/${i} HTTP/1.1\r\nHost: shop\r\n\r\n`);
          assert.equal((await caller.message()).body, `/${c}/${i}`);
        }
      }),
    );
    assert.ok(server.peers.length <= 3, String(server.peers.length));
  },
);

httpTest('heads before the response are left out while the caller takes nothing', {}, async (mesh) => {
  const { caller, endpoint } = await mesh.asked(GET);
  await endpoint.message();
  caller.socket.pause();
  const hint = `HTTP/1.1 103 Early Hints\r\nLink: ${'x'.repeat(8000)}\r\n\r\n`;
  for (let i = 0; i < 30; i++) {
    endpoint.send(hint.repeat(100));
    await settled();
  }
  assert.ok(mesh.parts.net.unsent < 2 << 20, `${mesh.parts.net.unsent} octets wait here`);
  caller.socket.resume();
  endpoint.send(OK);
  await until('the response', () => caller.text.endsWith('ok'));
});

httpTest('101 of HTTP/2 is no answer', { policy: { http: { version: 'http2' } } }, async (mesh) => {
  const server = await mesh.http2Service();
  const caller = await mesh.caller();
  caller.send(GET);
  const request = await server.served(0);
  request.stream.sendHead([':status', '101'], false);
  assert.match((await caller.message()).head, /^HTTP\/1.1 502 /);
});

httpTest(
  'fields that frame a message are none of its trailers',
  { policy: { http: { version: 'http1' } } },
  async (mesh) => {
    const server = await mesh.textService();
    const caller = await mesh.http2Caller();
    const call = caller.request('/', [], false);
    call.stream.sendTrailers(['content-length', '5', 'host', 'other', 'x-a', '1']);
    const endpoint = await server.peer(0);
    await endpoint.upTo('\r\n\r\n');
    assert.equal(await endpoint.upTo('\r\n\r\n'), '0\r\nx-a: 1\r\n\r\n');
    const framing = 'Connection: close\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\nHost: other\r\nX-B: 2\r\n';
    endpoint.send(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n${framing}\r\n`);
    assert.equal(await call.status(), 200);
    assert.deepEqual(call.trailers, ['x-b', '2']);
  },
);
