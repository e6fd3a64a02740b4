/** HTTP/1 through a running proxy, octet by octet: what is passed on, in which order, and for how long. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cluster, startHttpProxy, type HttpProxy } from '../support/http-mesh.ts';
import {
  openRaw,
  rawResponse,
  startRawHttp,
  startRawServer,
  type RawMessage,
  type RawPeer,
} from '../support/raw-http.ts';
import { waitUntil, type Owner } from '../support/children.ts';

interface Scene {
  readonly proxy: HttpProxy;
  readonly requests: readonly RawMessage[];
  readonly peers: readonly RawPeer[];
  readonly client: RawPeer;
}

const NO_TRACES = { http: { forwarding: { via: '', requestId: false } } };

/** A client and a server by hand, and the proxy between them, which adds nothing of its own. */
async function startScene(
  owner: Owner,
  answer: (request: RawMessage, peer: RawPeer) => string | Buffer | Promise<string | Buffer>,
  listener: object = NO_TRACES,
): Promise<Scene> {
  const server = await startRawHttp(owner, answer);
  const proxy = await startHttpProxy(owner, { listener, clusters: [cluster('shop', server.port)] });
  return { proxy, requests: server.requests, peers: server.peers, client: await openRaw(owner, proxy.port) };
}

function namesOf({ fields }: RawMessage): string[] {
  return fields.map(([name]) => name);
}

test('a request and its response come as they were sent: case, order, repeated fields', async (t) => {
  const { client, requests } = await startScene(t, () =>
    rawResponse(200, 'hello', 'X-One: 1', 'set-cookie: a=b', 'Set-Cookie: c=d', 'ETag:   "x"  '),
  );
  client.send('GET /a%20b?q=1&q=2 HTTP/1.1\r\nHost: shop\r\nX-B: 2\r\nx-a: 1\r\nX-B: 3\r\nCookie: k=v\r\n\r\n');
  const response = await client.message();
  assert.deepEqual(
    [requests[0]!.start, requests[0]!.fields],
    [
      'GET /a%20b?q=1&q=2 HTTP/1.1',
      [
        ['Host', 'shop'],
        ['X-B', '2'],
        ['x-a', '1'],
        ['X-B', '3'],
        ['Cookie', 'k=v'],
      ],
    ],
  );
  assert.equal(response.start, 'HTTP/1.1 200 Fine');
  assert.deepEqual(namesOf(response), ['X-One', 'set-cookie', 'Set-Cookie', 'ETag', 'Content-Length']);
  assert.equal(response.get('etag'), '"x"');
  assert.equal(response.body.toString(), 'hello');
});

test('bodies with a length and in chunks arrive whole, with trailers both ways', async (t) => {
  const { client, requests } = await startScene(
    t,
    () =>
      'HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n' +
      '4;name="v;,\\""\r\nWiki\r\n5;a\r\npedia\r\n0;last\r\nX-Sum: 9\r\nx-more: yes\r\n\r\n',
  );
  client.send('POST /s HTTP/1.1\r\nHost: shop\r\nContent-Length: 5\r\n\r\nhello');
  const first = await client.message();
  assert.deepEqual([requests[0]!.body.toString(), requests[0]!.get('content-length')], ['hello', '5']);
  assert.equal(first.body.toString(), 'Wikipedia');
  assert.deepEqual(first.trailers, [
    ['X-Sum', '9'],
    ['x-more', 'yes'],
  ]);

  client.send('POST /c HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n3;ext=1\r\nabc\r\n');
  client.send('A\r\n0123456789\r\n0\r\nX-T: t\r\n\r\n');
  const second = await client.message();
  assert.equal(second.body.toString(), 'Wikipedia');
  const { body, trailers, fields } = requests[1]!;
  assert.equal(body.toString(), 'abc0123456789');
  assert.deepEqual(trailers, [['X-T', 't']]);
  assert.equal(fields.filter(([name]) => /transfer-encoding|content-length/i.test(name)).length, 1);
});

