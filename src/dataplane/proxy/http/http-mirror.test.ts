import assert from 'node:assert/strict';
import { settled, until } from '../../../core/testing/settled.ts';
import type { FaultSpec, RouteSpec } from '../../route/route-spec.ts';
import { RETRIES } from '../../cluster/testing/policy.ts';
import { deadPort } from '../../upstream/testing/text-peer.ts';
import { type HttpMesh, type HttpMeshOptions, httpTests } from '../testing/http-mesh.ts';

const httpTest = httpTests('http mirror');

const GET = 'GET / HTTP/1.1\r\nHost: shop\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const GRPC = ['content-type', 'application/grpc', 'te', 'trailers'];

function mirrored(more: Partial<RouteSpec> = {}, percent = 100): HttpMeshOptions {
  return { routes: [{ name: 'both', match: {}, cluster: 'shop', mirror: { cluster: 'shadow', percent }, ...more }] };
}

/** The service and its mirror. */
async function services(mesh: HttpMesh) {
  const shop = await mesh.textService();
  const shadow = await mesh.textServer();
  mesh.shadowEndpoints(shadow);
  return { shop, shadow };
}

function post(length: number, path = '/'): string {
  return `POST ${path} HTTP/1.1\r\nHost: shop\r\nContent-Length: ${length}\r\n\r\n`;
}

httpTest(
  'another cluster gets a copy of head and content, and its response is dropped',
  mirrored({
    rewrite: { prefix: '/v2' },
    match: { path: { prefix: '/v1' } },
    requestHeaders: { set: { 'x-set': 'yes' }, add: {}, remove: ['x-gone'] },
  }),
  async (mesh) => {
    const { shop, shadow } = await services(mesh);
    const caller = await mesh.caller();
    caller.send(
      'PUT /v1/a?b=c HTTP/1.1\r\nHost: shop.test:80\r\nX-Gone: 1\r\nX-Kept: 1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n',
    );
    const [original, copy] = [await shop.peer(0), await shadow.peer(0)];
    await until('half of both', () => [original, copy].every(({ text }) => text.includes('half')));
    caller.send('5\r\n more\r\n0\r\n\r\n');
    for (const [peer, host] of [
      [original, 'shop.test:80'],
      [copy, 'shop.test-shadow:80'],
    ] as const) {
      const { head, body, field } = await peer.message();
      assert.match(head, /^PUT \/v2\/a\?b=c HTTP\/1\.1\r\n/);
      assert.deepEqual(
        [field('host'), field('x-set'), field('x-gone'), field('x-kept')],
        [host, 'yes', undefined, '1'],
      );
      assert.equal(body, 'half more');
    }
    copy.send('HTTP/1.1 500 No\r\nContent-Length: 4\r\n\r\nbad!');
    await until('it is over', () => mesh.shadow.stats.active === 0);
    assert.equal(caller.text, '');
    original.send(OK);
    assert.equal((await caller.message()).body, 'ok');
    await settled();
    assert.deepEqual([mesh.cluster.stats.totals(), mesh.shadow.stats.totals()], [{ ok: 1 }, { ok: 0, error: 1 }]);
    assert.match(mesh.parts.metrics.render(), /weft_http_responses_total\{cluster="shadow",code="500"\} 1\n/);
    assert.match(
      mesh.parts.metrics.render(),
      /weft_route_requests_total\{listener="web",route="both",outcome="ok"\} 1\n/,
    );
  },
);

httpTest('so many percent of the requests', mirrored({}, 10), async (mesh) => {
  const { shop, shadow } = await services(mesh);
  shop.answerAll(OK);
  shadow.answerAll(OK);
  const caller = await mesh.caller();
  caller.send(GET.repeat(500));
  for (let i = 0; i < 500; i++) await caller.message();
  await settled();
  const { ok = 0 } = mesh.shadow.stats.totals();
  assert.ok(ok > 30 && ok < 70, `${ok} of 500`);
});

httpTest('one that does not answer is waited for no longer than a request of its cluster', mirrored(), async (mesh) => {
  const { shop, shadow } = await services(mesh);
  shop.answerAll(OK);
  const caller = await mesh.caller();
  caller.send(GET);
  assert.equal((await caller.message()).body, 'ok');
  await (await shadow.peer(0)).message();
  assert.equal(mesh.shadow.stats.active, 1);
  await mesh.pass(mesh.shadow.cluster.policy.http.timeout + 20);
  assert.deepEqual(mesh.shadow.stats.totals(), { ok: 0, timeout: 1 });
  await until('its connection is gone', () => shadow.peers[0]!.ended);
});

