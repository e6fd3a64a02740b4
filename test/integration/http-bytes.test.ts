/** Bodies arrive octet by octet as they were sent, however they are cut, whatever both sides speak, and many at once. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { setImmediate, setTimeout as delay } from 'node:timers/promises';
import { cluster, startHttpProxy } from '../support/http-mesh.ts';
import { bodyOf, openCaller, startHttpServer, type Handler, type Version } from '../support/http-peers.ts';
import { openRaw, startRawServer } from '../support/raw-http.ts';
import { Seeded } from '../support/seeded.ts';

const VERSIONS: readonly Version[] = ['http1', 'http2'];
const SEED = 20_240_607;
const CONCURRENT = 20;

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** In pieces, with a pause now and then. */
async function* trickle(seeded: Seeded, bytes: Buffer): AsyncGenerator<Buffer> {
  for (const piece of seeded.pieces(bytes)) {
    yield piece;
    const chance = seeded.next();
    if (chance < 0.05) await delay(2);
    else if (chance < 0.3) await setImmediate();
  }
}

/** Sends back what comes while it comes. */
const echo: Handler = (request, response) => void request.pipe(response);

for (const from of VERSIONS) {
  for (const to of VERSIONS) {
    test(`${from} to ${to}: ${CONCURRENT} at once, echoed while they are being sent`, async (t) => {
      const server = await startHttpServer(t, to, echo);
      const clusters = [cluster('shop', server.port, { http: { version: to } })];
      const proxy = await startHttpProxy(t, { clusters });
      const shared = await openCaller(t, from, proxy.port);
      const one = async (index: number): Promise<void> => {
        // A connection of HTTP/1 carries one at a time.
        const caller = from === 'http2' ? shared : await openCaller(t, from, proxy.port);
        const seeded = new Seeded(SEED + index);
        for (let round = 0; round < 3; round++) {
          const sent = seeded.bytes(seeded.int(0, round === 0 ? 2000 : 600_000));
          const { status, body } = await caller.ask({ method: 'POST', body: trickle(seeded, sent) });
          assert.deepEqual([status, body.length, digest(body)], [200, sent.length, digest(sent)], `${index}/${round}`);
        }
      };
      await Promise.all(Array.from({ length: CONCURRENT }, (_, index) => one(index)));
    });
  }
}

test('a request of which the head and the chunks are cut anywhere', async (t) => {
  const server = await startHttpServer(t, 'http1', async (request, response) => {
    const body = await bodyOf(request);
    response.setHeader('content-length', body.length);
    response.end(body);
  });
  const proxy = await startHttpProxy(t, { clusters: [cluster('shop', server.port)] });
  const seeded = new Seeded(SEED);
  const client = await openRaw(t, proxy.port);
  const expected: string[] = [];
  const wire: Buffer[] = [];
  for (let i = 0; i < 40; i++) {
    const body = seeded.bytes(seeded.int(0, 3000));
    expected.push(digest(body));
    wire.push(Buffer.from(`POST /${i} HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n`));
    for (const piece of seeded.pieces(body)) {
      wire.push(Buffer.from(`${piece.length.toString(16)};n=${i}\r\n`), piece, Buffer.from('\r\n'));
    }
    wire.push(Buffer.from('0\r\nx-t: 1\r\n\r\n'));
  }
  const all = Buffer.concat(wire);
  const sending = (async () => {
    for (let at = 0; at < all.length;) {
      const end = Math.min(all.length, at + seeded.int(1, 97));
      client.send(all.subarray(at, end));
      at = end;
      await setImmediate();
    }
    // It has said all that it wants to know.
    client.socket.end();
  })();
  for (const each of expected) assert.equal(digest((await client.message()).body), each);
  await sending;
  await client.hasClosed();
});

test('a response that is cut anywhere, chunks and trailers included', async (t) => {
  const seeded = new Seeded(SEED);
  const sent: Buffer[] = [];
  const server = await startRawServer(t, async (peer) => {
    for (;;) {
      if ((await peer.until('\r\n\r\n').catch(() => undefined)) === undefined) return;
      const body = seeded.bytes(seeded.int(1, 3000));
      sent.push(body);
      const parts: Buffer[] = [Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')];
      for (const piece of seeded.pieces(body)) {
        parts.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'));
      }
      const wire = Buffer.concat([...parts, Buffer.from('0\r\nX-Sum: 1\r\n\r\n')]);
      for (let at = 0; at < wire.length;) {
        const end = Math.min(wire.length, at + seeded.int(1, 53));
        peer.send(wire.subarray(at, end));
        at = end;
        await setImmediate();
      }
    }
  });
  const proxy = await startHttpProxy(t, { clusters: [cluster('shop', server.port)] });
  const client = await openRaw(t, proxy.port);
  for (let i = 0; i < 30; i++) {
    client.send('GET / HTTP/1.1\r\nHost: shop\r\n\r\n');
    const { body, trailers } = await client.message();
    assert.equal(digest(body), digest(sent[i]!));
    assert.deepEqual(trailers, [['X-Sum', '1']]);
  }
});
