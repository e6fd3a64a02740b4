/** Requests of every kind behind each other on one connection, cut anywhere, to endpoints that cut as well. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { cluster, startHttpProxy } from '../support/http-mesh.ts';
import { openRaw, startRawServer, type RawMessage, type RawPeer } from '../support/raw-http.ts';
import { Seeded } from '../support/seeded.ts';

const COUNT = 400;
const CONNECTIONS = 6;
const ROUTES = [
  { match: { path: '/here' }, respond: { status: 200, body: 'here' } },
  { match: { path: '/bare' }, respond: { status: 204 } },
  { match: { path: '/moved' }, redirect: { host: 'elsewhere' } },
];

type Check = (response: RawMessage) => void;

/** In pieces of a few octets, some of them in the same turn. */
async function sendCut(seeded: Seeded, peer: RawPeer, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + seeded.int(1, seeded.next() < 0.5 ? 20 : 2000));
    peer.send(bytes.subarray(at, end));
    at = end;
    if (seeded.next() < 0.3) await setImmediate();
  }
}

function chunked(seeded: Seeded, body: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (const piece of seeded.pieces(body)) {
    parts.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'));
  }
  return Buffer.concat([...parts, Buffer.from('0\r\nX-End: 1\r\n\r\n')]);
}

/** Echoes the body in one of two framings, or has none, as the path says; closes now and then. */
async function serve(seeded: Seeded, peer: RawPeer): Promise<void> {
  for (;;) {
    const request = await peer.message().catch(() => undefined);
    if (request === undefined) return void peer.socket.end();
    const [method = '', path = ''] = request.start.split(' ');
    const mark = `X-Path: ${path}\r\n`;
    if (seeded.next() < 0.1) peer.send('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n');
    const last = seeded.next() < 0.03;
    const close = last ? 'Connection: close\r\n' : '';
    if (path.startsWith('/same') || method === 'HEAD') {
      peer.send(`HTTP/1.1 ${path.startsWith('/same') ? 304 : 200} Fine\r\n${mark}${close}Content-Length: 99\r\n\r\n`);
    } else if (seeded.next() < 0.5) {
      const head = `HTTP/1.1 200 OK\r\n${mark}${close}Transfer-Encoding: chunked\r\n\r\n`;
      await sendCut(seeded, peer, Buffer.concat([Buffer.from(head), chunked(seeded, request.body)]));
    } else {
      const head = `HTTP/1.1 200 OK\r\n${mark}${close}Content-Length: ${request.body.length}\r\n\r\n`;
      await sendCut(seeded, peer, Buffer.concat([Buffer.from(head), request.body]));
    }
    if (last) return void peer.socket.end();
  }
}

/** A request, and what its response has to be. */
function make(
  seeded: Seeded,
  index: number,
): { readonly bytes: Buffer; readonly bodyless: boolean; readonly check: Check } {
  const kind = seeded.int(0, 7);
  const host = 'Host: shop\r\n';
  const plain = (method: string, path: string, check: Check, to = host) => ({
    bytes: Buffer.from(`${method} ${path} HTTP/1.1\r\n${to}\r\n`),
    bodyless: method === 'HEAD',
    check,
  });
  const status =
    (expected: number, body: string): Check =>
    (response) =>
      assert.deepEqual([response.status, response.body.toString()], [expected, body]);
  if (kind === 0) return plain('GET', '/here', status(200, 'here'));
  if (kind === 1) return plain('GET', '/bare', status(204, ''));
  if (kind === 2) return plain('HEAD', `/${index}`, ({ get }) => assert.equal(get('x-path'), `/${index}`));
  if (kind === 3) return plain('GET', `/same/${index}`, ({ get }) => assert.equal(get('x-path'), `/same/${index}`));
  if (kind === 4)
    return plain('GET', '/', ({ get }) => assert.equal(get('weft-failure'), 'no_route'), 'Host: none\r\n');
  if (kind === 5) return plain('GET', '/moved', ({ get }) => assert.equal(get('location'), 'http://elsewhere/moved'));
  const body = seeded.bytes(seeded.int(0, seeded.next() < 0.8 ? 500 : 60_000));
  const framing = kind === 6 ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`;
  const head = Buffer.from(`PUT /${index} HTTP/1.1\r\n${host}${framing}\r\n\r\n`);
  return {
    bytes: Buffer.concat([head, kind === 6 ? chunked(seeded, body) : body]),
    bodyless: false,
    check: (response) => {
      assert.deepEqual([response.status, response.get('x-path')], [200, `/${index}`]);
      assert.ok(response.body.equals(body));
    },
  };
}

test(`${COUNT} requests of every kind on each of ${CONNECTIONS} connections are answered in order`, async (t) => {
  let servers = 0;
  const server = await startRawServer(t, (peer) => serve(new Seeded(servers++), peer));
  const proxy = await startHttpProxy(t, {
    listener: { http: { routes: ROUTES } },
    clusters: [cluster('shop', server.port)],
  });
  const one = async (connection: number): Promise<void> => {
    const seeded = new Seeded(1000 + connection);
    const made = Array.from({ length: COUNT }, (_, index) => make(seeded, index));
    const client = await openRaw(t, proxy.port);
    const sending = sendCut(seeded, client, Buffer.concat(made.map(({ bytes }) => bytes)));
    for (const [index, { bodyless, check }] of made.entries()) {
      let response = await client.message(bodyless);
      while (response.status === 103) response = await client.message(bodyless);
      try {
        check(response);
      } catch (cause) {
        throw new Error(`request ${index} of connection ${connection}: ${response.body.toString()}`, { cause });
      }
    }
    await sending;
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, (_, connection) => one(connection)));
});
