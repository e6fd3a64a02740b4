import assert from 'node:assert/strict';
import { settled, until } from '../../../core/testing/settled.ts';
import type { RetryPolicy } from '../../cluster/policy.ts';
import { OUTLIER, RETRIES } from '../../cluster/testing/policy.ts';
import { type HttpMesh, type HttpMeshOptions, httpTests } from '../testing/http-mesh.ts';
import { deadPort, type TextMessage, TextServer } from '../../upstream/testing/text-peer.ts';

const httpTest = httpTests('http retries');

const GET = 'GET / HTTP/1.1\r\nHost: shop\r\n\r\n';

function retry(retries: Partial<RetryPolicy>, version: 'http1' | 'http2' = 'http1'): HttpMeshOptions {
  return { policy: { retries: { ...RETRIES, attempts: 2, ...retries }, http: { version } } };
}

function response(status: number, body = ''): string {
  return `HTTP/1.1 ${status} X\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

/** Endpoints that answer as told, and all requests that they got, in order. */
async function answering(mesh: HttpMesh, ...answers: readonly ((request: TextMessage) => string)[]) {
  const got: { readonly server: number; readonly request: TextMessage }[] = [];
  const servers: TextServer[] = [];
  for (const [number, answer] of answers.entries()) {
    const server = await mesh.textServer();
    server.answerAll((request) => {
      got.push({ server: number, request });
      return answer(request);
    });
    servers.push(server);
  }
  mesh.endpoints(...servers);
  return { got, servers };
}

const failing = (status: number) => (): string => response(status, 'no');
const good = (): string => response(200, 'ok');

httpTest('a failure is tried on another endpoint, and its connection kept', retry({ on: ['5xx'] }), async (mesh) => {
  const { got, servers } = await answering(mesh, failing(500), good);
  const caller = await mesh.caller();
  for (let i = 0; i < 10; i++) {
    caller.send(GET);
    assert.equal((await caller.message()).body, 'ok');
  }
  assert.ok(got.filter(({ server }) => server === 0).length >= 4, 'both were tried');
  assert.deepEqual(
    servers.map(({ peers }) => peers.length),
    [1, 1],
  );
  assert.match(mesh.parts.metrics.render(), /weft_retries_total\{cluster="shop"\} ([4-9]|10)\n/);
});

httpTest('exactly so many more attempts, then the last answer is the answer', retry({ on: ['5xx'] }), async (mesh) => {
  const { got } = await answering(mesh, failing(501), failing(501));
  const caller = await mesh.caller();
  caller.send(GET);
  const { head, body } = await caller.message();
  assert.deepEqual([head.split(' ')[1], body, got.length], ['501', 'no', 3]);
});

httpTest(
  'only what is named is tried again',
  retry({ on: ['gateway-error', 'retriable-status'], statuses: [429] }),
  async (mesh) => {
    for (const [status, tries] of [
      [500, 1],
      [502, 3],
      [503, 3],
      [504, 3],
      [429, 3],
      [404, 1],
    ] as const) {
      const { got } = await answering(mesh, failing(status));
      const caller = await mesh.caller();
      caller.send(GET);
      assert.match((await caller.message()).head, new RegExp(` ${status} `));
      assert.equal(got.length, tries, `${status}`);
      caller.socket.destroy();
    }
  },
);

httpTest('what is not idempotent is not, unless that is asked for', retry({ on: ['5xx'] }), async (mesh) => {
  const { got } = await answering(mesh, failing(500));
  const caller = await mesh.caller();
  caller.send('POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 3\r\n\r\nabc');
  assert.match((await caller.message()).head, / 500 /);
  assert.equal(got.length, 1);
});

httpTest('then it goes with all of its content', retry({ on: ['5xx'], nonIdempotent: true }), async (mesh) => {
  const { got } = await answering(mesh, failing(500), good);
  const caller = await mesh.caller();
  for (let i = 0; i < 4; i++) {
    const content = `${i}`.repeat(30_000);
    caller.send(`POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: ${content.length}\r\n\r\n${content}`);
    assert.equal((await caller.message()).body, 'ok');
    assert.equal(got.at(-1)!.request.body, content);
  }
  assert.ok(got.length > 4);
  assert.equal(mesh.parts.budget.used, 0);
});

httpTest(
  'content that was too long to be kept is not sent twice',
  retry({ on: ['5xx'], nonIdempotent: true }),
  async (mesh) => {
    const { got } = await answering(mesh, failing(500), failing(500));
    const caller = await mesh.caller();
    const size = 1 << 20;
    caller.send(`PUT / HTTP/1.1\r\nHost: shop\r\nContent-Length: ${size}\r\n\r\n${'x'.repeat(size)}`);
    assert.match((await caller.message()).head, / 500 /);
    assert.equal(got.length, 1);
  },
);

httpTest('never after the first octet of a response', retry({ on: ['5xx', 'reset'] }), async (mesh) => {
  const { caller, endpoint, server } = await mesh.asked(GET);
  await endpoint.message();
  endpoint.send('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf');
  await caller.upTo('half');
  endpoint.socket.destroy();
  await until('it is broken off', () => caller.ended);
  assert.equal(server.peers.length, 1);
});

httpTest('a connection that breaks before the response', retry({ on: ['reset'] }), async (mesh) => {
  const { caller, endpoint, server } = await mesh.asked(GET);
  await endpoint.message();
  server.answerAll(response(200, 'ok'));
  endpoint.socket.destroy();
  assert.equal((await caller.message()).body, 'ok');
});

httpTest('each try has its time, all have theirs', retry({ on: ['timeout'], perTryTimeout: 1000 }), async (mesh) => {
  const { caller, server } = await mesh.asked(GET);
  for (let i = 0; i < 3; i++) {
    await (await server.peer(i)).message();
    assert.equal(caller.text, '');
    await mesh.pass(1010, 10);
  }
  const { head, body } = await caller.message();
  assert.match(head, / 504 /);
  assert.match(body, /no response in 1000 ms \(perTryTimeout\)/);
  assert.equal(server.peers.length, 3);
});

httpTest(
  'pauses before it, longer each time, by chance',
  retry({ on: ['5xx'], backoff: { base: 1000, max: 60_000 } }),
  async (mesh) => {
    const { got } = await answering(mesh, failing(500));
    const caller = await mesh.caller();
    caller.send(GET);
    await until('the first', () => got.length === 1);
    const times: number[] = [];
    for (let tries = 1; tries < 3;) {
      await mesh.pass(10, 10);
      await settled();
      if (got.length === tries) continue;
      tries = got.length;
      times.push(mesh.parts.clock.now());
    }
    const [first, second] = times as [number, number];
    assert.ok(first > 20 && first <= 1030, `${first} ms`);
    assert.ok(second - first > 20 && second - first <= 2030, `${second - first} ms`);
    assert.match((await caller.message()).head, / 500 /);
  },
);

httpTest(
  'a caller that goes during a pause is not sent for',
  retry({ on: ['5xx'], backoff: { base: 1000, max: 1000 } }),
  async (mesh) => {
    const { got } = await answering(mesh, failing(500));
    const caller = await mesh.caller();
    caller.send(GET);
    await until('the first', () => got.length === 1);
    await settled();
    caller.socket.resetAndDestroy();
    await until('it is given up', () => mesh.cluster.stats.active === 0);
    await mesh.pass(2000, 100);
    assert.equal(got.length, 1);
    assert.equal(mesh.cluster.retrying, 0);
  },
);

httpTest(
  'of many that fail at once only so many are tried again',
  retry({ on: ['5xx'], budget: { percent: 20, min: 1 } }),
  async (mesh) => {
    const { got } = await answering(mesh, failing(503));
    const callers = await Promise.all(Array.from({ length: 20 }, () => mesh.caller()));
    for (const caller of callers) caller.send(GET);
    for (const caller of callers) assert.match((await caller.message()).head, / 503 /);
    // Each of those that may has two more; at no time are there more than a fifth of twenty.
    assert.ok(got.length > 20 && got.length <= 20 + 2 * 20, `${got.length} requests`);
    assert.equal(mesh.cluster.retrying, 0);
    const none = { ...RETRIES, attempts: 2, on: ['5xx'], budget: { percent: 0, min: 0 } } as const;
    mesh.cluster.setPolicy({ ...mesh.cluster.cluster.policy, retries: none });
    got.length = 0;
    callers[0]!.send(GET);
    await callers[0]!.message();
    assert.equal(got.length, 1);
  },
);

httpTest(
  'a call of gRPC by its own status',
  retry({ on: ['retriable-status'], grpc: [14], nonIdempotent: true }, 'http2'),
  async (mesh) => {
    const server = await mesh.http2Service();
    const caller = await mesh.http2Caller();
    const call = caller.request('/a.B/C', ['content-type', 'application/grpc', 'te', 'trailers'], false);
    call.send('request', true);
    for (const [i, code] of ['14', '14', '5'].entries()) {
      const request = await server.served(i);
      await until('its content', () => request.content === 'request');
      request.stream.sendHead([':status', '200', 'content-type', 'application/grpc', 'grpc-status', code], true);
    }
    assert.equal(await call.status(), 200);
    assert.equal(call.field('grpc-status'), '5');
    assert.equal(server.requests.length, 3);
  },
);

httpTest(
  'an endpoint that fails again and again rests, and gets requests again',
  { policy: { outlier: { ...OUTLIER, consecutive: 3, maxEjected: 50 }, http: { version: 'http1' } } },
  async (mesh) => {
    let well = false;
    const { got } = await answering(mesh, () => (well ? good() : response(503, 'no')), good);
    const caller = await mesh.caller();
    const ask = async (count: number): Promise<number> => {
      got.length = 0;
      for (let i = 0; i < count; i++) {
        caller.send(GET);
        await caller.message();
      }
      return got.filter(({ server }) => server === 0).length;
    };
    assert.equal(await ask(20), 3);
    const [bad] = [...mesh.cluster.cluster.endpoints];
    assert.match(bad!.reason, /3 failures in a row/);
    await mesh.pass(30_250, 250);
    well = true;
    assert.ok((await ask(20)) >= 8);
    assert.equal(bad!.usable, true);
  },
);

httpTest(
  'requests beyond what may be under way are refused at once',
  { policy: { breaker: { requests: 2, connections: 0 }, http: { version: 'http1' } } },
  async (mesh) => {
    const server = await mesh.textService();
    const callers = await Promise.all(Array.from({ length: 3 }, () => mesh.caller()));
    for (const caller of callers.slice(0, 2)) caller.send(GET);
    await server.peer(1);
    callers[2]!.send(GET);
    const { head, body } = await callers[2]!.message();
    assert.match(head, / 503 /);
    assert.match(body, /2 requests are under way already \(breaker.requests\)/);
    for (const peer of server.peers) {
      await peer.message();
      peer.send(response(200, 'ok'));
    }
    for (const caller of callers.slice(0, 2)) assert.equal((await caller.message()).body, 'ok');
  },
);

httpTest(
  'connections to all endpoints together are bounded: beyond that one for each, and the others wait',
  { policy: { breaker: { requests: 0, connections: 1 }, http: { version: 'http1' } } },
  async (mesh) => {
    const servers = [await mesh.textServer(), await mesh.textServer()];
    mesh.endpoints(...servers);
    const callers = await Promise.all(Array.from({ length: 4 }, () => mesh.caller()));
    for (const caller of callers) caller.send(GET);
    await until('all are there', () => mesh.cluster.stats.active === 4);
    for (const server of servers) await (await server.peer(0)).message();
    for (let i = 0; i < 5; i++) await settled();
    assert.deepEqual(
      servers.map(({ peers }) => peers.length),
      [1, 1],
    );
    // One that ends makes room for another.
    for (const server of servers) {
      server.answerAll(response(200, 'ok'));
      server.peers[0]!.send('HTTP/1.1 200 X\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok');
    }
    for (const caller of callers) assert.equal((await caller.message()).body, 'ok');
  },
);

httpTest(
  'an answer that comes after its try was given up is nobody’s',
  retry({ on: ['timeout'], perTryTimeout: 1000 }),
  async (mesh) => {
    const { caller, endpoint, server } = await mesh.asked(GET);
    await endpoint.message();
    await mesh.pass(1010, 10);
    const second = await server.peer(1);
    await second.message();
    endpoint.send('HTTP/1.1 103 Early Hints\r\n\r\n');
    endpoint.send(response(200, 'late'));
    await settled();
    second.send(response(200, 'ok'));
    assert.equal((await caller.message()).body, 'ok');
  },
);

httpTest(
  'what waits for its next try stays what it was, whatever others ask meanwhile',
  retry({ on: ['connect-failure'], attempts: 5, backoff: { base: 1000, max: 1000 } }),
  async (mesh) => {
    const port = await deadPort();
    mesh.endpoints({ port });
    const callers = await Promise.all(Array.from({ length: 4 }, () => mesh.caller()));
    for (const [i, caller] of callers.entries()) {
      caller.send(`GET /of-${i} HTTP/1.1\r\nHost: shop\r\nX-Secret: of-${i}\r\n\r\n`);
      await settled();
      await settled();
    }
    assert.ok(mesh.parts.budget.used > 0, 'their heads are kept');
    const server = await TextServer.start(port);
    server.answerAll(({ head, field }) => {
      const seen = `${head.split(' ')[1]} ${field('x-secret')}`;
      return response(200, seen);
    });
    await mesh.pass(3000, 50);
    for (const [i, caller] of callers.entries()) assert.equal((await caller.message()).body, `/of-${i} of-${i}`);
    assert.equal(mesh.parts.budget.used, 0);
    await server.close();
  },
);

httpTest(
  'the time of all tries goes on over a pause',
  {
    policy: {
      retries: { ...RETRIES, attempts: 2, on: ['5xx'], backoff: { base: 1000, max: 1000 } },
      http: { version: 'http1', timeout: 5000 },
    },
  },
  async (mesh) => {
    const { caller, endpoint, server } = await mesh.asked(GET);
    await endpoint.message();
    endpoint.send(response(500, 'no'));
    await settled();
    for (let ms = 0; ms < 1100 && endpoint.text === ''; ms += 10) await mesh.pass(10, 10);
    await endpoint.message();
    await mesh.pass(5000, 100);
    assert.match((await caller.message()).head, / 504 /);
    assert.equal(server.peers.length, 1);
  },
);

httpTest(
  'the time of a try begins when the request is complete',
  retry({ on: ['timeout'], perTryTimeout: 1000 }),
  async (mesh) => {
    const { caller, endpoint, server } = await mesh.asked('PUT / HTTP/1.1\r\nHost: shop\r\nContent-Length: 3\r\n\r\n');
    for (const part of ['a', 'b', 'c']) {
      await mesh.pass(800, 100);
      caller.send(part);
      await settled();
    }
    await endpoint.message();
    await mesh.pass(800, 100);
    endpoint.send(response(200, 'ok'));
    assert.equal((await caller.message()).body, 'ok');
    assert.equal(server.peers.length, 1);
  },
);

httpTest(
  'a status that is tried again, want of memory here and a stale connection say nothing of an endpoint',
  {
    policy: {
      retries: { ...RETRIES, attempts: 1, on: ['retriable-status'], statuses: [429] },
      outlier: { ...OUTLIER, consecutive: 1, maxEjected: 50 },
      http: { version: 'http1' },
    },
  },
  async (mesh) => {
    const { servers } = await answering(mesh, failing(429), failing(429));
    const caller = await mesh.caller();
    const usable = (): number => mesh.cluster.cluster.usable;
    for (let i = 0; i < 4; i++) {
      caller.send(GET);
      assert.match((await caller.message()).head, / 429 /);
    }
    assert.equal(usable(), 2);
    for (const { peers } of servers) for (const { socket } of peers) socket.destroy();
    caller.send(GET);
    assert.match((await caller.message()).head, / 429 /);
    assert.equal(usable(), 2);
    const [first, second] = [await mesh.textServer(), await mesh.textServer()];
    mesh.endpoints(first, second);
    mesh.cluster.deps.budget.limit = 10;
    for (const server of [first, second])
      server.onPeer = (peer) => void peer.message().then(() => peer.send(`HTTP/1.1 200 X\r\nX: ${'x'.repeat(100)}`));
    caller.send(GET);
    assert.match((await caller.message()).head, / 503 /);
    assert.equal(usable(), 2);
  },
);

httpTest(
  'peak_ewma learns from callers that do not wait',
  { policy: { lb: 'peak_ewma', http: { version: 'http1' } } },
  async (mesh) => {
    const { caller, endpoint, server } = await mesh.asked(GET);
    await endpoint.message();
    await mesh.pass(500, 100);
    caller.socket.resetAndDestroy();
    await until('it is given up', () => mesh.cluster.stats.active === 0);
    assert.ok(mesh.endpointOf(server).latency.at(mesh.parts.clock.now()) >= 400);
  },
);
