import assert from 'node:assert/strict';
import { once } from 'node:events';
import tls from 'node:tls';
import { settled, until } from '../../core/testing/settled.ts';
import { selfSigned } from '../net/testing/self-signed.ts';
import { secureContext } from '../net/tls-server.ts';
import { Caller, requestBytes } from './testing/bolt-peer.ts';
import { type HttpMesh, type HttpMeshOptions, httpTests } from './testing/http-mesh.ts';

const httpTest = httpTests('undecided');

const GET = 'GET / HTTP/1.1\r\nHost: nowhere\r\n\r\n';
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const ALL: HttpMeshOptions = { bolt: true, tcp: { idleTimeout: 0 }, detectTimeout: 3000 };
const NO_TUNNEL: HttpMeshOptions = { bolt: true, detectTimeout: 3000, idleTimeout: 4000 };

/** Each octet in a packet of its own. */
async function trickle(mesh: HttpMesh, bytes: string | Buffer) {
  const caller = await mesh.caller();
  for (const octet of Buffer.from(bytes as string, 'latin1')) {
    caller.send(Buffer.from([octet]));
    await settled();
  }
  return caller;
}

httpTest('HTTP/1, at once and octet by octet', ALL, async (mesh) => {
  const whole = await mesh.caller();
  whole.send(GET);
  assert.match((await whole.message()).head, /^HTTP\/1.1 404 |^HTTP\/1.1 50/);
  const slow = await trickle(mesh, GET);
  assert.match((await slow.message()).body, /no cluster is named nowhere/);
});

httpTest('HTTP/2, at once and octet by octet', ALL, async (mesh) => {
  mesh.endpoints();
  const whole = await mesh.http2Caller();
  assert.equal(await whole.request('/').status(), 503);
  const slow = await trickle(mesh, Buffer.concat([Buffer.from(PREFACE), Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])]));
  await until('the settings', () => slow.count >= 9);
  assert.equal(slow.text.charCodeAt(3), 4, 'a frame of SETTINGS');
});

httpTest('Bolt, at once and octet by octet', ALL, async (mesh) => {
  const provider = await mesh.textServer();
  mesh.endpoints(provider);
  const caller = await Caller.connect(mesh.listener.port);
  caller.send(1, 'com.demo.Echo:1.0');
  const endpoint = await provider.peer(0);
  await until('the request', () => endpoint.text.includes('com.demo.Echo:1.0'));
  caller.socket.resetAndDestroy();
  const slow = await trickle(mesh, requestBytes(2, 'com.demo.Other:1.0'));
  await until('the request', () => endpoint.text.includes('com.demo.Other:1.0'));
  slow.socket.resetAndDestroy();
  await until('both are given up', () => mesh.cluster.stats.active === 0);
});

httpTest('anything else goes through the tunnel, with all that was kept', ALL, async (mesh) => {
  const server = await mesh.textService();
  const told = ['\x16\x03\x01hello TLS', 'GET key\r\n', 'EHLO mail\r\n', '\0\0\0\x05hello'];
  for (const [i, text] of told.entries()) {
    const caller = await trickle(mesh, text);
    const endpoint = await server.peer(i);
    await endpoint.upTo(text);
    endpoint.send('answer');
    await caller.upTo('answer');
    caller.socket.end();
    endpoint.socket.end();
  }
});

httpTest('who says nothing gets the tunnel when the time is over', ALL, async (mesh) => {
  const server = await mesh.textServer();
  server.onPeer = (peer) => peer.send('220 ready\r\n');
  mesh.endpoints(server);
  const silent = await mesh.caller();
  const half = await trickle(mesh, 'G');
  await mesh.pass(2750);
  assert.equal(server.peers.length, 0);
  await mesh.pass(500);
  await silent.upTo('220 ready\r\n');
  await half.upTo('220 ready\r\n');
  half.send('ET key');
  await until('all that it said', () => server.peers.some(({ text }) => text === 'GET key'));
  for (const { socket } of [silent, half, ...server.peers]) socket.end();
});

httpTest('without a tunnel it is waited for as long as a connection may be idle', NO_TUNNEL, async (mesh) => {
  const silent = await mesh.caller();
  await mesh.pass(3500);
  assert.equal(silent.ended, false);
  await mesh.pass(750);
  await until('the end', () => silent.ended);
});

