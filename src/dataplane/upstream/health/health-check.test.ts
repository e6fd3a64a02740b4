import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../../core/manual-clock.ts';
import { settled, until } from '../../../core/testing/settled.ts';
import type { HealthPolicy, HttpVersion } from '../../cluster/policy.ts';
import { boltCodec } from '../../codec/bolt/codec.ts';
import { encodeHealthRequest } from '../../codec/grpc/health.ts';
import { ErrorCode } from '../../codec/http2/protocol.ts';
import { BufferSink } from '../../message/buffer-sink.ts';
import { Http2Server, type PeerStream } from '../testing/http2-peer.ts';
import { HEALTH, healthDeps } from '../testing/test-health.ts';
import { deadPort, type TextPeer, TextServer } from '../testing/text-peer.ts';
import { HealthCheck } from './health-check.ts';
import { loadAsk } from './questions.ts';

interface Server {
  readonly port: number;
  close(): Promise<void>;
}

/** Closes `server` when the test is over. */
async function using<T extends Server>(server: T, run: (server: T) => Promise<void>): Promise<void> {
  try {
    await run(server);
  } finally {
    await server.close();
  }
}

/** Checks what listens at `port`; returns what is not well. */
async function check(port: number, changes: Partial<HealthPolicy>, version: HttpVersion = 'same'): Promise<string> {
  const policy = { ...HEALTH, ...changes };
  const clock = new ManualClock();
  const ask = await loadAsk(policy.type, version);
  const answers: string[] = [];
  const options = { policy, connectTimeout: 1000, ask };
  const deps = healthDeps(clock);
  void new HealthCheck(deps, { host: '127.0.0.1', port }, options, (problem) => void answers.push(problem));
  await until('an answer', () => answers.length > 0);
  await settled();
  assert.equal(answers.length, 1, 'one answer');
  assert.equal(clock.pending, 0, 'timers are left');
  assert.equal(deps.net.held, 0);
  return answers[0]!;
}

test('tcp: a connection is enough, and without one the reason is told', async () => {
  await using(await TextServer.start(), async ({ port, peers }) => {
    assert.equal(await check(port, {}), '');
    await until('it is closed', () => peers[0]!.ended);
  });
  assert.equal(await check(await deadPort(), {}), 'connection refused (ECONNREFUSED)');
});

test('another port can be asked', async () => {
  const dead = await deadPort();
  await using(await TextServer.start(), async ({ port }) => assert.equal(await check(dead, { port }), ''));
  await using(await TextServer.start(), async ({ port }) => assert.notEqual(await check(port, { port: dead }), ''));
});

const HTTP: Partial<HealthPolicy> = { type: 'http' };

const RESPONSES: readonly (readonly [response: string, problem: string | RegExp, policy?: Partial<HealthPolicy>])[] = [
  ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', ''],
  ['HTTP/1.1 204 No Content\r\n\r\n', ''],
  ['HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n', ''],
  ['HTTP/1.1 400 X\r\nContent-Length: 0\r\n\r\n', 'status 400'],
  ['HTTP/1.1 503 X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n', 'status 503'],
  ['HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n', 'status 101'],
  ['HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', ''],
  ['HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', 'status 200', { statuses: [204, 503] }],
  ['HTTP/1.1 503 OK\r\nContent-Length: 0\r\n\r\n', '', { statuses: [204, 503] }],
  [`HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(50_000)}`, ''],
  ['SSH-2.0-OpenSSH_9.9\r\n\r\n', /^sent what is not HTTP\/1.1: /],
];

for (const [response, problem, policy] of RESPONSES) {
  test(`http: ${JSON.stringify(response.slice(0, 60))} is ${problem === '' ? 'well' : 'not well'}`, async () => {
    await using(await TextServer.start(), async (server) => {
      server.answerAll(response);
      const told = await check(server.port, { ...HTTP, ...policy });
      if (typeof problem === 'string') assert.equal(told, problem);
      else assert.match(told, problem);
      await until('it is closed', () => server.peers[0]!.ended);
    });
  });
}