httpTest('one of gRPC, that would answer for ever, ends a while after its original', mirrored(), async (mesh) => {
  const [shop, shadow] = [await mesh.http2Service(), await mesh.http2Server()];
  mesh.shadowEndpoints(shadow);
  const caller = await mesh.http2Caller();
  const call = caller.request('/a.B/C', GRPC, false);
  call.send('question', true);
  const [original, copy] = [await shop.served(0), await shadow.served(0)];
  await until('the question', () => copy.content === 'question' && copy.ended);
  assert.equal(copy.head?.authority, 'shop-shadow');
  copy.stream.sendHead([':status', '200', 'content-type', 'application/grpc'], false);
  original.answer(200, 'answer', ['grpc-status', '0'], ['content-type', 'application/grpc']);
  assert.equal(await call.status(), 200);
  const { timeout } = mesh.shadow.cluster.policy.http;
  for (let passed = 0; passed < timeout - 1000; passed += 1000) {
    copy.send('more');
    await mesh.pass(1000);
  }
  assert.equal(copy.reset, undefined);
  await mesh.pass(1500, 100);
  await until('the reset', () => copy.reset === 8);
  assert.deepEqual(mesh.shadow.stats.totals(), { ok: 0, timeout: 1 });
});

httpTest('nobody who cannot be reached, nor a mirror that is full, is noticed', mirrored(), async (mesh) => {
  (await mesh.textService()).answerAll(OK);
  const caller = await mesh.caller();
  const ask = async (): Promise<void> => {
    caller.send(`${post(4)}body`);
    assert.equal((await caller.message()).body, 'ok');
  };
  // No endpoint is known: it waits, and holds nobody up.
  await ask();
  assert.equal(mesh.shadow.cluster.waiting, 1);
  mesh.shadowEndpoints({ port: await deadPort() });
  await until('it has failed', () => mesh.shadow.stats.active === 0);
  await ask();
  await until('so has this', () => mesh.shadow.stats.totals().no_healthy_endpoint === 2);
  mesh.shadow.setPolicy({ ...mesh.shadow.cluster.policy, breaker: { requests: 1, connections: 0 } });
  const [server] = [await mesh.textServer()];
  mesh.shadowEndpoints(server);
  await ask();
  await ask();
  assert.deepEqual(mesh.shadow.stats.totals(), { ok: 0, no_healthy_endpoint: 2, overload: 1 });
  server.answerAll(OK);
  for (const peer of server.peers) peer.send(OK);
  await until('the last one is served', () => mesh.shadow.stats.active === 0);
  assert.deepEqual(mesh.cluster.stats.totals(), { ok: 4 });
});

httpTest('a mirror that takes too little is given up, and the original goes on', mirrored(), async (mesh) => {
  const { shop, shadow } = await services(mesh);
  shop.answerAll(OK);
  const size = 64 << 20;
  let most = 0;
  shadow.onPeer = (peer) => void peer.socket.pause();
  const caller = await mesh.caller();
  caller.send(post(size));
  const chunk = Buffer.alloc(1 << 20, 'x');
  for (let sent = 0; sent < size; sent += chunk.length) {
    caller.send(chunk);
    await until('it has gone', () => {
      most = Math.max(most, mesh.parts.net.unsent);
      return caller.socket.writableLength === 0;
    });
  }
  assert.equal((await caller.message()).body, 'ok');
  assert.deepEqual(mesh.shadow.stats.totals(), { ok: 0, overload: 1 });
  assert.ok(most < 4 << 20, `${most} octets waited`);
});

