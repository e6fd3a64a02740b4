import assert from 'node:assert/strict';
import { settled, until } from '../../../core/testing/settled.ts';
import { ErrorCode } from '../../codec/http2/protocol.ts';
import { PeerStream } from '../../upstream/testing/http2-peer.ts';
import { httpTests } from '../testing/http-mesh.ts';

const httpTest = httpTests('http2 caller');

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const HTTP1 = { policy: { http: { version: 'http1' } } } as const;

httpTest('its requests do not wait for each other', {}, async (mesh) => {
  const server = await mesh.http2Service();
  const caller = await mesh.http2Caller();
  const calls = ['/a', '/b', '/c'].map((path) => caller.request(path));
  await server.served(2);
  for (const request of [...server.requests].reverse()) request.answer(200, request.head!.path);
  for (const call of calls) assert.equal(await call.status(), 200);
  assert.deepEqual(
    calls.map(({ content }) => content),
    ['/a', '/b', '/c'],
  );
});

httpTest('draining says so twice: first that no more are to come, then which was the last', {}, async (mesh) => {
  const server = await mesh.http2Service();
  const caller = await mesh.http2Caller();
  const one = caller.request('/one');
  const first = await server.served(0);
  const drained = mesh.listener.drain(60_000);
  await until('the first goodbye', () => caller.goaways.length === 1);
  assert.deepEqual(caller.goaways, [2 ** 31 - 1]);
  await mesh.pass(5000, 500);
  assert.equal(caller.goaways.length, 1);
  first.answer(200, 'one');
  assert.equal(await one.status(), 200);
  await mesh.pass(1500);
  await until('the second goodbye', () => caller.goaways.length === 2);
  assert.deepEqual(caller.goaways, [2 ** 31 - 1, 1]);
  await until('the end', () => caller.closed);
  assert.equal(await drained, 0);
});

httpTest('who does not heed it is cut off when the time is over', {}, async (mesh) => {
  const server = await mesh.http2Service();
  const caller = await mesh.http2Caller();
  const call = caller.request('/one');
  await server.served(0);
  const drained = mesh.listener.drain(2000);
  await mesh.pass(2250);
  assert.equal(await drained, 1);
  await until('the end', () => caller.closed);
  assert.notEqual(call.reset, undefined);
});

httpTest('a caller that says goodbye is answered, and its connection is closed', {}, async (mesh) => {
  const server = await mesh.http2Service();
  const caller = await mesh.http2Caller();
  const call = caller.request('/');
  const request = await server.served(0);
  caller.h2.goaway(true);
  await settled();
  request.answer(200, 'ok');
  assert.equal(await call.status(), 200);
  await mesh.pass(1500);
  await until('the end', () => caller.closed);
});

httpTest('one that goes takes all of its requests along', {}, async (mesh) => {
  const server = await mesh.http2Service();
  const caller = await mesh.http2Caller();
  for (let i = 0; i < 5; i++) caller.request('/', [], i % 2 === 0);
  await server.served(4);
  caller.socket.destroy();
  await until('the endpoint knows', () => server.requests.every(({ reset }) => reset === ErrorCode.cancel));
  assert.deepEqual(mesh.cluster.stats.totals(), { ok: 0, abandoned: 5 });
});

httpTest('requests that are reset as soon as they are made end the connection', HTTP1, async (mesh) => {
  const server = await mesh.textService();
  const caller = await mesh.http2Caller();
  for (let i = 0; i < 2000 && !caller.closed; i++) {
    if (caller.h2.mayOpen) caller.request('/').stream.reset(ErrorCode.cancel);
    if (i % 50 === 0) await settled();
  }
  await until('the end', () => caller.closed);
  await until('all are given up', () => mesh.cluster.stats.active === 0);
  assert.ok(server.peers.length < 300, `${server.peers.length} connections`);
});

httpTest('more streams than it may open are refused', { limits: { maxStreams: 2 } }, async (mesh) => {
  const server = await mesh.http2Service();
  const caller = await mesh.http2Caller();
  const calls = [caller.request('/a'), caller.request('/b')];
  assert.equal(caller.h2.mayOpen, false);
  const beyond = caller.request('/c');
  await until('it is refused', () => beyond.reset === ErrorCode.refusedStream);
  await server.served(1);
  for (const request of server.requests) request.answer();
  for (const call of calls) assert.equal(await call.status(), 200);
});

