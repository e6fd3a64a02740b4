import assert from 'node:assert/strict';
import { settled, until } from '../../../core/testing/settled.ts';
import type { TextMessage } from '../../upstream/testing/text-peer.ts';
import { httpTests } from '../testing/http-mesh.ts';

const httpTest = httpTests('http1 caller');

const GET = 'GET / HTTP/1.1\r\nHost: shop\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

function get(path: string, more = ''): string {
  return `GET ${path} HTTP/1.1\r\nHost: shop\r\n${more}\r\n`;
}

/** A response that says which request it answers. */
function about(request: TextMessage): string {
  const path = request.head.split(' ')[1]!;
  return `HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`;
}

httpTest('requests that are sent ahead are answered in their order, cut anywhere', {}, async (mesh) => {
  const server = await mesh.textService();
  server.answerAll(about);
  const all = `${get('/a')}POST /b HTTP/1.1\r\nHost: shop\r\nContent-Length: 5\r\n\r\nhello${get('/c')}${get('/d')}`;
  for (let cut = 0; cut < all.length; cut += 7) {
    const caller = await mesh.caller();
    caller.send(all.slice(0, cut));
    await settled();
    caller.send(all.slice(cut));
    for (const path of ['/a', '/b', '/c', '/d']) assert.equal((await caller.message()).body, path, `cut at ${cut}`);
    caller.socket.destroy();
  }
});

httpTest('all of them are answered when the caller has ended its side', {}, async (mesh) => {
  const server = await mesh.textService();
  server.answerAll(about);
  const caller = await mesh.caller();
  caller.send(get('/a') + get('/b') + get('/c'));
  caller.socket.end();
  for (const path of ['/a', '/b', '/c']) assert.equal((await caller.message()).body, path);
  await until('the end', () => caller.ended);
});

httpTest('what is sent ahead is not read before its turn', {}, async (mesh) => {
  const { caller, endpoint } = await mesh.asked(GET);
  await endpoint.message();
  const burst = Buffer.from(get('/x').repeat(500_000), 'latin1');
  caller.send(burst);
  await settled();
  await settled();
  assert.ok(caller.socket.writableLength > 0, 'it waits with the caller');
  assert.equal(endpoint.text, '');
  caller.socket.destroy();
  // That it is gone is seen when it is written to.
  for (; mesh.cluster.stats.active > 0; await settled()) endpoint.send(OK);
});

httpTest('a bad request is refused with its reason, and all before it is answered', {}, async (mesh) => {
  const server = await mesh.textService();
  server.answerAll(OK);
  const caller = await mesh.caller();
  caller.send(`${GET}GET / HTTP/1.1\r\nHost: shop\r\nContent-Length: +1\r\n\r\n`);
  assert.equal((await caller.message()).body, 'ok');
  const refused = await caller.message();
  assert.match(refused.head, /^HTTP\/1.1 400 /);
  assert.equal(refused.field('connection'), 'close');
  assert.match(refused.body, /Content-Length/);
  await until('the end', () => caller.ended);
});

httpTest('chunks that break off are 400, and the endpoint does not take what there is for all', {}, async (mesh) => {
  const { caller, endpoint } = await mesh.asked(
    'POST / HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n',
  );
  await endpoint.upTo('3\r\nabc\r\n');
  caller.send('x\r\n');
  assert.match((await caller.message()).head, / 400 /);
  await until('the endpoint is cut off', () => endpoint.ended);
  assert.equal(endpoint.text, '');
});

httpTest('a caller that goes in the middle of a request takes it along', {}, async (mesh) => {
  const { caller, endpoint } = await mesh.asked('POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 10\r\n\r\nabc');
  await endpoint.upTo('abc');
  caller.socket.end();
  await until('the endpoint is cut off', () => endpoint.ended);
  await until('it is counted', () => mesh.cluster.stats.active === 0);
  assert.deepEqual(mesh.cluster.stats.totals(), { ok: 0, abandoned: 1 });
});

httpTest('HTTP/1.0 gets no chunks, and keeps its connection only when it asks', {}, async (mesh) => {
  const { caller, endpoint } = await mesh.asked('GET / HTTP/1.0\r\nHost: shop\r\nConnection: keep-alive\r\n\r\n');
  assert.match((await endpoint.message()).head, /^GET \/ HTTP\/1.1\r\n/);
  endpoint.send(OK);
  assert.equal((await caller.message()).field('connection'), 'keep-alive');
  caller.send('GET / HTTP/1.0\r\nHost: shop\r\nConnection: keep-alive\r\n\r\n');
  await endpoint.message();
  endpoint.send(
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
  );
  assert.equal(await caller.toEnd(), 'HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nok');
});

