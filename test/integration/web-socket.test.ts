/** WebSocket through a running proxy: `ws` on both sides, and HTTP/2's extended CONNECT (RFC 8441) to and from it. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type ClientHttp2Stream, type IncomingHttpHeaders } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { waitUntil, type Owner } from '../support/children.ts';
import { cluster, startHttpProxy, type HttpProxy } from '../support/http-mesh.ts';
import { startHttpServer, type Version } from '../support/http-peers.ts';

const MIB = 1 << 20;

interface Scene {
  readonly proxy: HttpProxy;
  readonly server: WebSocketServer;
  /** Codes and reasons with which connections were closed. */
  readonly closed: string[];
}

/** A server that echoes, pings, or closes, as it is told. */
async function startScene(owner: Owner, listener: object = {}, policy: object = {}): Promise<Scene> {
  const closed: string[] = [];
  const server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    handleProtocols: (offered) => [...offered].at(-1) ?? false,
  });
  await once(server, 'listening');
  server.on('connection', (socket, { url }) => {
    socket.on('error', () => undefined);
    socket.on('message', (data, binary) => {
      const text = (data as Buffer).toString('latin1', 0, 20);
      if (text === 'close') socket.close(4001, 'as you wish');
      else if (text === 'ping') socket.ping('are you there');
      else if (text === 'url') socket.send(url ?? '');
      else socket.send(data as Buffer, { binary });
    });
    socket.on('pong', (data) => socket.send(`pong ${data.toString()}`));
    socket.on('close', (code, reason) => closed.push(`${code} ${reason.toString()}`));
  });
  owner.after(async () => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const proxy = await startHttpProxy(owner, { listener, clusters: [cluster('shop', port, policy)] });
  return { proxy, server, closed };
}

async function open(owner: Owner, { proxy }: Scene, path = '/', protocols: string[] = []): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${proxy.port}${path}`, protocols, { headers: { host: 'shop' } });
  owner.after(async () => socket.terminate());
  await once(socket, 'open');
  return socket;
}

async function echo(socket: WebSocket, data: string | Buffer): Promise<{ data: Buffer; binary: boolean }> {
  socket.send(data);
  const [answer, binary] = (await once(socket, 'message')) as [Buffer, boolean];
  return { data: answer, binary };
}

test('text, binary, 1 MiB messages, compression, subprotocols and pings pass', async (t) => {
  const scene = await startScene(t);
  const socket = await open(t, scene, '/chat?room=1', ['a', 'b']);
  assert.equal(socket.protocol, 'b');
  assert.equal((await echo(socket, 'url')).data.toString(), '/chat?room=1');
  const text = await echo(socket, 'grüße');
  assert.deepEqual([text.data.toString(), text.binary], ['grüße', false]);
  for (const size of [0, 1, 125, 126, 65_535, 65_536, MIB, 5 * MIB]) {
    const sent = randomBytes(size);
    const { data, binary } = await echo(socket, sent);
    assert.ok(binary && data.equals(sent), `${size} octets`);
  }
  assert.equal((await echo(socket, 'ping')).data.toString(), 'pong are you there');
  const pong = once(socket, 'pong');
  socket.ping('hello');
  assert.equal(String((await pong)[0]), 'hello');
});

test('close codes pass in both directions', async (t) => {
  const scene = await startScene(t);
  const first = await open(t, scene);
  first.close(4000, 'enough');
  const [ownCode] = (await once(first, 'close')) as [number];
  await waitUntil(() => scene.closed.length === 1, { what: 'the server has heard it' });
  assert.deepEqual([ownCode, scene.closed[0]], [4000, '4000 enough']);

  const second = await open(t, scene);
  second.send('close');
  const [code, reason] = (await once(second, 'close')) as [number, Buffer];
  assert.deepEqual([code, reason.toString()], [4001, 'as you wish']);

  const third = await open(t, scene);
  third.terminate();
  await waitUntil(() => scene.server.clients.size === 0, { what: 'the server has lost it' });
});

test('twenty at once, each with its own messages', async (t) => {
  const scene = await startScene(t);
  const one = async (): Promise<void> => {
    const socket = await open(t, scene);
    for (let i = 0; i < 20; i++) {
      const sent = randomBytes(50_000);
      assert.ok((await echo(socket, sent)).data.equals(sent));
    }
  };
  await Promise.all(Array.from({ length: 20 }, one));
});

test('a server that refuses to upgrade is heard, and the connection goes on', async (t) => {
  const server = await startHttpServer(t, 'http1', (_, response) => {
    response.statusCode = 403;
    response.end('not you');
  });
  const proxy = await startHttpProxy(t, { clusters: [cluster('shop', server.port)] });
  const socket = new WebSocket(`ws://127.0.0.1:${proxy.port}/`, { headers: { host: 'shop' } });
  const [error] = (await once(socket, 'error')) as [Error];
  assert.match(error.message, /403/);
});

