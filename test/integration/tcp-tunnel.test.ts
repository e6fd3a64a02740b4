/** Raw TCP through a running proxy, on a listener of its own and on one port with Bolt and both versions of HTTP. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { freePort, waitUntil, type Owner } from '../support/children.ts';
import { cluster, startHttpProxy, type HttpProxy, type HttpProxySpec } from '../support/http-mesh.ts';
import { openCaller, startHttpServer } from '../support/http-peers.ts';
import { marked, openRawClient, replyTo, requestOf, startRawProvider } from '../support/raw-bolt.ts';
import { openRaw, rawResponse, startRawHttp, startRawServer, type RawPeer } from '../support/raw-http.ts';
import { Seeded } from '../support/seeded.ts';

const MIB = 1 << 20;
const TCP = { protocol: 'tcp', tcp: { cluster: 'db' } };

async function startTunnel(
  owner: Owner,
  serve: (peer: RawPeer) => unknown,
  spec: Partial<HttpProxySpec> = {},
): Promise<{ readonly proxy: HttpProxy; readonly peers: readonly RawPeer[] }> {
  const server = await startRawServer(owner, serve);
  const proxy = await startHttpProxy(owner, { listener: TCP, clusters: [cluster('db', server.port)], ...spec });
  return { proxy, peers: server.peers };
}

test('each side may end its own direction first', async (t) => {
  const { proxy } = await startTunnel(t, async (peer) => {
    const asked = await peer.until('\n');
    if (asked === 'you first') {
      peer.send('bye\n');
      peer.socket.end();
      served.push((await peer.toEnd()).toString());
      return;
    }
    served.push((await peer.toEnd()).toString());
    peer.send('I have heard it all\n');
    peer.socket.end();
  });
  const served: string[] = [];
  const first = await openRaw(t, proxy.port);
  first.send('me first\nand more');
  first.socket.end();
  assert.equal((await first.toEnd()).toString(), 'I have heard it all\n');

  const second = await openRaw(t, proxy.port);
  second.send('you first\n');
  assert.equal((await second.toEnd()).toString(), 'bye\n');
  second.send('still here');
  second.socket.end();
  await waitUntil(() => served.length === 2, { what: 'the server has heard the end' });
  assert.deepEqual(served, ['and more', 'still here']);
});

test('a server that speaks first is heard at once on a tcp listener', async (t) => {
  const { proxy } = await startTunnel(t, async (peer) => {
    peer.send('220 ready\r\n');
    peer.send(`echo ${await peer.until('\r\n')}\r\n`);
    peer.socket.end();
  });
  const client = await openRaw(t, proxy.port);
  assert.equal(await client.until('\r\n'), '220 ready');
  client.send('HELO me\r\n');
  assert.equal(await client.until('\r\n'), 'echo HELO me');
  await client.hasClosed();
});

test('on an auto listener it is heard after detectTimeout', async (t) => {
  const { proxy } = await startTunnel(t, (peer) => peer.send('220 ready\r\n'), {
    listener: { protocol: 'auto', tcp: { cluster: 'db' }, detectTimeout: '600ms' },
  });
  const client = await openRaw(t, proxy.port);
  const since = performance.now();
  assert.equal(await client.until('\r\n'), '220 ready');
  const waited = performance.now() - since;
  assert.ok(waited >= 500 && waited < 3000, `${waited} ms`);
});

test('octets in both directions at once, many tunnels, and their counts in the metrics', async (t) => {
  const { proxy } = await startTunnel(t, ({ socket }) => socket.pipe(socket));
  const one = async (seed: number): Promise<number> => {
    const client = await openRaw(t, proxy.port);
    const seeded = new Seeded(seed);
    const sent = seeded.bytes(seeded.int(MIB, 3 * MIB));
    for (const piece of seeded.pieces(sent)) client.send(piece);
    client.socket.end();
    const back = await client.toEnd();
    const digests = [sent, back].map((bytes) => createHash('sha256').update(bytes).digest('hex'));
    assert.equal(digests[1], digests[0]);
    return sent.length;
  };
  const octets = await Promise.all(Array.from({ length: 20 }, (_, index) => one(index)));
  const total = octets.reduce((sum, each) => sum + each, 0);
  const counted = async (): Promise<boolean> => (await bytesOf(proxy, 'sent')) === total;
  await waitUntil(counted, { what: 'all that was sent is counted' });
  assert.equal(await bytesOf(proxy, 'received'), total);
});

/** Octets to or from the cluster, by the metric of that name. */
async function bytesOf(proxy: HttpProxy, direction: 'sent' | 'received'): Promise<number> {
  return proxy.metric('weft_tunnel_bytes_total', { cluster: 'db', direction });
}