test('http: what is asked for, and of whom', async () => {
  await using(await TextServer.start(), async (server) => {
    const heads: string[] = [];
    server.answerAll(({ head }) => {
      heads.push(head);
      return 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
    });
    await check(server.port, HTTP);
    await check(server.port, { ...HTTP, path: '/healthz?deep=1', host: 'shop.internal' });
    const rest = 'user-agent: weft-health-check\r\naccept: */*\r\nconnection: close';
    assert.deepEqual(heads, [
      `GET / HTTP/1.1\r\nhost: 127.0.0.1:${server.port}\r\n${rest}`,
      `GET /healthz?deep=1 HTTP/1.1\r\nhost: shop.internal\r\n${rest}`,
    ]);
  });
});

test('http: the end of the connection is the end of a response that has no other, and of none else', async () => {
  for (const [response, problem] of [
    ['HTTP/1.1 200 OK\r\n\r\nok', ''],
    ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok', 'it closed the connection without an answer'],
    ['', 'it closed the connection without an answer'],
  ] as const) {
    await using(await TextServer.start(), async (server) => {
      server.onPeer = (peer) => void peer.socket.end(response);
      assert.equal(await check(server.port, HTTP), problem);
    });
  }
});

/** A server of HTTP/2 that does this with each request. */
async function http2(answer: (request: PeerStream) => void): Promise<Http2Server> {
  const server = await Http2Server.start();
  server.onPeer = (peer) => {
    const { onRequest } = peer;
    peer.onRequest = (stream, head) => {
      const request = onRequest.call(peer, stream, head) as PeerStream;
      const { onEnd } = request;
      request.onEnd = () => {
        onEnd.call(request);
        answer(request);
      };
      return request;
    };
  };
  return server;
}

test('http over HTTP/2, where the cluster speaks that', async () => {
  await using(
    await http2((request) => request.answer(request.head!.path === '/up' ? 200 : 503, 'x')),
    async (server) => {
      assert.equal(await check(server.port, { ...HTTP, path: '/up', host: 'a.b' }, 'http2'), '');
      assert.equal(await check(server.port, HTTP, 'http2'), 'status 503');
      const [up, down] = server.requests;
      assert.deepEqual([up!.head!.method, up!.head!.authority], ['GET', 'a.b']);
      assert.equal(down!.head!.authority, `127.0.0.1:${server.port}`);
    },
  );
  await using(await http2((request) => request.answer(200, 'x'.repeat(60_000))), async ({ port }) =>
    assert.equal(await check(port, HTTP, 'http2'), ''),
  );
  await using(await http2((request) => request.stream.reset(ErrorCode.refusedStream)), async ({ port }) =>
    assert.equal(await check(port, HTTP, 'http2'), 'the request was reset with code 7'),
  );
});

test('HTTP/2: what speaks something else is told from what says goodbye', async () => {
  await using(await TextServer.start(), async (server) => {
    server.onPeer = (peer) => peer.send('HTTP/1.1 400 Bad Request\r\n\r\n');
    assert.equal(await check(server.port, HTTP, 'http2'), 'what answers there does not speak HTTP/2');
  });
  const leaving = await Http2Server.start({ maxStreams: 0 });
  await using(leaving, async ({ port }) =>
    assert.equal(await check(port, HTTP, 'http2'), 'it takes no requests on a new connection'),
  );
});

const GRPC: Partial<HealthPolicy> = { type: 'grpc' };
const TYPE = ['content-type', 'application/grpc'];
const serving = (status: number): string => `\0\0\0\0\u0002\u0008${String.fromCharCode(status)}`;

const NO_ANSWER = 'the answer is no HealthCheckResponse';

const CALLS: readonly (readonly [what: string, answer: (request: PeerStream) => void, problem: string])[] = [
  ['SERVING', (call) => call.answer(200, serving(1), ['grpc-status', '0'], TYPE), ''],
  ['NOT_SERVING', (call) => call.answer(200, serving(2), ['grpc-status', '0'], TYPE), 'NOT_SERVING'],
  ['UNKNOWN', (call) => call.answer(200, '\0\0\0\0\0', ['grpc-status', '0'], TYPE), 'UNKNOWN'],
  [
    'UNIMPLEMENTED',
    (call) => call.answer(200, '', [], [...TYPE, 'grpc-status', '12']),
    'it does not implement grpc.health.v1.Health',
  ],
  [
    'NOT_FOUND',
    (call) => call.answer(200, '', ['grpc-status', '5'], TYPE),
    'it does not know this service (health.service)',
  ],
  ['UNAVAILABLE', (call) => call.answer(200, '', ['grpc-status', '14'], TYPE), 'gRPC status 14'],
  ['no gRPC', (call) => call.answer(404, 'nothing here'), 'status 404 of HTTP, and no status of gRPC'],
  ['an answer without content', (call) => call.answer(200, '', ['grpc-status', '0'], TYPE), NO_ANSWER],
  ['something else', (call) => call.answer(200, 'hello world', ['grpc-status', '0'], TYPE), NO_ANSWER],
];

