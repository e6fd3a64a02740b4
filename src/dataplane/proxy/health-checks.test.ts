import assert from 'node:assert/strict';
import { settled, until } from '../../core/testing/settled.ts';
import type { HealthPolicy } from '../cluster/policy.ts';
import { deadPort, type TextMessage, TextServer } from '../upstream/testing/text-peer.ts';
import type { Http2Server } from '../upstream/testing/http2-peer.ts';
import { type HttpMesh, httpTests } from './testing/http-mesh.ts';
import { meshTests } from './testing/mesh-test.ts';
import { SERVICE, type SmallMesh } from './testing/small-mesh.ts';

const httpTest = httpTests('health checks of endpoints');
const boltTest = meshTests('health checks of endpoints');

const HEALTH = { interval: 5000, timeout: 1000, unhealthyThreshold: 2, healthyThreshold: 2 } as const;
const HTTP: HealthPolicy = { ...HEALTH, type: 'http', path: '/healthz' };

function response(status: number, body: string): string {
  return `HTTP/1.1 ${status} X\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

/** A server that answers requests with its name, and checks of its health with what `status` is. */
async function service(mesh: HttpMesh, name: string): Promise<TextServer & { status: number }> {
  const server = Object.assign(await mesh.textServer(), { status: 200 });
  server.answerAll(({ head }: TextMessage) =>
    head.startsWith('GET /healthz ') ? response(server.status, '') : response(200, name),
  );
  return server;
}

/** Who answers so many requests, one after the other. */
async function answers(mesh: HttpMesh, count = 6): Promise<string> {
  const caller = await mesh.caller();
  const names = new Set<string>();
  for (let i = 0; i < count; i++) {
    caller.send('GET / HTTP/1.1\r\nHost: shop\r\n\r\n');
    names.add((await caller.message()).body);
  }
  caller.socket.destroy();
  return [...names].toSorted().join('');
}

/** The first `count` checks have ended, which are a little apart. */
async function checked(mesh: Pick<HttpMesh | SmallMesh, 'pass'>, done: () => number, count: number): Promise<void> {
  await until('the first check', () => done() > 0);
  await mesh.pass(10, 10);
  await until(`${count} checks`, () => done() >= count);
  await settled();
}

/** Of the metrics: checks with this result. */
function counted(text: string, result: 'ok' | 'failed'): number {
  return Number(
    new RegExp(`weft_health_checks_total\\{cluster="[^"]+",result="${result}"\\} (\\d+)`).exec(text)?.[1] ?? 0,
  );
}

function checksOf(mesh: HttpMesh): number {
  const text = mesh.parts.metrics.render();
  return counted(text, 'ok') + counted(text, 'failed');
}

httpTest(
  'one that takes connections and is not well gets no requests, and comes back when it is',
  { policy: { health: HTTP, http: { version: 'http1' } } },
  async (mesh) => {
    const [a, b] = [await service(mesh, 'a'), await service(mesh, 'b')];
    mesh.endpoints(a, b);
    b.status = 503;
    await mesh.pass(20_000, 5000);
    assert.equal(a.peers.length + b.peers.length, 0, 'nobody has asked for the cluster');
    await answers(mesh, 1);
    await checked(mesh, () => checksOf(mesh), 2);
    assert.equal(await answers(mesh), 'a');
    assert.equal(mesh.endpointOf(b).reason, 'health check: status 503');
    assert.equal(mesh.cluster.cluster.usable, 1);
    const c = await service(mesh, 'c');
    c.status = 429;
    mesh.endpoints(a, b, c);
    await until('the new one is checked', () => !mesh.endpointOf(c).usable);
    assert.equal(await answers(mesh), 'a');
    mesh.endpoints(a, b);
    b.status = 200;
    await mesh.pass(5000, 1000);
    assert.equal(await answers(mesh), 'a', 'one check is not enough');
    await mesh.pass(5000, 1000);
    assert.equal(await answers(mesh), 'ab');
    a.status = 500;
    await mesh.pass(5000, 1000);
    assert.equal(await answers(mesh), 'ab');
    await mesh.pass(5000, 1000);
    assert.equal(await answers(mesh), 'b');
    const text = mesh.parts.metrics.render();
    assert.deepEqual([counted(text, 'ok'), counted(text, 'failed')], [7, 4]);
  },
);

httpTest(
  'where there are none, nobody is asked; a policy that changes counts at once',
  { policy: { http: { version: 'http1' } } },
  async (mesh) => {
    const [a, b] = [await service(mesh, 'a'), await service(mesh, 'b')];
    mesh.endpoints(a, b);
    b.status = 503;
    assert.equal(await answers(mesh), 'ab');
    await mesh.pass(20_000, 5000);
    assert.equal(checksOf(mesh), 0);
    const { policy } = mesh.cluster.cluster;
    mesh.cluster.setPolicy({ ...policy, health: HTTP });
    await answers(mesh, 1);
    await checked(mesh, () => checksOf(mesh), 2);
    assert.equal(await answers(mesh), 'a');
    mesh.cluster.setPolicy(policy);
    assert.equal(await answers(mesh), 'ab');
    await mesh.pass(20_000, 5000);
    assert.equal(checksOf(mesh), 2);
  },
);