httpTest('what a caller does not take stays where it is, and holds up nobody else', HTTP1, async (mesh) => {
  const server = await mesh.textService();
  const slow = await mesh.http2Caller();
  slow.passes = false;
  const call = slow.request('/slow');
  const endpoint = await server.peer(0);
  await endpoint.message();
  const size = 16 << 20;
  endpoint.send(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
  endpoint.send(Buffer.alloc(size, 'x'));
  for (let i = 0; i < 10; i++) await settled();
  assert.equal(call.content.length, 65_535);
  assert.ok(endpoint.socket.writableLength > size / 4, 'most of it waits at its source');
  assert.ok(mesh.parts.net.unsent <= 1 << 20, `${mesh.parts.net.unsent} octets wait here`);
  const quick = await mesh.http2Caller();
  const other = quick.request('/quick');
  await (await server.peer(1)).message();
  server.peers[1]!.send(OK);
  assert.equal(await other.status(), 200);
  call.passes = true;
  call.stream.passed(65_535);
  await until('all of it', () => call.content.length === size);
});

httpTest('slow callers leave room for others on the same connection to an endpoint', {}, async (mesh) => {
  const server = await mesh.http2Service();
  const callers = await Promise.all(Array.from({ length: 6 }, () => mesh.http2Caller()));
  const calls = callers.map((caller, i) => {
    caller.passes = false;
    return caller.request(`/${i}`);
  });
  await server.served(5);
  for (const request of server.requests) {
    request.stream.sendHead([':status', '200'], false);
    request.send('x'.repeat(1 << 20), true);
  }
  await until('their windows are full', () => calls.every(({ content }) => content.length === 65_535));
  for (let i = 0; i < 10; i++) await settled();
  const quick = await mesh.http2Caller();
  const call = quick.request('/quick');
  (await server.served(6)).answer(200, 'ok');
  await settled();
  assert.equal(call.content, 'ok');
  for (const caller of callers) caller.socket.destroy();
});

httpTest('an upload that the endpoint does not take stays with the caller', HTTP1, async (mesh) => {
  const server = await mesh.textService();
  server.onPeer = ({ socket }) => void socket.pause();
  const caller = await mesh.http2Caller();
  const call = caller.request('/', [], false);
  const endpoint = await server.peer(0);
  const size = 16 << 20;
  call.send('x'.repeat(size), true);
  for (let i = 0; i < 20; i++) await settled();
  assert.ok(call.stream.waiting > size / 4, `${call.stream.waiting} wait with the caller`);
  assert.ok(mesh.parts.net.unsent < 4 << 20, `${mesh.parts.net.unsent} octets wait here`);
  endpoint.socket.resume();
  await until('all of it', () => endpoint.count > size && endpoint.text.endsWith('0\r\n\r\n'));
  endpoint.send(OK);
  assert.equal(await call.status(), 200);
});

httpTest(
  'a head that is too large is 431, a body that is too large 413',
  { limits: { maxHead: 1000, maxBody: 100 } },
  async (mesh) => {
    const server = await mesh.http2Service();
    const caller = await mesh.http2Caller();
    assert.equal(await caller.request('/', ['x', 'y'.repeat(1000)]).status(), 431);
    const call = caller.request('/', [], false);
    call.send('x'.repeat(60));
    await server.served(0);
    call.send('x'.repeat(60));
    assert.equal(await call.status(), 413);
    await until('the endpoint knows', () => server.requests[0]!.reset !== undefined);
  },
);

httpTest('what is not HTTP/2 ends the connection with its reason', {}, async (mesh) => {
  const caller = await mesh.caller();
  caller.send('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  caller.send(Buffer.from([0, 0, 0, 6, 0, 0, 0, 0, 0]));
  assert.match(await caller.toEnd(), /PING|SETTINGS|length|frame/i);
});

httpTest('a preface or frame that does not go on is given up', { limits: { headTimeout: 2000 } }, async (mesh) => {
  for (const part of ['PRI * HTTP/2.0\r\n\r\nS', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0']) {
    const caller = await mesh.caller();
    caller.send(part);
    await settled();
    await mesh.pass(4000);
    await until('the end', () => caller.ended);
    caller.socket.destroy();
  }
});

httpTest('an answer of the proxy itself is the end of its stream, and no reset', {}, async (mesh) => {
  mesh.endpoints();
  const caller = await mesh.http2Caller();
  const calls = [caller.request('/a'), caller.request('/b', [], false)];
  calls[1]!.send('', true);
  for (const call of calls) assert.equal(await call.status(), 503);
  assert.deepEqual(calls[0]!.events, ['head 503', 'end']);
  await mesh.assertQuiet();
  const drained = mesh.listener.drain(60_000);
  await mesh.pass(2000);
  assert.equal(await drained, 0);
});

httpTest('the scheme is what the connection is, whatever the peer says', {}, async (mesh) => {
  const server = await mesh.http2Service();
  const caller = await mesh.http2Caller();
  const call = new PeerStream();
  caller.h2.openStream([':method', 'GET', ':scheme', 'https', ':authority', 'shop', ':path', '/'], true, call);
  const request = await server.served(0);
  assert.equal(request.head!.scheme, 'http');
  request.answer();
  assert.equal(await call.status(), 200);
});