httpTest('what comes before the mirror is there waits, within a bound', mirrored(), async (mesh) => {
  const shop = await mesh.textService();
  shop.answerAll(OK);
  const [small, large] = [await mesh.caller(), await mesh.caller()];
  small.send(post(50_000) + 's'.repeat(50_000));
  assert.equal((await small.message()).body, 'ok');
  large.send(post(2 << 20));
  large.send(Buffer.alloc(2 << 20, 'x'));
  assert.equal((await large.message()).body, 'ok');
  assert.deepEqual([mesh.shadow.stats.active, mesh.shadow.stats.totals().overload], [1, 1]);
  const shadow = await mesh.textServer();
  mesh.shadowEndpoints(shadow);
  const copy = await shadow.peer(0);
  assert.equal((await copy.message()).body, 's'.repeat(50_000));
  copy.send(OK);
  await until('it is over', () => mesh.shadow.stats.active === 0);
  assert.equal(mesh.parts.proxy.wheel.size, 0, 'nothing is waited for');
});

httpTest('copies that wait leave half of the memory to originals', mirrored(), async (mesh) => {
  (await mesh.textService()).answerAll(OK);
  const { budget } = mesh.parts;
  const { limit } = budget;
  budget.limit = 100_000;
  const caller = await mesh.caller();
  for (const copies of [1, 1, 1]) {
    caller.send(post(40_000) + 'x'.repeat(40_000));
    assert.equal((await caller.message()).body, 'ok');
    assert.equal(mesh.shadow.stats.active, copies);
    assert.ok(budget.used < 50_000, `${budget.used} octets are kept`);
  }
  assert.deepEqual(mesh.shadow.stats.totals(), { ok: 0, overload: 2 });
  budget.limit = limit;
  mesh.shadowEndpoints({ port: await deadPort() });
  await until('the last one is over', () => mesh.shadow.stats.active === 0);
});

httpTest(
  'a copy of a call of grpc-web is one of gRPC, like its original',
  { ...mirrored(), policy: { http: { version: 'http2' } } },
  async (mesh) => {
    const [shop, shadow] = [await mesh.http2Service(), await mesh.http2Server()];
    mesh.shadowEndpoints(shadow);
    const caller = await mesh.caller();
    const fields = 'Content-Type: application/grpc-web-text+proto\r\nX-Grpc-Web: 1\r\nContent-Length: 16';
    const body = Buffer.from('\0\0\0\0\x05hello', 'latin1').toString('base64');
    caller.send(`POST /a.B/C HTTP/1.1\r\nHost: shop\r\n${fields}\r\n\r\n${body}`);
    for (const server of [shadow, shop]) {
      const request = await server.served(0);
      await until('its end', () => request.ended);
      const head = ['content-type', 'te', 'content-length'].map((name) => request.field(name));
      assert.deepEqual(head, ['application/grpc+proto', 'trailers', undefined]);
      assert.equal(request.content, '\0\0\0\0\x05hello');
      request.answer(200, 'x', ['grpc-status', '0'], ['content-type', 'application/grpc+proto']);
    }
    await caller.message();
    await until('it is over', () => mesh.shadow.stats.active === 0);
    assert.deepEqual(mesh.shadow.stats.totals(), { ok: 1 });
  },
);

httpTest('a copy of which the rest never comes goes with its original', mirrored(), async (mesh) => {
  const { shop, shadow } = await services(mesh);
  const caller = await mesh.caller();
  caller.send(`${post(9)}half`);
  const [original, copy] = [await shop.peer(0), await shadow.peer(0)];
  await until('half of both', () => [original, copy].every(({ text }) => text.includes('half')));
  caller.socket.resetAndDestroy();
  await until('both are gone', () => original.ended && copy.ended);
  assert.deepEqual(mesh.shadow.stats.totals(), { ok: 0, abandoned: 1 });
});

const SOME: HttpMeshOptions = {
  routes: [
    { name: 'both', match: { path: { exact: '/both' } }, cluster: 'shop', mirror: { cluster: 'shadow', percent: 100 } },
    { name: 'one', match: {}, cluster: 'shop' },
  ],
};

httpTest('a copy that is answered early takes no more, nor does who is served in its place', SOME, async (mesh) => {
  const { shop, shadow } = await services(mesh);
  const [one, two] = [await mesh.caller(), await mesh.caller()];
  one.send(`${post(9, '/both')}half`);
  const [endpoint, copy] = [await shop.peer(0), await shadow.peer(0)];
  await Promise.all([endpoint, copy].map((peer) => peer.upTo('half')));
  copy.send(OK);
  await until('the copy is over', () => mesh.shadow.stats.active === 0);
  two.send(`${post(8)}abcd`);
  const other = await shop.peer(1);
  await other.upTo('abcd');
  one.send(' more');
  await endpoint.upTo(' more');
  two.send('efgh');
  assert.equal(await other.octets(4), 'efgh');
  for (const peer of [endpoint, other]) peer.send(OK);
  for (const caller of [one, two]) assert.equal((await caller.message()).body, 'ok');
});