for (const [what, answer, problem] of CALLS) {
  test(`grpc: ${what} is ${problem === '' ? 'well' : 'not well'}`, async () => {
    await using(await http2(answer), async ({ port }) => assert.equal(await check(port, GRPC), problem));
  });
}

test('grpc: what is called, with its time; an answer may come in pieces', async () => {
  const pieces = async (call: PeerStream): Promise<void> => {
    call.stream.sendHead([':status', '200', ...TYPE], false);
    for (const octet of serving(1)) {
      call.send(octet);
      await settled();
    }
    call.stream.sendTrailers(['grpc-status', '0']);
  };
  await using(await http2((call) => void pieces(call)), async (server) => {
    assert.equal(await check(server.port, { ...GRPC, service: 'shop.Carts', host: 'carts' }), '');
    const [call] = server.requests;
    const { method, path, authority } = call!.head!;
    assert.deepEqual([method, path, authority], ['POST', '/grpc.health.v1.Health/Check', 'carts']);
    assert.deepEqual(
      ['te', 'content-type', 'grpc-timeout'].map((name) => call!.field(name)),
      ['trailers', 'application/grpc', '3000000u'],
    );
    assert.equal(call!.content, encodeHealthRequest('shop.Carts').toString('latin1'));
  });
});

/** What a heartbeat with this id is answered with. */
function ack(id: number): Buffer {
  const out = new BufferSink();
  boltCodec.heartbeatAck(out, id, 0);
  return Buffer.from(out.bytes());
}

test('bolt: the acknowledgement of the heartbeat counts, and no other', async () => {
  for (const [onPeer, problem] of [
    [(peer: TextPeer) => peer.send(ack(1)), ''],
    [(peer: TextPeer) => void peer.socket.end(ack(7)), 'it closed the connection without an answer'],
    [(peer: TextPeer) => peer.send('HTTP/1.1 400 X\r\n\r\n'), /^sent bytes that are not bolt: /],
  ] as const) {
    await using(await TextServer.start(), async (server) => {
      server.onPeer = (peer) => peer.socket.once('data', () => onPeer(peer));
      const told = await check(server.port, { type: 'bolt' });
      if (typeof problem === 'string') assert.equal(told, problem);
      else assert.match(told, problem);
    });
  }
});

for (const type of ['tcp', 'http', 'grpc', 'bolt'] as const) {
  test(`${type}: a check that nobody wants any more, or whose time is over, leaves nothing`, async () => {
    const server = await TextServer.start();
    await using(server, async ({ port }) => {
      const clock = new ManualClock();
      const deps = healthDeps(clock);
      const answers: string[] = [];
      const options = { policy: { ...HEALTH, type }, connectTimeout: 5000, ask: await loadAsk(type, 'http2') };
      const begin = (): HealthCheck =>
        new HealthCheck(deps, { host: '127.0.0.1', port }, options, (problem) => void answers.push(problem));
      begin().cancel();
      await settled();
      if (type !== 'tcp') {
        const asked = begin();
        await until('it is asked', () => server.peers.some(({ count }) => count > 0));
        asked.cancel();
        begin();
        await settled();
        clock.advance(3000);
      }
      assert.equal(clock.pending, 0);
      await until('all are closed', () => server.peers.every(({ ended }) => ended));
      await settled();
      assert.deepEqual(answers, type === 'tcp' ? [] : ['no answer in 3000 ms']);
      assert.deepEqual([deps.net.held, deps.net.unsent], [0, 0]);
    });
  });
}