test('HEAD, 204 and 304 have no body, keep their fields, and the connection goes on', async (t) => {
  const { client, peers } = await startScene(t, ({ start }) => {
    if (start.startsWith('HEAD')) return 'HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nX-H: h\r\n\r\n';
    if (start.includes('/204')) return 'HTTP/1.1 204 No Content\r\nX-N: n\r\n\r\n';
    if (start.includes('/304')) return 'HTTP/1.1 304 Not Modified\r\nETag: "e"\r\nContent-Length: 77\r\n\r\n';
    return rawResponse(200, 'ok');
  });
  for (let round = 0; round < 2; round++) {
    client.send('HEAD / HTTP/1.1\r\nHost: shop\r\n\r\n');
    const head = await client.message(true);
    assert.deepEqual([head.status, head.get('content-length'), head.get('x-h')], [200, '1234', 'h']);
    client.send('GET /204 HTTP/1.1\r\nHost: shop\r\n\r\n');
    const none = await client.message();
    assert.deepEqual(
      [none.status, none.get('content-length'), none.get('transfer-encoding')],
      [204, undefined, undefined],
    );
    client.send('GET /304 HTTP/1.1\r\nHost: shop\r\n\r\n');
    const same = await client.message();
    assert.deepEqual([same.status, same.get('etag'), same.get('content-length')], [304, '"e"', '77']);
    client.send('GET / HTTP/1.1\r\nHost: shop\r\n\r\n');
    assert.equal((await client.message()).body.toString(), 'ok');
  }
  assert.equal(peers.length, 1, 'all on one connection');
});