httpTest('100 is passed on, then the response', {}, async (mesh) => {
  const { caller, endpoint } = await mesh.asked(
    'POST / HTTP/1.1\r\nHost: shop\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n',
  );
  await endpoint.upTo('\r\n\r\n');
  endpoint.send('HTTP/1.1 100 Continue\r\n\r\n');
  assert.equal(await caller.upTo('\r\n\r\n'), 'HTTP/1.1 100 Continue\r\n\r\n');
  caller.send('hi');
  await endpoint.upTo('hi');
  endpoint.send(OK);
  assert.equal((await caller.message()).body, 'ok');
});

httpTest('HEAD, 204 and 304 have no content, whatever is said of it', {}, async (mesh) => {
  const server = await mesh.textService();
  const caller = await mesh.caller();
  const answers: [string, string][] = [
    [`HEAD / HTTP/1.1\r\nHost: shop\r\n\r\n`, 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n'],
    [GET, 'HTTP/1.1 204 No Content\r\n\r\n'],
    [GET, 'HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n'],
  ];
  for (const [request, response] of answers) {
    caller.send(request);
    const endpoint = await server.peer(0);
    await endpoint.upTo('\r\n\r\n');
    endpoint.send(response);
    assert.equal(await caller.upTo('\r\n\r\n'), response);
  }
  caller.send(GET);
  server.peers[0]!.send(OK);
  assert.equal((await caller.message()).body, 'ok');
});

httpTest('a head that does not go on is 408', { limits: { headTimeout: 2000 } }, async (mesh) => {
  const caller = await mesh.caller();
  caller.send('GET / HTTP/1.1\r\nHost:');
  await settled();
  for (let i = 0; i < 3; i++) {
    caller.send(' ');
    await mesh.pass(500);
  }
  assert.equal(caller.count, 0);
  await mesh.pass(1500);
  assert.match((await caller.message()).head, / 408 /);
  await until('the end', () => caller.ended);
});

httpTest('a connection without requests is closed after the idle time', { idleTimeout: 2000 }, async (mesh) => {
  const server = await mesh.textService();
  server.answerAll(OK);
  const caller = await mesh.caller();
  caller.send(GET);
  await caller.message();
  await mesh.pass(1500);
  caller.send(GET);
  await caller.message();
  await mesh.pass(1750);
  assert.equal(caller.ended, false);
  await mesh.pass(1000);
  await until('the end', () => caller.ended);
});

httpTest('a response that the caller does not take stops its source', {}, async (mesh) => {
  const { caller, endpoint } = await mesh.asked(GET);
  await endpoint.message();
  caller.socket.pause();
  const size = 32 << 20;
  endpoint.send(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
  endpoint.send(Buffer.alloc(size, 'x'));
  for (let i = 0; i < 20; i++) await settled();
  assert.ok(endpoint.socket.writableLength > size / 2, 'most of it waits at its source');
  assert.ok(mesh.parts.net.unsent < 4 << 20, `${mesh.parts.net.unsent} octets are kept`);
  caller.socket.resume();
  await until('all of it', () => caller.count > size);
  caller.text = '';
});

httpTest('draining says close with the next response, and leaves at once when it is idle', {}, async (mesh) => {
  const server = await mesh.textService();
  const [busy, idle] = [await mesh.caller(), await mesh.caller()];
  idle.send(GET);
  await (await server.peer(0)).message();
  server.peers[0]!.send(OK);
  await idle.message();
  busy.send(GET);
  await server.peers[0]!.message();
  const drained = mesh.listener.drain(60_000);
  await mesh.pass(2000);
  await until('the idle one is closed', () => idle.ended);
  assert.equal(busy.ended, false);
  idle.socket.end();
  server.peers[0]!.send(OK);
  assert.equal((await busy.message()).field('connection'), 'close');
  busy.socket.end();
  await until('the busy one is closed', () => busy.ended);
  assert.equal(await drained, 0);
});

httpTest('CONNECT with an Upgrade is a CONNECT, and refused', {}, async (mesh) => {
  const server = await mesh.textService();
  const caller = await mesh.caller();
  caller.send('CONNECT shop:80 HTTP/1.1\r\nHost: shop:80\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n');
  const response = await caller.message();
  assert.match(response.head, / 404 | 50\d | 405 /);
  assert.match(response.body, /CONNECT is refused/);
  assert.equal(server.peers.length, 0);
});

httpTest('a caller that ends its side before a tunnel is agreed on is heard', {}, async (mesh) => {
  const { caller, endpoint } = await mesh.asked(
    get('/chat', 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: abc\r\n'),
  );
  await endpoint.message();
  caller.socket.end();
  await settled();
  endpoint.send('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nhello');
  await caller.upTo('hello');
  await until('the endpoint hears the end', () => endpoint.ended);
  endpoint.socket.end('bye');
  assert.equal(await caller.toEnd(), 'bye');
});
