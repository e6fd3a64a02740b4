import assert from 'node:assert/strict';
import { settled, until } from '../../../core/testing/settled.ts';
import type { FaultSpec, RouteSpec } from '../../route/route-spec.ts';
import { type HttpMeshOptions, httpTests } from '../testing/http-mesh.ts';

const httpTest = httpTests('http faults');

const GET = 'GET / HTTP/1.1\r\nHost: shop\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const GRPC = ['content-type', 'application/grpc', 'te', 'trailers'];

function withFault(fault: FaultSpec, more: Partial<RouteSpec> = {}): HttpMeshOptions {
  return { routes: [{ name: 'faulty', match: {}, cluster: 'shop', fault, ...more }] };
}

function delay(duration: number, percent = 100): FaultSpec {
  return { delay: { duration, percent } };
}

httpTest(
  'so many percent are aborted, the others served',
  withFault({ abort: { status: 418, percent: 25 } }),
  async (mesh) => {
    let served = 0;
    (await mesh.textService()).answerAll(() => {
      served++;
      return OK;
    });
    const caller = await mesh.caller();
    let aborted = 0;
    for (let i = 0; i < 400; i++) {
      caller.send(GET);
      const { head, body, field } = await caller.message();
      if (head.startsWith('HTTP/1.1 200 ')) continue;
      aborted++;
      assert.match(head, /^HTTP\/1\.1 418 /);
      assert.equal(field('weft-failure'), 'fault');
      assert.equal(body, 'weft: shop: aborted on purpose, as its route says (fault.abort)\n');
    }
    assert.ok(aborted > 80 && aborted < 120, `${aborted} of 400`);
    assert.equal(served, 400 - aborted);
    assert.deepEqual(mesh.cluster.stats.totals(), { ok: served, fault: aborted });
    const route = `weft_route_requests_total{listener="web",route="faulty",outcome="fault"} ${aborted}\n`;
    assert.ok(mesh.parts.metrics.render().includes(route));
  },
);

httpTest(
  'a call of gRPC is aborted with its own code',
  withFault({ abort: { grpc: 10, percent: 100 } }),
  async (mesh) => {
    const server = await mesh.http2Service();
    const call = (await mesh.http2Caller()).request('/a.B/C', GRPC, false);
    assert.equal(await call.status(), 200);
    const fields = ['grpc-status', 'weft-failure', 'content-type'].map((name) => call.field(name));
    assert.deepEqual(fields, ['10', 'fault', 'application/grpc']);
    const plain = (await mesh.http2Caller()).request('/');
    assert.equal(await plain.status(), 503);
    assert.equal(server.peers.length, 0);
  },
);

httpTest(
  'or with what a status of HTTP means there',
  withFault({ abort: { status: 404, percent: 100 } }),
  async (mesh) => {
    const call = (await mesh.http2Caller()).request('/a.B/C', GRPC, false);
    assert.equal(await call.status(), 200);
    assert.equal(call.field('grpc-status'), '12');
  },
);

httpTest('a delay holds a request whole, and its content back', withFault(delay(5000)), async (mesh) => {
  const server = await mesh.textService();
  const [caller, other] = [await mesh.caller(), await mesh.caller()];
  const size = 4 << 20;
  caller.send(`POST /one HTTP/1.1\r\nHost: shop\r\nContent-Length: ${size}\r\nX-Who: one\r\n\r\n`);
  caller.send(Buffer.alloc(size, 'x'));
  await until('it is held', () => mesh.cluster.stats.active === 1);
  // What is read next must not be taken for the head of the one that is held.
  other.send(`GET /another-one HTTP/1.1\r\nHost: shop\r\nX-Long: ${'z'.repeat(200)}\r\n\r\n`);
  await until('both are', () => mesh.cluster.stats.active === 2);
  await mesh.pass(4900);
  assert.equal(server.peers.length, 0);
  assert.ok(mesh.parts.budget.used > 0 && mesh.parts.budget.used < 1 << 18, `keeps ${mesh.parts.budget.used}`);
  await mesh.pass(200, 100);
  server.answerAll(OK);
  const heads: string[] = [];
  for (const number of [0, 1]) {
    const endpoint = await server.peer(number);
    const { head, body, field } = await endpoint.message();
    heads.push(`${head.split('\r\n')[0]} ${field('x-who') ?? field('x-long')?.length}`);
    assert.equal(body.length, head.startsWith('POST') ? size : 0);
    endpoint.send(OK);
  }
  assert.deepEqual(heads.toSorted(), ['GET /another-one HTTP/1.1 200', 'POST /one HTTP/1.1 one']);
  for (const one of [caller, other]) assert.equal((await one.message()).body, 'ok');
});

httpTest('no longer than a request may take', withFault(delay(5000), { timeout: 1000 }), async (mesh) => {
  const server = await mesh.textService();
  const caller = await mesh.caller();
  caller.send(GET);
  await until('it is held', () => mesh.cluster.stats.active === 1);
  await mesh.pass(1010, 10);
  const { head, field } = await caller.message();
  assert.match(head, / 504 /);
  assert.equal(field('weft-failure'), 'timeout');
  await mesh.pass(5000);
  assert.equal(server.peers.length, 0);
});

httpTest('nor than a caller of gRPC waits, who is told what is left of it', withFault(delay(1000)), async (mesh) => {
  const server = await mesh.http2Service();
  const caller = await mesh.http2Caller();
  const [short, long] = ['500m', '3S'].map((ms) => caller.request('/a.B/C', [...GRPC, 'grpc-timeout', ms], false));
  await until('both are held', () => mesh.cluster.stats.active === 2);
  await mesh.pass(510, 10);
  assert.equal(await short!.status(), 200);
  assert.equal(short!.field('grpc-status'), '4');
  assert.equal(server.peers.length, 0);
  await mesh.pass(500, 10);
  const request = await server.served(0);
  assert.equal(request.field('grpc-timeout'), '2000000u');
  request.answer(200, 'x', ['grpc-status', '0']);
  assert.equal(await long!.status(), 200);
});