/** A server of gRPC whose health is `serving`; other calls are answered with its name. */
async function grpcService(mesh: HttpMesh, name: string): Promise<Http2Server & { serving: number; calls: number }> {
  const server = Object.assign(await mesh.http2Server(), { serving: 1, calls: 0 });
  server.onPeer = (peer) => {
    const { onRequest } = peer;
    peer.onRequest = (stream, head) => {
      const request = onRequest.call(peer, stream, head);
      const check = head.path === '/grpc.health.v1.Health/Check';
      if (!check) server.calls++;
      const content = check ? `\0\0\0\0\u0002\u0008${String.fromCharCode(server.serving)}` : name;
      const bytes = Buffer.from(content, 'latin1');
      stream.sendHead([':status', '200', 'content-type', 'application/grpc'], false);
      stream.sendData(bytes, 0, bytes.length, false);
      stream.sendTrailers(['grpc-status', '0']);
      return request;
    };
  };
  return server;
}

httpTest(
  'a server of gRPC that says NOT_SERVING gets no calls',
  { policy: { health: { ...HEALTH, type: 'grpc' } } },
  async (mesh) => {
    const [a, b] = [await grpcService(mesh, 'a'), await grpcService(mesh, 'b')];
    mesh.endpoints(a, b);
    b.serving = 2;
    const caller = await mesh.http2Caller();
    const call = async (): Promise<void> => {
      const fields = ['te', 'trailers', 'content-type', 'application/grpc'];
      assert.equal(await caller.request('/shop.Carts/Get', fields, true, 'POST').status(), 200);
    };
    await call();
    await checked(mesh, () => checksOf(mesh), 2);
    const { calls } = b;
    for (let i = 0; i < 6; i++) await call();
    assert.equal(b.calls, calls);
    assert.equal(mesh.endpointOf(b).reason, 'health check: NOT_SERVING');
    b.serving = 1;
    await mesh.pass(10_000, 1000);
    for (let i = 0; i < 6; i++) await call();
    assert.ok(b.calls > calls);
  },
);

httpTest(
  'raw TCP: one that refuses connections is out before a caller finds it, and back when it listens',
  { http: false, tcp: { idleTimeout: 0 }, policy: { health: { ...HEALTH, type: 'tcp' } } },
  async (mesh) => {
    const a = await mesh.textServer();
    a.onPeer = (peer) => void peer.socket.end('a');
    const port = await deadPort();
    mesh.endpoints(a, { port });
    const greeting = async (): Promise<string> => {
      const caller = await mesh.caller();
      const text = await caller.toEnd();
      caller.socket.end();
      return text;
    };
    mesh.cluster.cluster.use(mesh.parts.clock.now());
    await checked(mesh, () => checksOf(mesh), 2);
    assert.equal(mesh.endpointOf({ port }).reason, 'health check: connection refused (ECONNREFUSED)');
    for (let i = 0; i < 4; i++) assert.equal(await greeting(), 'a');
    const b = await TextServer.start(port);
    b.onPeer = (peer) => void peer.socket.end('b');
    await mesh.pass(10_000, 1000);
    const greetings = new Set([await greeting(), await greeting(), await greeting(), await greeting()]);
    await settled();
    await b.close();
    assert.deepEqual([...greetings].toSorted(), ['a', 'b']);
  },
);

boltTest(
  'a provider that does not acknowledge heartbeats of checks gets no requests',
  { policy: { health: { ...HEALTH, type: 'bolt' } } },
  async (mesh, a) => {
    const b = await mesh.provider();
    mesh.endpoints(a, b);
    a.answerAll('a');
    b.answerAll('b');
    const caller = await mesh.caller();
    let id = 0;
    const answer = async (): Promise<string> => {
      caller.send(++id, SERVICE);
      return (await caller.replies.next()).text.at(-1)!;
    };
    const both = async (): Promise<string> => {
      const names = new Set<string>();
      for (let i = 0; i < 6; i++) names.add(await answer());
      return [...names].toSorted().join('');
    };
    const done = (): number => {
      const text = mesh.metrics.render();
      return counted(text, 'ok') + counted(text, 'failed');
    };
    assert.equal(await both(), 'ab');
    await checked(mesh, done, 2);
    assert.equal(await both(), 'ab');
    // Not those that requests go over: the process still takes connections, and nobody reads them.
    for (let connection = b.sockets.length; connection < b.sockets.length + 4; connection++) b.mute(connection);
    await mesh.pass(12_500, 500);
    assert.equal(await both(), 'a');
    assert.equal(mesh.endpointOf(b).reason, 'health check: no answer in 1000 ms');
  },
);