test('a tunnel in which nothing moves ends after idleTimeout, one in which something does goes on', async (t) => {
  const { proxy, peers } = await startTunnel(t, ({ socket }) => socket.pipe(socket), {
    listener: { protocol: 'tcp', tcp: { cluster: 'db', idleTimeout: '1s' } },
  });
  const [idle, busy] = [await openRaw(t, proxy.port), await openRaw(t, proxy.port)];
  const timer = setInterval(() => busy.send('.'), 200);
  t.after(() => clearInterval(timer));
  idle.send('x');
  await idle.hasClosed();
  await waitUntil(() => peers.some(({ closed }) => closed), { what: 'the other end is closed' });
  assert.equal(busy.ended, false);
  const before = busy.untaken.length;
  await waitUntil(() => busy.untaken.length > before + 5, { what: 'the other goes on' });
});

test('an endpoint that dies breaks the tunnel off; one that is not there is nobody', async (t) => {
  const { proxy, peers } = await startTunnel(t, async (peer) => {
    peer.send(await peer.until('\n'));
  });
  const client = await openRaw(t, proxy.port);
  client.send('hello\n');
  assert.equal((await client.octets(5)).toString(), 'hello');
  peers[0]!.socket.resetAndDestroy();
  await client.hasClosed();

  const nowhere = await startHttpProxy(t, { listener: TCP, clusters: [cluster('db', await freePort())] });
  const refused = await openRaw(t, nowhere.port);
  await refused.hasClosed();
  await nowhere.sidecar.child.waitFor(/a connection cannot be carried on.*cannot connect to .*; is it started/);
});

test('who reads slowly holds up the other end alone', async (t) => {
  let taken = 0;
  const block = Buffer.alloc(256 << 10);
  const { proxy } = await startTunnel(t, ({ socket }) => {
    const more = (): void => {
      while (taken < 64 * MIB) {
        taken += block.length;
        if (!socket.write(block)) return void socket.once('drain', more);
      }
      socket.end();
    };
    more();
  });
  const client = await openRaw(t, proxy.port);
  client.socket.pause();
  let last = -1;
  const still = (): boolean => last === (last = taken);
  await waitUntil(still, { what: 'the server stands still', every: 400 });
  assert.ok(taken < 32 * MIB, `${taken} octets`);
  client.socket.resume();
  assert.equal((await client.toEnd()).length, 64 * MIB);
});

test('Bolt, HTTP/1, HTTP/2 and raw TCP on one port', async (t) => {
  const service = 'com.demo.Echo:1.0';
  const provider = await startRawProvider(t, (frame, peer) => peer.send(replyTo(frame, frame.content)));
  const web = await startRawHttp(t, () => rawResponse(200, 'one'));
  const web2 = await startHttpServer(t, 'http2', (_, response) => response.end('two'));
  const redis = await startRawServer(t, async (peer) => {
    assert.equal(await peer.until('PING\r\n'), '*1\r\n$4\r\n');
    peer.send('+PONG\r\n');
  });
  const proxy = await startHttpProxy(t, {
    listener: { protocol: 'auto', tcp: { cluster: 'redis' } },
    clusters: [
      cluster(service, provider.port),
      cluster('shop', web.port),
      cluster('shop2', web2.port),
      cluster('redis', redis.port),
    ],
  });
  const bolt = async (): Promise<void> => {
    const client = await openRawClient(t, proxy.port);
    const id = client.nextId();
    client.send(requestOf(service, id, marked(id, 1000)));
    assert.ok((await client.reply(id)).content.equals(marked(id, 1000)));
  };
  const http1 = async (): Promise<void> => {
    const client = await openRaw(t, proxy.port);
    // Octet by octet: it decides on the fewest, and loses none.
    for (const octet of 'GET / HTTP/1.1\r\nHost: shop\r\n\r\n') client.send(octet);
    assert.equal((await client.message()).body.toString(), 'one');
  };
  const http2 = async (): Promise<void> => {
    const { body } = await (await openCaller(t, 'http2', proxy.port)).ask({ host: 'shop2' });
    assert.equal(body.toString(), 'two');
  };
  const tcp = async (): Promise<void> => {
    const client = await openRaw(t, proxy.port);
    client.send('*1\r\n$4\r\nPING\r\n');
    assert.equal(await client.until('\r\n'), '+PONG');
  };
  await Promise.all([bolt, http1, http2, tcp, bolt, http1, http2, tcp].map((call) => call()));
});