httpTest(
  'what is tried again is mirrored once',
  { ...mirrored(), policy: { retries: { ...RETRIES, attempts: 2, on: ['5xx'] }, http: { version: 'http1' } } },
  async (mesh) => {
    const { shop, shadow } = await services(mesh);
    shop.answerAll('HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n');
    let copies = 0;
    shadow.answerAll(() => {
      copies++;
      return OK;
    });
    const caller = await mesh.caller();
    caller.send(GET);
    assert.match((await caller.message()).head, / 500 /);
    await settled();
    assert.equal(copies, 1);
    assert.deepEqual(mesh.shadow.stats.totals(), { ok: 1 });
  },
);

const DELAYED: FaultSpec = { delay: { duration: 1000, percent: 100 } };

httpTest('one that is delayed is mirrored when it goes on, whole', mirrored({ fault: DELAYED }), async (mesh) => {
  const { shop, shadow } = await services(mesh);
  shop.answerAll(OK);
  const caller = await mesh.caller();
  caller.send(`${post(6)}all of`);
  await until('it is held', () => mesh.cluster.stats.active === 1);
  assert.equal(shadow.peers.length, 0);
  await mesh.pass(1000, 10);
  assert.equal((await caller.message()).body, 'ok');
  const copy = await shadow.peer(0);
  assert.equal((await copy.message()).body, 'all of');
  copy.send(OK);
  await until('it is over', () => mesh.shadow.stats.active === 0);
});

httpTest('a tunnel is not mirrored', mirrored(), async (mesh) => {
  const { shop, shadow } = await services(mesh);
  const caller = await mesh.caller();
  caller.send('GET / HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  const endpoint = await shop.peer(0);
  await endpoint.message();
  endpoint.send('HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  await caller.upTo('\r\n\r\n');
  caller.send('hello');
  assert.equal(await endpoint.octets(5), 'hello');
  assert.equal(shadow.peers.length, 0);
  caller.socket.end();
  endpoint.socket.end();
  await until('it is over', () => mesh.cluster.stats.active === 0);
});

httpTest(
  'the original comes first where both go to one cluster and there is one connection',
  { ...mirrored({ mirror: { cluster: 'shop', percent: 100 } }), policy: { http: { connections: 1 } } },
  async (mesh) => {
    const shop = await mesh.textService();
    const caller = await mesh.caller();
    caller.send(GET);
    const peer = await shop.peer(0);
    await until('one has come', () => peer.text.includes('\r\n\r\n'));
    assert.match(peer.text, /\r\nHost: shop\r\n/);
    peer.send(OK);
    assert.match((await caller.message()).head, /^HTTP\/1\.1 200 /);
    await until('the copy follows', () => peer.text.includes('shop-shadow'));
    peer.send(OK);
    await until('it is over', () => mesh.cluster.stats.active === 0);
  },
);

httpTest(
  'copies that nobody takes hold no more memory than there is for all that is unsent',
  { ...mirrored(), policy: { http: { version: 'http2' } } },
  async (mesh) => {
    mesh.parts.net.maxHeld = 1 << 20;
    await mesh.http2Service();
    const shadow = await mesh.http2Server();
    shadow.onPeer = (peer) => void (peer.passes = false);
    mesh.shadowEndpoints(shadow);
    const callers = await Promise.all(Array.from({ length: 40 }, () => mesh.caller()));
    let most = 0;
    for (const caller of callers) caller.send(post(300_000));
    for (let piece = 0; piece < 10; piece++) {
      for (const caller of callers) caller.send('x'.repeat(30_000));
      await settled();
      most = Math.max(most, mesh.parts.net.held);
    }
    assert.ok(most < 2 << 20, `${most} octets were held`);
    for (const { socket } of callers) socket.destroy();
    await mesh.pass(120_000, 10_000);
    await until('all is over', () => mesh.cluster.stats.active + mesh.shadow.stats.active === 0);
  },
);
