import assert from 'node:assert/strict';
import { httpTests } from '../testing/http-mesh.ts';
import { settled, until } from '../../../core/testing/settled.ts';
import { ErrorCode } from '../../codec/http2/protocol.ts';
import type { PeerStream } from '../../upstream/testing/http2-peer.ts';
import { deadPort } from '../../upstream/testing/text-peer.ts';

/** An exchange is tested with real sockets on both sides of it; only the time is made up. */
const httpTest = httpTests('http exchange');

const GET = 'GET / HTTP/1.1\r\nHost: shop\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const HTTP2 = { policy: { http: { version: 'http2' } } } as const;

httpTest('a request and its response, HTTP/1 to HTTP/1, and again on the same connections', {}, async (mesh) => {
  const server = await mesh.textService();
  const caller = await mesh.caller();
  for (let i = 0; i < 3; i++) {
    caller.send(`POST /${i} HTTP/1.1\r\nHost: shop\r\nX-A: b\r\nContent-Length: 3\r\n\r\nabc`);
    const request = await (await server.peer(0)).message();
    assert.equal(request.head, `POST /${i} HTTP/1.1\r\nHost: shop\r\nX-A: b\r\nContent-Length: 3`);
    assert.equal(request.body, 'abc');
    server.peers[0]!.send(OK);
    assert.equal((await caller.message()).body, 'ok');
  }
  assert.equal(server.peers.length, 1);
});

httpTest('HTTP/1 to HTTP/2 and back', HTTP2, async (mesh) => {
  const server = await mesh.http2Service();
  const caller = await mesh.caller();
  caller.send('POST /x HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n');
  const request = await server.served(0);
  await until('its end', () => request.ended);
  assert.deepEqual([request.events, request.content], [['POST /x', 'end'], 'abc']);
  assert.deepEqual(request.trailers, ['x-sum', '1']);
  request.answer(200, 'hello', ['x-t', '1'], ['x-a', 'b']);
  const response = await caller.message();
  assert.equal(response.head, 'HTTP/1.1 200 OK\r\nx-a: b\r\ntransfer-encoding: chunked');
  assert.equal(response.body, 'hello');
});

httpTest('HTTP/2 to HTTP/1 and back', { policy: { http: { version: 'http1' } } }, async (mesh) => {
  const server = await mesh.textService();
  const caller = await mesh.http2Caller();
  const call = caller.request('/x', ['x-a', 'b'], false);
  call.send('abc', true);
  const request = await (await server.peer(0)).message();
  assert.equal(request.head, 'POST /x HTTP/1.1\r\nhost: shop\r\nx-a: b\r\ntransfer-encoding: chunked');
  assert.equal(request.body, 'abc');
  server.peers[0]!.send(OK);
  assert.equal(await call.status(), 200);
  assert.equal(call.content, 'ok');
});

httpTest('no response head in time is 504, and the connection is not used again', {}, async (mesh) => {
  const { caller, endpoint, server } = await mesh.asked(GET);
  await endpoint.message();
  await mesh.pass(14_900, 1000);
  assert.equal(caller.count, 0);
  await mesh.pass(200);
  const response = await caller.message();
  assert.match(response.head, /^HTTP\/1.1 504 /);
  assert.equal(response.field('weft-failure'), 'timeout');
  assert.match(response.body, /^weft: shop: no response in 15000 ms \(127.0.0.1:\d+\)\n$/);
  await until('the connection to the endpoint is closed', () => endpoint.ended);
  caller.send(GET);
  await (await server.peer(1)).message();
  server.peers[1]!.send(OK);
  assert.equal((await caller.message()).body, 'ok');
});

httpTest('the time for a response begins when the request is complete', {}, async (mesh) => {
  const { caller, endpoint } = await mesh.asked('POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 3\r\n\r\n');
  for (const octet of 'abc') {
    await mesh.pass(14_000, 7000);
    caller.send(octet);
    await settled();
  }
  await mesh.pass(14_000, 1000);
  assert.equal((await endpoint.message()).body, 'abc');
  assert.equal(caller.count, 0);
  await mesh.pass(1250);
  assert.match((await caller.message()).head, / 504 /);
});

httpTest(
  'a body that stands still is 408, and nothing more is read',
  { limits: { bodyTimeout: 2000 } },
  async (mesh) => {
    const { caller, endpoint } = await mesh.asked('POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 10\r\n\r\nabc');
    await endpoint.upTo('abc');
    await mesh.pass(1500);
    caller.send('d');
    await endpoint.upTo('d');
    await mesh.pass(1500);
    assert.equal(caller.count, 0);
    await mesh.pass(750);
    const response = await caller.message();
    assert.match(response.head, / 408 /);
    assert.equal(response.field('connection'), 'close');
    await until('the caller is closed', () => caller.ended);
    await until('the endpoint is closed', () => endpoint.ended);
  },
);