httpTest('a caller that goes away meanwhile ends it', withFault(delay(1000)), async (mesh) => {
  const server = await mesh.textService();
  const [one, two] = [await mesh.caller(), await mesh.http2Caller()];
  one.send(GET);
  const call = two.request('/', [], false);
  call.send('half');
  await until('both are held', () => mesh.cluster.stats.active === 2 && mesh.parts.budget.used > 4);
  one.socket.resetAndDestroy();
  call.stream.reset(8);
  await mesh.pass(2000);
  assert.equal(server.peers.length, 0);
  assert.deepEqual(mesh.cluster.stats.totals(), { ok: 0, abandoned: 2 });
});

httpTest(
  'nothing has to move while it is held, and its own times count from then on',
  { ...withFault(delay(3000)), limits: { bodyTimeout: 1000, streamIdleTimeout: 1000 } },
  async (mesh) => {
    const server = await mesh.textService();
    const caller = await mesh.caller();
    caller.send('POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 4\r\n\r\nha');
    await until('it is held', () => mesh.cluster.stats.active === 1);
    await mesh.pass(3010, 10);
    const endpoint = await server.peer(0);
    await mesh.pass(900, 100);
    caller.send('lf');
    assert.equal((await endpoint.message()).body, 'half');
    endpoint.send(OK);
    assert.equal((await caller.message()).body, 'ok');
  },
);

httpTest('then it waits like any other for the first endpoint', withFault(delay(1000)), async (mesh) => {
  const server = await mesh.textServer();
  server.answerAll(OK);
  const caller = await mesh.caller();
  caller.send(GET);
  await until('it is held', () => mesh.cluster.stats.active === 1);
  assert.equal(mesh.cluster.cluster.waiting, 0);
  await mesh.pass(1000, 10);
  assert.equal(mesh.cluster.cluster.waiting, 1);
  mesh.endpoints(server);
  assert.equal((await caller.message()).body, 'ok');
});

httpTest(
  'one that is delayed may be aborted as well',
  withFault({ ...delay(1000), abort: { status: 500, percent: 100 } }),
  async (mesh) => {
    const server = await mesh.textService();
    const caller = await mesh.caller();
    caller.send(GET);
    await until('it is held', () => mesh.cluster.stats.active === 1);
    await settled();
    assert.equal(caller.text, '');
    await mesh.pass(1000, 10);
    assert.match((await caller.message()).head, / 500 /);
    assert.equal(server.peers.length, 0);
  },
);

httpTest('a caller gets the fault that it asks for', withFault({ header: 'weft-fault' }), async (mesh) => {
  const server = await mesh.textService();
  server.answerAll(OK);
  const caller = await mesh.caller();
  const ask = async (fault: string): Promise<string> => {
    caller.send(GET.replace('\r\n\r\n', `\r\nWeft-Fault: ${fault}\r\n\r\n`));
    await until('it is held or answered', () => mesh.cluster.stats.active === 1 || caller.text !== '');
    await mesh.pass(250, 10);
    const { head, body } = await caller.message();
    return `${head.split(' ')[1]} ${body}`;
  };
  assert.match(await ask('abort=429'), /^429 weft: shop: aborted/);
  const before = mesh.parts.clock.now();
  assert.equal(await ask('delay=200ms'), '200 ok');
  assert.match(await ask('abort=200'), /^400 weft: shop: weft-fault: expected delay=2s, abort=503 or grpc=14/);
  assert.ok(mesh.parts.clock.now() - before >= 200);
  caller.send(GET);
  assert.equal((await caller.message()).body, 'ok');
});

httpTest(
  'where its route lets it, and not elsewhere',
  withFault({ abort: { status: 503, percent: 0 } }),
  async (mesh) => {
    (await mesh.textService()).answerAll(OK);
    const caller = await mesh.caller();
    caller.send(GET.replace('\r\n\r\n', '\r\nweft-fault: abort=429\r\n\r\n'));
    assert.equal((await caller.message()).body, 'ok');
  },
);

httpTest(
  'one whose content is still to come is over when its caller goes, too',
  withFault(delay(100_000)),
  async (mesh) => {
    const server = await mesh.textService();
    const caller = await mesh.caller();
    caller.send('POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 10\r\n\r\nabc');
    await until('it is held', () => mesh.cluster.stats.active === 1);
    caller.send('def');
    await settled();
    caller.socket.destroy();
    await until('it is over', () => mesh.cluster.stats.active === 0);
    assert.equal(mesh.parts.budget.used, 0);
    assert.equal(server.peers.length, 0);
  },
);

httpTest(
  'the content of one that is held goes on whole, though it is more than is kept for another try',
  withFault(delay(1000)),
  async (mesh) => {
    const server = await mesh.textService();
    const caller = await mesh.caller();
    const content = 'x'.repeat(300_000);
    caller.send(`POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: ${content.length}\r\n\r\n${content}`);
    await until('it is held', () => mesh.cluster.stats.active === 1);
    await settled();
    // A caller may not send without end while it waits.
    assert.ok(mesh.parts.budget.used < 200_000, `${mesh.parts.budget.used} octets are kept`);
    await mesh.pass(1000);
    const peer = await server.peer(0);
    await until('all has come', () => peer.text.endsWith(content.slice(-1000)) && peer.text.length > content.length);
    peer.send(OK);
    assert.match((await caller.message()).head, /^HTTP\/1\.1 200 /);
    assert.equal(mesh.parts.budget.used, 0);
  },
);
