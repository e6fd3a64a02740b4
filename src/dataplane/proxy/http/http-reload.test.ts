import assert from 'node:assert/strict';
import { settled, until } from '../../../core/testing/settled.ts';
import { ErrorCode } from '../../codec/http2/protocol.ts';
import type { HttpMeshOptions } from '../testing/http-mesh.ts';
import { httpTests } from '../testing/http-mesh.ts';

const httpTest = httpTests('reload, on open connections');

const GET = 'GET / HTTP/1.1\r\nHost: shop\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const HTTP1: HttpMeshOptions = { policy: { http: { version: 'http1' } } };
const FIELDS = Array.from({ length: 6 }, (_, i) => `x-${i}: ${i}\r\n`).join('');

httpTest('forwarding fields are written as the new config says', HTTP1, async (mesh) => {
  const server = await mesh.textService();
  server.answerAll(({ field }) => {
    const seen = `${field('x-forwarded-proto') ?? '-'} ${field('via') ?? '-'} ${field('forwarded') ?? '-'}`;
    return `HTTP/1.1 200 OK\r\nContent-Length: ${seen.length}\r\n\r\n${seen}`;
  });
  const [one, two] = [await mesh.caller(), await mesh.http2Caller()];
  const ask = async (): Promise<readonly string[]> => {
    one.send(GET);
    const call = two.request();
    await call.status();
    return [(await one.message()).body, call.content];
  };
  assert.deepEqual(await ask(), ['- - -', '- - -']);
  await mesh.adjust({ ...HTTP1, forwarding: { for: 'append', via: 'weft' } });
  assert.deepEqual(await ask(), ['http 1.1 weft -', 'http 2 weft -']);
  await mesh.adjust({ ...HTTP1, forwarding: { for: 'replace', style: 'forwarded' } });
  const forwarded = 'for=127.0.0.1;host=shop;proto=http';
  assert.deepEqual(await ask(), [`- - ${forwarded}`, `- - ${forwarded}`]);
});

httpTest('HTTP/1: the next head may have as much as the new limits say', HTTP1, async (mesh) => {
  const server = await mesh.textService();
  server.answerAll(OK);
  const caller = await mesh.caller();
  const request = GET.replace('\r\n\r\n', `\r\n${FIELDS}\r\n`);
  caller.send(request);
  assert.equal((await caller.message()).body, 'ok');
  await mesh.adjust({ limits: { maxFields: 5 } });
  caller.send(request);
  assert.match((await caller.message()).head, /^HTTP\/1.1 431 /);
  await until('the end', () => caller.ended);
});

httpTest('HTTP/2: the peer is told, and held to it from then on', {}, async (mesh) => {
  const server = await mesh.http2Service();
  const caller = await mesh.http2Caller();
  await mesh.adjust({ limits: { maxStreams: 1, maxHead: 4096, maxFields: 5 } });
  await until('it knows', () => caller.h2.peer.maxConcurrentStreams === 1);
  assert.equal(caller.h2.peer.maxHeaderList, 4096);
  const one = caller.request('/1');
  const refused = caller.request('/2');
  await until('it is refused', () => refused.reset === ErrorCode.refusedStream);
  (await server.served(0)).answer();
  assert.equal(await one.status(), 200);
  const many = FIELDS.split('\r\n').flatMap((line) => (line === '' ? [] : line.split(': ')));
  assert.equal(await caller.request('/many', many).status(), 431);
  assert.equal(await caller.request('/large', ['x', 'y'.repeat(5000)]).status(), 431);
  await mesh.adjust({ limits: { maxStreams: 2 } });
  const both = [caller.request('/3'), caller.request('/4', many)];
  await server.served(2);
  for (const request of server.requests.slice(1)) request.answer();
  for (const call of both) assert.equal(await call.status(), 200);
});

httpTest('HTTP/2: what was opened before the peer knew is taken', {}, async (mesh) => {
  const server = await mesh.http2Service();
  const caller = await mesh.http2Caller();
  caller.socket.pause();
  await mesh.adjust({ limits: { maxStreams: 1 } });
  await settled();
  const calls = [caller.request('/1'), caller.request('/2')];
  await server.served(1);
  caller.socket.resume();
  for (const request of server.requests) request.answer();
  for (const call of calls) assert.equal(await call.status(), 200);
});

httpTest('HTTP/2: a lower maxHead bounds what is kept of a head, too', HTTP1, async (mesh) => {
  const caller = await mesh.http2Caller();
  await mesh.adjust({ ...HTTP1, limits: { maxHead: 1024 } });
  await until('it knows', () => caller.h2.peer.maxHeaderList === 1024);
  await settled();
  const head = (type: number): Buffer => Buffer.from([0, 0x3f, 0xff, type, 0, 0, 0, 0, 1]);
  const part = Buffer.alloc(0x3fff);
  caller.socket.write(Buffer.concat([head(1), part, head(9), part]));
  await until('it is refused', () => caller.goaways.length === 1 && caller.closed);
});