httpTest('without a tunnel, who speaks what nobody here does is told so in HTTP', NO_TUNNEL, async (mesh) => {
  const caller = await mesh.caller();
  caller.send('EHLO mail\r\n');
  assert.match((await caller.message()).head, /^HTTP\/1.1 (?:400|505) /);
  await until('the end', () => caller.ended);
});

httpTest('who says half a word and ends is heard out by the tunnel', ALL, async (mesh) => {
  const server = await mesh.textService();
  const caller = await mesh.caller();
  caller.send('GET');
  await settled();
  caller.socket.end();
  const endpoint = await server.peer(0);
  assert.equal(await endpoint.toEnd(), 'GET');
  endpoint.socket.end('what?');
  assert.equal(await caller.toEnd(), 'what?');
});

httpTest('who says nothing is let go when the listener drains', ALL, async (mesh) => {
  const caller = await mesh.caller();
  await settled();
  assert.equal(await mesh.listener.drain(1000), 0);
  await until('the end', () => caller.ended);
});

httpTest('more of HTTP/2 may come with the preface', { detectTimeout: 0 }, async (mesh) => {
  const server = await mesh.http2Service();
  const caller = await mesh.http2Caller();
  const call = caller.request('/');
  (await server.served(0)).answer(200, 'ok');
  assert.equal(await call.status(), 200);
});

httpTest('without a tunnel, half a word has the time of a head', { limits: { headTimeout: 2000 } }, async (mesh) => {
  const silent = await mesh.caller();
  const half = await trickle(mesh, 'GE');
  await mesh.pass(1750);
  assert.equal(half.ended, false);
  await mesh.pass(500);
  await until('the end', () => half.ended);
  assert.equal(silent.ended, false);
});

httpTest('where HTTP/2 alone is spoken, HTTP/1 is answered in its words', { versions: ['http2'] }, async (mesh) => {
  const server = await mesh.http2Service();
  const one = await mesh.caller();
  one.send(GET);
  const answer = await one.toEnd();
  assert.match(answer, /no connection preface/);
  assert.ok(!answer.includes('HTTP/1'));
  const two = await mesh.http2Caller();
  const call = two.request('/');
  (await server.served(0)).answer(200, 'ok');
  assert.equal(await call.status(), 200);
});

httpTest('where HTTP/1 alone is spoken, HTTP/2 is', { versions: ['http1'] }, async (mesh) => {
  const caller = await mesh.caller();
  caller.send(PREFACE);
  assert.match(await caller.toEnd(), /^HTTP\/1.1 505 /);
});

const certified = selfSigned('shop');
const context = secureContext(Buffer.from(certified.certificate), Buffer.from(certified.key));
const TLS: HttpMeshOptions = { tls: { context: () => context } };

/** What ALPN agrees on; '' when nothing. */
async function agreed(mesh: HttpMesh, offered: string[]): Promise<string> {
  const options = { port: mesh.listener.port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: offered };
  const socket = tls.connect(options);
  socket.on('error', () => {});
  await Promise.race([once(socket, 'secureConnect'), once(socket, 'close')]).catch(() => {});
  const protocol = socket.alpnProtocol || '';
  socket.destroy();
  return protocol;
}

httpTest('ALPN offers what is spoken, also after that has changed', TLS, async (mesh) => {
  const both = ['http/1.1', 'h2'];
  assert.equal(await agreed(mesh, both), 'h2');
  await mesh.adjust({ ...TLS, versions: ['http1'] });
  assert.equal(await agreed(mesh, both), 'http/1.1');
  assert.equal(await agreed(mesh, ['h2']), '');
  await mesh.adjust({ ...TLS, versions: ['http2'] });
  assert.equal(await agreed(mesh, both), 'h2');
  assert.equal(await agreed(mesh, ['http/1.1']), '');
  await until('all are gone', () => mesh.listener.connections === 0);
});

for (const [name, options] of [
  ['raw TCP goes to the app', { tcp: { idleTimeout: 0 } }],
  ['Bolt is spoken', { bolt: true }],
] as const) {
  httpTest(
    `a version that is not taken is refused, also where ${name}`,
    { versions: ['http2'], ...options },
    async (mesh) => {
      const server = await mesh.textService();
      const caller = await mesh.caller();
      caller.send(GET);
      assert.match(await caller.toEnd(), /no connection preface/);
      assert.equal(server.peers.length, 0);
    },
  );
}
