import assert from 'node:assert/strict';
import type { RouteSpec } from '../../route/route-spec.ts';
import { type HttpMesh, httpTests } from '../testing/http-mesh.ts';

/** What the log tells of requests that fail, with real sockets on both sides; only the time is made up. */
const httpTest = httpTests('log of http failures');

const ROUTES: RouteSpec[] = [{ name: 'pay', match: { path: { prefix: '/pay' } }, cluster: 'shop' }];
const SECRET = 'GET /pay/1?token=s3cret HTTP/1.1\r\nHost: shop\r\nAuthorization: s3cret\r\nX-Request-Id: r-1\r\n\r\n';

/** The lines of failed requests. */
function linesOf({ parts }: HttpMesh): Record<string, unknown>[] {
  const lines = parts.logged.map((line) => JSON.parse(line) as Record<string, unknown>);
  return lines.filter(({ message }) => message === 'a request failed');
}

function theLine(mesh: HttpMesh): Record<string, unknown> {
  const lines = linesOf(mesh);
  assert.equal(lines.length, 1);
  const { time, level, message, peer, ...fields } = lines[0]!;
  assert.equal(level, 'debug');
  assert.match(String(peer), /^127\.0\.0\.1:\d+$/);
  assert.ok(time !== undefined && message !== undefined);
  return fields;
}

httpTest(
  'one line says which request it was and why, without its query and fields',
  { routes: ROUTES },
  async (mesh) => {
    mesh.parts.logControl.level = 'debug';
    const { caller, endpoint, server } = await mesh.asked(SECRET);
    await endpoint.message();
    // What has come since is where the head of HTTP/1 was.
    await mesh.pass(15_100, 1000);
    assert.match((await caller.message()).head, /^HTTP\/1.1 504 /);
    const address = `127.0.0.1:${server.port}`;
    assert.deepEqual(theLine(mesh), {
      listener: 'web',
      cluster: 'shop',
      route: 'pay',
      endpoint: address,
      method: 'GET',
      path: '/pay/1',
      outcome: 'timeout',
      status: 504,
      reason: `shop: no response in 15000 ms (${address})`,
      ms: 15000,
      requestId: 'r-1',
    });
    assert.doesNotMatch(mesh.parts.logged.join(''), /s3cret/);
  },
);

httpTest('a request without a cluster has none in its line', {}, async (mesh) => {
  mesh.parts.logControl.level = 'debug';
  const caller = await mesh.caller();
  caller.send('HEAD /x HTTP/1.1\r\nHost: other\r\n\r\n');
  await caller.upTo('\r\n\r\n');
  assert.deepEqual(theLine(mesh), {
    listener: 'web',
    method: 'HEAD',
    path: '/x',
    outcome: 'no_route',
    status: 404,
    reason:
      'no route fits, and no cluster is named other, the host of the request: ask for another host, or add a route, ' +
      'a cluster of that name, or a registry that knows it',
    ms: 0,
  });
});

httpTest('a call of gRPC has its own status', {}, async (mesh) => {
  mesh.parts.logControl.level = 'debug';
  mesh.endpoints();
  const caller = await mesh.http2Caller();
  const call = caller.request('/shop.Cart/Add', ['content-type', 'application/grpc'], false);
  assert.equal(await call.status(), 200);
  const { method, path, outcome, status, grpcStatus } = theLine(mesh);
  assert.deepEqual(
    { method, path, outcome, status, grpcStatus },
    { method: 'POST', path: '/shop.Cart/Add', outcome: 'no_healthy_endpoint', status: 200, grpcStatus: 14 },
  );
});

httpTest('a response that has begun was answered by the service, and is broken off', {}, async (mesh) => {
  mesh.parts.logControl.level = 'debug';
  const { caller, endpoint } = await mesh.asked('GET /a HTTP/1.1\r\nHost: shop\r\n\r\n');
  await endpoint.message();
  endpoint.send('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf');
  await caller.upTo('half');
  endpoint.socket.destroy();
  await caller.toEnd();
  const { begun, outcome, status } = theLine(mesh);
  assert.deepEqual({ begun, outcome, status }, { begun: true, outcome: 'connection_lost', status: undefined });
});

httpTest('one that the proxy gave an id is found by it', { forwarding: { requestId: true } }, async (mesh) => {
  mesh.parts.logControl.level = 'debug';
  const { caller, endpoint } = await mesh.asked('POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 0\r\n\r\n');
  const sent = await endpoint.message();
  endpoint.socket.destroy();
  await caller.message();
  assert.equal(theLine(mesh)['requestId'], sent.field('x-request-id'));
});

httpTest('at info nothing is told; of a request that came before debug, not what it was', {}, async (mesh) => {
  mesh.parts.logControl.level = 'info';
  const { caller, endpoint, server } = await mesh.asked(SECRET);
  await endpoint.message();
  await mesh.pass(15_100, 1000);
  await caller.message();
  assert.deepEqual(linesOf(mesh), []);
  caller.send(SECRET);
  await (await server.peer(1)).message();
  await mesh.pass(14_900, 1000);
  mesh.parts.logControl.level = 'debug';
  await mesh.pass(200);
  await caller.message();
  const { method, path, outcome } = theLine(mesh);
  assert.deepEqual({ method, path, outcome }, { method: undefined, path: undefined, outcome: 'timeout' });
});

httpTest('what is carried out and what the service answers with an error is not told', {}, async (mesh) => {
  mesh.parts.logControl.level = 'debug';
  const { caller, endpoint } = await mesh.asked('GET / HTTP/1.1\r\nHost: shop\r\n\r\n');
  await endpoint.message();
  endpoint.send('HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n');
  await caller.message();
  assert.deepEqual(linesOf(mesh), []);
});