httpTest('a response that stands still is broken off', { limits: { streamIdleTimeout: 2000 } }, async (mesh) => {
  const { caller, endpoint } = await mesh.asked(GET);
  await endpoint.message();
  endpoint.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc');
  await caller.upTo('abc');
  await mesh.pass(1500);
  endpoint.send('d');
  await caller.upTo('d');
  await mesh.pass(1500);
  assert.equal(caller.ended, false);
  await mesh.pass(1000);
  await until('the caller is cut off', () => caller.ended);
  await until('the endpoint is closed', () => endpoint.ended);
  assert.deepEqual(mesh.cluster.stats.totals(), { ok: 0, timeout: 1 });
});

httpTest(
  'who waits too long for a connection is told so',
  {
    policy: { http: { connections: 1 }, queue: { max: 1, timeout: 1000 } },
  },
  async (mesh) => {
    const server = await mesh.textService();
    const [one, two, three] = [await mesh.caller(), await mesh.caller(), await mesh.caller()];
    one.send(GET);
    await (await server.peer(0)).message();
    two.send('POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 3\r\n\r\nabc');
    await until('two waits', () => mesh.cluster.stats.active === 2);
    three.send(GET);
    const refused = await three.message();
    assert.match(refused.head, / 503 /);
    assert.match(refused.body, /1 requests wait for a connection to 127.0.0.1:\d+ already/);
    await mesh.pass(1000);
    const waited = await two.message();
    assert.match(waited.head, / 504 /);
    assert.match(waited.body, /waited 1\d\d\d ms for a connection/);
    server.peers[0]!.send(OK);
    assert.equal((await one.message()).body, 'ok');
  },
);

httpTest('what waits for the first endpoints goes when they come', {}, async (mesh) => {
  const server = await mesh.textServer();
  const [one, two] = [await mesh.caller(), await mesh.http2Caller()];
  one.send('POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 6\r\n\r\nabc');
  await until('it waits', () => mesh.cluster.cluster.waiting === 1);
  one.send('def');
  const call = two.request('/two', [], false);
  call.send('ghi', true);
  await until('both wait', () => mesh.cluster.cluster.waiting === 2);
  const http2 = await mesh.http2Server();
  mesh.endpoints(server);
  assert.equal((await (await server.peer(0)).message()).body, 'abcdef');
  server.peers[0]!.send(OK);
  assert.equal((await one.message()).body, 'ok');
  // HTTP/2 does not find its like there.
  await until('the second is over', () => call.events.length > 0 || server.peers.length > 1);
  void http2;
  two.socket.destroy();
});

httpTest('an endpoint that cannot be connected to is left for another, whatever the method', {}, async (mesh) => {
  const server = await mesh.textServer();
  server.answerAll(OK);
  mesh.endpoints({ port: await deadPort() }, server);
  const caller = await mesh.caller();
  for (let i = 0; i < 4; i++) {
    caller.send('POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 3\r\n\r\nabc');
    assert.equal((await caller.message()).body, 'ok');
  }
});

httpTest('when none can be connected to, the caller is told which and why', {}, async (mesh) => {
  mesh.endpoints({ port: await deadPort() }, { port: await deadPort() });
  const caller = await mesh.caller();
  caller.send(GET);
  const response = await caller.message();
  assert.match(response.head, / 503 /);
  assert.equal(response.field('weft-failure'), 'no_healthy_endpoint');
  assert.match(response.body, /cannot connect to 127.0.0.1:\d+: .*ECONNREFUSED/);
});

httpTest(
  'a call of gRPC that ends after its first reply is told why, other responses break off',
  HTTP2,
  async (mesh) => {
    const server = await mesh.http2Service();
    const caller = await mesh.http2Caller();
    const GRPC = ['content-type', 'application/grpc', 'grpc-timeout', '300m'];
    const begin = async (fields: readonly string[]): Promise<PeerStream> => {
      const call = caller.request('/x', fields, true, 'POST');
      const request = await server.served(server.requests.length);
      request.stream.sendHead([':status', '200'], false);
      request.send('reply');
      await until('the first reply', () => call.content === 'reply');
      return call;
    };
    const lost = await begin(GRPC);
    const other = await begin([]);
    for (const request of server.requests) request.stream.reset(ErrorCode.internalError);
    await until('both are over', () => lost.ended && other.reset !== undefined);
    assert.deepEqual(lost.trailers.slice(0, 2), ['grpc-status', '14']);
    assert.match(lost.trailers.join(), /grpc-message,shop: the stream to 127.0.0.1:\d+ was lost/);

    const late = await begin(GRPC);
    await mesh.pass(400);
    await until('it is over', () => late.ended);
    assert.deepEqual(late.trailers.slice(0, 2), ['grpc-status', '4']);
  },
);
