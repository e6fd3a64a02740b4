import assert from 'node:assert/strict';
import type { LimitSpec } from '../../route/route-spec.ts';
import { type HttpMeshOptions, httpTests } from '../testing/http-mesh.ts';
import type { TextPeer } from '../../upstream/testing/text-peer.ts';

const httpTest = httpTests('http limits');

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const GRPC = ['content-type', 'application/grpc', 'te', 'trailers'];

function limited(limit: LimitSpec): HttpMeshOptions {
  return { routes: [{ name: 'api', match: {}, cluster: 'shop', limit }], policy: { http: { version: 'http1' } } };
}

/** The statuses of so many requests, one after the other. */
async function ask(caller: TextPeer, count: number, field = 'x: y'): Promise<string> {
  caller.send(`GET / HTTP/1.1\r\nHost: shop\r\n${field}\r\n\r\n`.repeat(count));
  let statuses = '';
  for (let i = 0; i < count; i++) statuses += `${(await caller.message()).head.split(' ')[1]} `;
  return statuses.trim();
}

httpTest(
  'what is over the limit is told at once, and when to come again',
  limited({ requests: 2, per: 4000, burst: 3 }),
  async (mesh) => {
    let served = 0;
    (await mesh.textService()).answerAll(() => {
      served++;
      return OK;
    });
    const caller = await mesh.caller();
    assert.equal(await ask(caller, 5), '200 200 200 429 429');
    caller.send('GET / HTTP/1.1\r\nHost: shop\r\n\r\n');
    const { head, body, field } = await caller.message();
    assert.match(head, /^HTTP\/1\.1 429 Too Many Requests\r\n/);
    assert.deepEqual([field('retry-after'), field('weft-failure')], ['2', 'limited']);
    assert.equal(body, 'weft: shop: route api takes 2 requests in 4000 ms (limit)\n');
    await mesh.pass(1500);
    caller.send('GET / HTTP/1.1\r\nHost: shop\r\n\r\n');
    assert.equal((await caller.message()).field('retry-after'), '1');
    await mesh.pass(500);
    assert.equal(await ask(caller, 2), '200 429');
    assert.equal(served, 4);
    assert.deepEqual(mesh.cluster.stats.totals(), { ok: 4, limited: 5 });
    // It was not asked: how fast it is is not to be judged by them.
    assert.equal(
      mesh.cluster.stats.latency?.counts.reduce((sum, count) => sum + count, 0),
      4,
    );
    const metrics = mesh.parts.metrics.render();
    assert.match(metrics, /weft_route_requests_total\{listener="web",route="api",outcome="limited"\} 5\n/);
    assert.doesNotMatch(metrics, /weft_unrouted/);
  },
);

httpTest('calls of gRPC are told so in their own words', limited({ requests: 1, per: 1000 }), async (mesh) => {
  (await mesh.textService()).answerAll(OK);
  const caller = await mesh.http2Caller();
  await caller.request('/').status();
  const call = caller.request('/a.B/C', GRPC, false);
  assert.equal(await call.status(), 200);
  assert.deepEqual([call.field('grpc-status'), call.field('weft-failure')], ['8', 'limited']);
  assert.match(call.field('grpc-message') ?? '', /route api takes 1 request in 1000 ms/);
});

httpTest(
  'each user has a limit of its own, over all connections and versions',
  limited({ requests: 2, per: 1000, by: [{ header: 'x-user' }] }),
  async (mesh) => {
    (await mesh.textService()).answerAll(OK);
    const [one, two] = [await mesh.caller(), await mesh.http2Caller()];
    assert.equal(await ask(one, 1, 'X-User: anna'), '200');
    const statuses: number[] = [];
    for (const user of ['anna', 'anna', 'bert']) statuses.push(await two.request('/', ['x-user', user]).status());
    assert.deepEqual(statuses, [200, 429, 200]);
    assert.equal(await ask(one, 2, 'X-User: bert'), '200 429');
    assert.equal(await ask(one, 3), '200 200 429');
  },
);

httpTest(
  'a new config does not fill it again, unless it has another limit',
  limited({ requests: 2, per: 9000 }),
  async (mesh) => {
    (await mesh.textService()).answerAll(OK);
    const caller = await mesh.caller();
    assert.equal(await ask(caller, 1), '200');
    await mesh.adjust(limited({ requests: 2, per: 9000 }));
    assert.equal(await ask(caller, 2), '200 429');
    await mesh.adjust(limited({ requests: 3, per: 9000 }));
    assert.equal(await ask(caller, 4), '200 200 200 429');
    await mesh.adjust({});
    assert.equal(await ask(caller, 1), '200');
  },
);
