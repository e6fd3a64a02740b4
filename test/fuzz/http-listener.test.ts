/** Octets that no honest peer sends, over real sockets to a listener in this process, from callers and from endpoints. */
import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { test } from 'node:test';
import fc from 'fast-check';
import { until } from '../../src/core/testing/settled.ts';
import { HttpMesh } from '../../src/dataplane/proxy/testing/http-mesh.ts';
import { TextPeer } from '../../src/dataplane/upstream/testing/text-peer.ts';
import { hostile, inPieces, RUNS } from './hostile.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const GET = 'GET / HTTP/1.1\r\nHost: shop\r\n\r\n';
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** SETTINGS, and a GET of / at `shop`. */
const SETTINGS = '000000 04 00 00000000';
const HTTP2_GET = '000009 01 05 00000001 82 86 84 41 04 73686f70';
const HTTP2_POST = '000009 01 04 00000003 83 86 84 41 04 73686f70';
const HTTP2_DATA = '000005 00 01 00000003 68656c6c6f';
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

const FROM_CALLERS = hostile(
  [
    GET,
    'POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 5\r\n\r\nhello',
    'POST / HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: shop\r\nContent-Type: application/grpc-web-text\r\nContent-Length: 8\r\n\r\nAAAAAAA=',
    'CONNECT shop:1 HTTP/1.1\r\nHost: shop:1\r\n\r\n',
    Buffer.concat([PREFACE, hex(SETTINGS + HTTP2_GET)]),
    Buffer.concat([PREFACE, hex(SETTINGS + HTTP2_GET + HTTP2_POST + HTTP2_DATA)]),
    Buffer.concat([PREFACE, hex(`${SETTINGS + HTTP2_POST} 000004 03 00 00000003 00000008`)]),
  ],
  [
    '\r\n',
    '\n',
    '0\r\n\r\n',
    'Content-Length: 5\r\n',
    hex(SETTINGS),
    hex('000008 06 00 00000000 0000000000000000'),
    hex(HTTP2_DATA),
  ],
);

const TO_HTTP1 = hostile(
  [
    OK,
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n',
    'HTTP/1.1 100 Continue\r\n\r\n',
    'HTTP/1.0 200\r\n\r\nuntil the end',
    'HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n',
    'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n',
  ],
  ['\r\n', '\n', '0\r\n\r\n', 'Content-Length: 7\r\n', 'Connection: close\r\n'],
);

const HTTP2_OK = '000001 01 04 00000001 88';
const TO_HTTP2 = hostile(
  [
    hex(SETTINGS),
    hex(`${SETTINGS} 000000 04 01 00000000 ${HTTP2_OK} 000005 00 01 00000001 68656c6c6f`),
    hex(`${SETTINGS + HTTP2_OK} 000001 01 05 00000001 88`),
    hex(`${SETTINGS} 000001 01 05 00000001 88`),
    hex(`${SETTINGS} 000008 07 00 00000000 00000000 00000000`),
    hex(`${SETTINGS} 000004 03 00 00000001 00000007`),
  ],
  [hex(SETTINGS), hex(HTTP2_OK), hex('000005 00 00 00000001 68656c6c6f'), hex('000004 08 00 00000001 7fffffff')],
);

const cuts = fc.array(fc.nat(), { maxLength: 6 });

async function send(peer: TextPeer, bytes: Buffer, places: readonly number[]): Promise<void> {
  for (const piece of inPieces(bytes, places)) {
    if (peer.socket.writable) peer.send(piece);
    await setImmediate();
  }
}

test('hostile callers harm neither the listener nor honest ones', async () => {
  for (const version of ['http1', 'http2'] as const) {
    const mesh = await HttpMesh.open({
      policy: { http: { version } },
      bolt: true,
      tcp: { idleTimeout: 5000 },
      detectTimeout: 1000,
    });
    const server = await mesh.textServer();
    const http2 = await mesh.http2Server();
    server.answerAll(OK);
    http2.onPeer = (peer) => {
      const { onRequest } = peer;
      peer.onRequest = (stream, head) => {
        const request = onRequest.call(peer, stream, head);
        stream.sendHead([':status', '200'], true);
        return request;
      };
    };
    mesh.endpoints(version === 'http1' ? server : http2);
    const honest = await mesh.caller();
    let sent = 0;
    await fc.assert(
      fc.asyncProperty(FROM_CALLERS, cuts, fc.boolean(), async (bytes, places, politely) => {
        const hostileCaller = await TextPeer.connect(mesh.listener.port);
        await send(hostileCaller, bytes, places);
        if (politely) hostileCaller.socket.end();
        else hostileCaller.socket.resetAndDestroy();
        honest.send(GET);
        assert.match((await honest.message()).head, /^HTTP\/1.1 200 /);
        // What is still waited for is given up in time.
        if (++sent % 20 === 0) await mesh.pass(400_000, 20_000);
        hostileCaller.socket.destroy();
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
    await mesh.pass(400_000, 20_000);
    await mesh.assertQuiet();
    assert.equal(mesh.listener.connections, 1, 'connections but the honest one');
    await mesh.close();
    await mesh.assertGone();
  }
});

for (const [version, input] of [
  ['http1', TO_HTTP1],
  ['http2', TO_HTTP2],
] as const) {
  test(`hostile endpoints of ${version} leave every caller with an answer or an end`, async () => {
    const mesh = await HttpMesh.open({ policy: { http: { version } }, limits: { streamIdleTimeout: 5000 } });
    const server = await mesh.textServer();
    mesh.endpoints(server);
    await fc.assert(
      fc.asyncProperty(
        input,
        cuts,
        fc.constantFrom('end', 'reset', 'stay'),
        fc.boolean(),
        async (bytes, places, last, asks) => {
          server.onPeer = (peer) => {
            peer.socket.once('data', () => {
              void send(peer, bytes, places).then(() => {
                if (last === 'end') peer.socket.end();
                if (last === 'reset') peer.socket.resetAndDestroy();
              });
            });
          };
          const caller = await TextPeer.connect(mesh.listener.port);
          caller.send(asks ? GET.replace('\r\n\r\n', '\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n') : GET);
          await until('the request', () => mesh.cluster.stats.active > 0 || caller.count > 0 || caller.ended);
          await mesh.pass(40_000, 5000);
          assert.ok(caller.count > 0 || caller.ended, 'an answer or an end');
          caller.socket.resetAndDestroy();
          await until('the caller is gone', () => mesh.listener.connections === 0);
          await mesh.assertQuiet();
        },
      ),
      { numRuns: RUNS, endOnFailure: true },
    );
    await mesh.close();
    await mesh.assertGone();
  });
}
