import assert from 'node:assert/strict';
import { until } from '../../../core/testing/settled.ts';
import { httpTests } from '../testing/http-mesh.ts';

const httpTest = httpTests('hostile callers of http');
const HTTP1 = { policy: { http: { version: 'http1' } } } as const;

httpTest(
  'a WebSocket that announces content announces none to HTTP/1: it would be the next request',
  HTTP1,
  async (mesh) => {
    const server = await mesh.textService();
    const caller = await mesh.http2Caller();
    const call = caller.request('/x', [':protocol', 'websocket', 'content-length', '30'], false, 'CONNECT');
    const { head } = await (await server.peer(0)).message();
    assert.match(head, /^GET \/x HTTP\/1.1\r\n/);
    assert.doesNotMatch(head, /content-length/i);
    server.peers[0]!.send('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
    await until('the answer', () => call.head !== undefined);
  },
);

httpTest('targets that routes do not know are refused', {}, async (mesh) => {
  const server = await mesh.textService();
  server.answerAll('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  for (const target of ['admin', '*', '?a', 'ftp://shop/admin', 'shop:80']) {
    const caller = await mesh.caller();
    caller.send(`GET / HTTP/1.1\r\nHost: shop\r\n\r\nGET ${target} HTTP/1.1\r\nHost: shop\r\n\r\n`);
    await caller.message();
    assert.match((await caller.message()).head, /^HTTP\/1.1 400 /, target);
    await until('its end', () => caller.ended);
  }
});

httpTest('a service that dies of one request is there for the next', {}, async (mesh) => {
  const server = await mesh.textService();
  const [bad, good] = [await mesh.caller(), await mesh.caller()];
  for (let i = 0; i < 6; i += 2) {
    bad.send('POST /die HTTP/1.1\r\nHost: shop\r\nContent-Length: 0\r\n\r\n');
    const dying = await server.peer(i);
    await dying.message();
    dying.socket.destroy();
    assert.match((await bad.message()).head, / 502 /);
    good.send('POST /live HTTP/1.1\r\nHost: shop\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n');
    const living = await server.peer(i + 1);
    await living.message();
    living.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    assert.match((await good.message()).head, / 200 /);
  }
});

httpTest('a stream whose upgrade was refused is over for its endpoint as well', {}, async (mesh) => {
  const server = await mesh.http2Service();
  const caller = await mesh.http2Caller();
  const call = caller.request('/x', [':protocol', 'websocket'], false, 'CONNECT');
  (await server.served(0)).answer(403, 'no');
  await until('the answer', () => call.head !== undefined);
  await until('the end of the stream', () => server.peers[0]!.h2.open === 0);
});