test('a HEAD whose GET would be chunked is not taken for one with a body', async (t) => {
  const { client } = await startScene(t, () => 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
  for (let round = 0; round < 2; round++) {
    client.send('HEAD / HTTP/1.1\r\nHost: shop\r\n\r\n');
    assert.equal((await client.message(true)).status, 200);
  }
});

test('ten requests in one write are answered in order', async (t) => {
  const { client, requests } = await startScene(t, ({ start }) => rawResponse(200, start));
  const many = (from: number): string =>
    Array.from({ length: 10 }, (_, i) => `GET /${from + i} HTTP/1.1\r\nHost: shop\r\n\r\n`).join('');
  client.send(many(0));
  for (let i = 0; i < 10; i++) assert.equal((await client.message()).body.toString(), `GET /${i} HTTP/1.1`);
  const posts = Array.from(
    { length: 10 },
    (_, i) => `POST /${i} HTTP/1.1\r\nHost: shop\r\nContent-Length: 3\r\n\r\nabc`,
  );
  client.send(posts.join('') + many(100));
  client.socket.end();
  for (let i = 0; i < 10; i++) assert.equal((await client.message()).body.toString(), `POST /${i} HTTP/1.1`);
  for (let i = 100; i < 110; i++) assert.equal((await client.message()).body.toString(), `GET /${i} HTTP/1.1`);
  await client.hasClosed();
  assert.equal(requests.length, 30);
});

test('requests behind one that the proxy answers itself are answered too', async (t) => {
  const routes = [{ match: { path: '/here' }, respond: { status: 200, body: 'here' } }];
  const { client } = await startScene(t, () => rawResponse(200, 'there'), { http: { routes } });
  const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: shop\r\n\r\n`;
  client.send(get('/here') + get('/here') + get('/') + get('/here'));
  for (const body of ['here', 'here', 'there', 'here']) assert.equal((await client.message()).body.toString(), body);
  client.send(get('/here'));
  assert.equal((await client.message()).body.toString(), 'here');
  client.send(get('/'));
  assert.equal((await client.message()).body.toString(), 'there');
  client.send('POST /here HTTP/1.1\r\nHost: shop\r\nContent-Length: 4\r\n\r\nbody');
  const early = await client.message();
  assert.deepEqual([early.body.toString(), early.get('connection')], ['here', 'close']);
  await client.hasClosed();
});

test('HTTP/1.0: one request a connection, or more when asked for, and never chunks', async (t) => {
  const { proxy, requests } = await startScene(t, ({ start }) =>
    start.includes('/chunked')
      ? 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n'
      : rawResponse(200, 'ok'),
  );
  const short = await openRaw(t, proxy.port);
  short.send('GET / HTTP/1.0\r\nHost: shop\r\n\r\n');
  const only = await short.message();
  assert.deepEqual([only.start, only.get('connection'), only.body.toString()], ['HTTP/1.1 200 Fine', 'close', 'ok']);
  await short.hasClosed();
  assert.match(requests[0]!.start, /HTTP\/1\.1$/, 'on its own connection the proxy speaks its own version');

  const long = await openRaw(t, proxy.port);
  for (let i = 0; i < 3; i++) {
    long.send('GET / HTTP/1.0\r\nHost: shop\r\nConnection: Keep-Alive\r\n\r\n');
    const { body, get } = await long.message();
    assert.deepEqual([body.toString(), get('connection')], ['ok', 'keep-alive']);
  }
  long.send('GET /chunked HTTP/1.0\r\nHost: shop\r\nConnection: keep-alive\r\n\r\n');
  const unsized = await long.message();
  assert.deepEqual([unsized.body.toString(), unsized.get('transfer-encoding')], ['abcdef', undefined]);
  assert.equal(unsized.get('connection'), 'close');
  await long.hasClosed();
});

test('100-continue: the client waits for it, and gets it from the server', async (t) => {
  const server = await startRawServer(t, async (peer) => {
    for (;;) {
      const head = await peer.until('\r\n\r\n').catch(() => undefined);
      if (head === undefined) return;
      assert.match(head, /expect: 100-continue/i);
      peer.send('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n');
      peer.send(rawResponse(200, (await peer.octets(5)).toString()));
    }
  });
  const proxy = await startHttpProxy(t, { clusters: [cluster('shop', server.port)] });
  const client = await openRaw(t, proxy.port);
  for (let round = 0; round < 2; round++) {
    client.send('PUT / HTTP/1.1\r\nHost: shop\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n');
    assert.equal((await client.message()).start, 'HTTP/1.1 100 Continue');
    const hints = await client.message();
    assert.deepEqual([hints.status, hints.get('link')], [103, '</x>']);
    client.send('hello');
    assert.equal((await client.message()).body.toString(), 'hello');
  }
});

test('100-continue: a refusal ends the connection, for the body may or may not come', async (t) => {
  const server = await startRawServer(t, async (peer) => {
    await peer.until('\r\n\r\n');
    peer.send(rawResponse(417, 'no'));
  });
  const proxy = await startHttpProxy(t, { clusters: [cluster('shop', server.port)] });
  const client = await openRaw(t, proxy.port);
  client.send('PUT / HTTP/1.1\r\nHost: shop\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n');
  const refused = await client.message();
  assert.deepEqual([refused.status, refused.get('connection')], [417, 'close']);
  await client.hasClosed();
});

test('a response without a length lasts until its connection ends', async (t) => {
  const server = await startRawServer(t, async (peer) => {
    await peer.until('\r\n\r\n');
    peer.send('HTTP/1.1 200 OK\r\n\r\npart one, ');
    await waitUntil(() => seen.length > 0, { what: 'the first part has arrived', every: 5 });
    peer.send('part two');
    peer.socket.end();
  });
  let seen = '';
  const proxy = await startHttpProxy(t, { clusters: [cluster('shop', server.port)] });
  const client = await openRaw(t, proxy.port);
  client.send('GET / HTTP/1.1\r\nHost: shop\r\n\r\n');
  await waitUntil(() => client.untaken.includes('part one'), { what: 'the first part comes at once' });
  seen = client.untaken;
  const { body } = await client.message();
  assert.equal(body.toString(), 'part one, part two');
});

test('a response before the body is complete: it arrives, and the connection ends', async (t) => {
  const server = await startRawServer(t, async (peer) => {
    await peer.until('\r\n\r\n');
    peer.send('HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 4\r\n\r\nlong');
    peer.socket.end();
  });
  const proxy = await startHttpProxy(t, { clusters: [cluster('shop', server.port)] });
  const client = await openRaw(t, proxy.port);
  client.send('POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 100000000\r\n\r\n');
  client.send(Buffer.alloc(1 << 20));
  const { status, body } = await client.message();
  assert.deepEqual([status, body.toString()], [413, 'long']);
  client.send(Buffer.alloc(8 << 20));
  await client.hasClosed();
});

test('a body that its server breaks off is broken off for its caller', async (t) => {
  const server = await startRawServer(t, async (peer) => {
    const head = await peer.until('\r\n\r\n');
    peer.send(
      `HTTP/1.1 200 OK\r\n${head.includes('/sized') ? 'Content-Length: 10' : 'Transfer-Encoding: chunked'}\r\n\r\n`,
    );
    peer.send('3\r\nabc\r\n');
    peer.socket.end();
  });
  const proxy = await startHttpProxy(t, { clusters: [cluster('shop', server.port)] });
  for (const path of ['/sized', '/chunked']) {
    const client = await openRaw(t, proxy.port);
    client.send(`GET ${path} HTTP/1.1\r\nHost: shop\r\n\r\n`);
    await assert.rejects(client.message(), /was closed before/);
  }
});