test('what `upgrades` does not name is asked for as a plain request', async (t) => {
  const scene = await startScene(t, { http: { upgrades: [] } });
  const socket = new WebSocket(`ws://127.0.0.1:${scene.proxy.port}/`, { headers: { host: 'shop' } });
  const [error] = (await once(socket, 'error')) as [Error];
  assert.match(error.message, /Unexpected server response: (400|426)/);
});

/** A WebSocket by hand over HTTP/2: one stream of the connection. */
async function openExtended(
  owner: Owner,
  port: number,
): Promise<{ stream: ClientHttp2Stream; head: IncomingHttpHeaders }> {
  const session = connect(`http://127.0.0.1:${port}`);
  owner.after(async () => session.destroy());
  await once(session, 'remoteSettings');
  assert.equal(session.remoteSettings.enableConnectProtocol, true);
  const stream = session.request(
    {
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':path': '/',
      ':authority': 'shop',
      'sec-websocket-version': '13',
    },
    { endStream: false },
  );
  const [head] = (await once(stream, 'response')) as [IncomingHttpHeaders];
  return { stream, head };
}

/** A masked text frame, RFC 6455, section 5.2; the mask is zero. */
function textFrame(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);
}

test('a WebSocket over HTTP/2 reaches a server of HTTP/1', async (t) => {
  const scene = await startScene(t, {}, { http: { version: 'http1' } });
  const { stream, head } = await openExtended(t, scene.proxy.port);
  assert.equal(head[':status'], 200);
  assert.equal(head['sec-websocket-accept'], undefined);
  stream.write(textFrame('hello'));
  const [answer] = (await once(stream, 'data')) as [Buffer];
  assert.deepEqual(answer, Buffer.from('\x81\x05hello', 'latin1'));
  stream.write(textFrame('close'));
  const [close] = (await once(stream, 'data')) as [Buffer];
  assert.deepEqual([close[0], close.readUInt16BE(2)], [0x88, 4001]);
  stream.close();
  await waitUntil(() => scene.server.clients.size === 0, { what: 'the server has lost it' });
});

for (const from of ['http1', 'http2'] satisfies Version[]) {
  test(`a WebSocket from ${from} reaches a server of HTTP/2 by extended CONNECT`, async (t) => {
    const server = await startHttpServer(t, 'http2', () => undefined);
    server.onStream((stream, head) => {
      assert.equal(head[':protocol'], 'websocket');
      assert.equal(head['sec-websocket-key'], undefined);
      stream.respond({ ':status': 200 });
      stream.on('data', (data: Buffer) => void stream.write(data));
      stream.on('end', () => stream.end());
    });
    const clusters = [cluster('shop', server.port, { http: { version: 'http2' } })];
    const proxy = await startHttpProxy(t, { clusters });
    if (from === 'http2') {
      const { stream } = await openExtended(t, proxy.port);
      stream.write('anything at all');
      assert.equal(String((await once(stream, 'data'))[0]), 'anything at all');
      stream.end();
      await once(stream, 'end');
      return;
    }
    const socket = new WebSocket(`ws://127.0.0.1:${proxy.port}/`, { headers: { host: 'shop' } });
    t.after(() => socket.terminate());
    await once(socket, 'open');
  });
}
