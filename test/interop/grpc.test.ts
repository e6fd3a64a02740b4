/** gRPC between a client and a server of grpc-js, direct and through two sidecars: all kinds of calls, and failures of the mesh. */
import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { test } from 'node:test';
import { status } from '@grpc/grpc-js';
import { freePort, waitUntil, type Owner } from '../support/children.ts';
import { openGrpcClient, type GrpcClient } from '../support/grpc/grpc-client.ts';
import { startGrpcServer } from '../support/grpc/grpc-server.ts';
import { cluster, startHttpProxy, type HttpProxy } from '../support/http-mesh.ts';
import { openCaller, startHttpServer, type Caller, type Fields } from '../support/http-peers.ts';
import * as checks from './grpc-checks.ts';

/** Each message of a client is compressed; a server of grpc-js compresses none. */
const GZIP = { 'grpc.default_compression_algorithm': 2 };
const HOST = 'calls.demo';

interface Mesh {
  readonly egress: HttpProxy;
  readonly ingress: HttpProxy;
}

/** The sidecar of a consumer, that of the provider at `appPort`, and nothing but them between the two. */
async function startMesh(owner: Owner, appPort: number, protocol = 'http'): Promise<Mesh> {
  const ingress = await startHttpProxy(owner, { name: 'provider', clusters: [], appPort, ingress: { protocol } });
  const clusters = [cluster(HOST, ingress.ingressPort)];
  return { ingress, egress: await startHttpProxy(owner, { name: 'consumer', clusters, listener: { protocol } }) };
}

const WAYS = {
  direct: async (_owner: Owner, port: number): Promise<number> => port,
  'two sidecars': async (owner: Owner, port: number) => (await startMesh(owner, port)).egress.port,
  'two sidecars whose ports take every protocol': async (owner: Owner, port: number) =>
    (await startMesh(owner, port, 'auto')).egress.port,
};

for (const [way, startWay] of Object.entries(WAYS)) {
  test(`grpc-js, ${way}`, async (t) => {
    const server = await startGrpcServer(t);
    const port = await startWay(t, server.port);
    const pair = { server, client: openGrpcClient(t, port, HOST) };
    await t.test('unary calls', () => checks.checkUnary(pair));
    await t.test('streams of calls, of replies and of both', () => checks.checkStreams(pair));
    await t.test('a reply to each call before the next', () => checks.checkPingPong(pair));
    await t.test('metadata both ways, also of bytes', () => checks.checkMetadata(pair));
    await t.test('each status, with its text and trailers', () => checks.checkErrors(pair));
    await t.test('deadlines', () => checks.checkDeadlines(pair));
    await t.test('cancelled calls', () => checks.checkCancellation(pair));
    await t.test('messages of 4 MiB', () => checks.checkLarge(pair));
    await t.test('many calls at a time', () => checks.checkConcurrency(pair));
  });

  test(`grpc-js that compresses, ${way}`, async (t) => {
    const server = await startGrpcServer(t);
    const pair = { server, client: openGrpcClient(t, await startWay(t, server.port), HOST, GZIP) };
    const encodings = watchEncodings(t);
    await checks.checkUnary(pair);
    await checks.checkStreams(pair);
    await checks.checkLarge(pair);
    assert.deepEqual(encodings, new Set(['gzip']));
  });
}

test('a service that nobody knows is not implemented', async (t) => {
  const { egress } = await startMesh(t, await freePort());
  await expectStatus(openGrpcClient(t, egress.port, 'nobody.demo'), status.UNIMPLEMENTED);
  await expectTrailersOnly(await openCaller(t, 'http2', egress.port), 'nobody.demo', status.UNIMPLEMENTED);
});

test('a provider that is down is unavailable, and serves as soon as it is up', async (t) => {
  const port = await freePort();
  const { egress } = await startMesh(t, port);
  const client = openGrpcClient(t, egress.port, HOST);
  await expectStatus(client, status.UNAVAILABLE);
  await expectTrailersOnly(await openCaller(t, 'http2', egress.port), HOST, status.UNAVAILABLE);
  await startGrpcServer(t, {}, port);
  await waitUntil(async () => (await client.call('Unary', {})).status.code === status.OK, { what: 'calls succeed' });
});

test("a provider's sidecar that is down makes its service unavailable", async (t) => {
  const { ingress, egress } = await startMesh(t, await freePort());
  await ingress.sidecar.child.kill9();
  await expectStatus(openGrpcClient(t, egress.port, HOST), status.UNAVAILABLE);
  await expectTrailersOnly(await openCaller(t, 'http2', egress.port), HOST, status.UNAVAILABLE);
});

for (const victim of ['the provider', 'its sidecar']) {
  test(`calls that are under way when ${victim} dies end as unavailable`, async (t) => {
    const server = await startGrpcServer(t);
    const { ingress, egress } = await startMesh(t, server.port);
    const client = openGrpcClient(t, egress.port, HOST);
    const waiting = client.open('Unary', { hang: true });
    const streaming = client.open('Spread', { hang: true, count: 1 });
    await waitUntil(() => server.calls.length === 2 && streaming.replies.length === 1, { what: 'both are there' });
    if (victim === 'the provider') server.kill();
    else await ingress.sidecar.child.kill9();
    for (const call of [waiting, streaming]) assert.equal((await call.ended).status.code, status.UNAVAILABLE);
  });
}

test('a deadline ends the call at the sidecar, though neither client nor server keep it', async (t) => {
  const silent = await startHttpServer(t, 'http2', (request) => request.resume());
  const { egress } = await startMesh(t, silent.port);
  const caller = await openCaller(t, 'http2', egress.port);
  const started = performance.now();
  await expectTrailersOnly(caller, HOST, status.DEADLINE_EXCEEDED, { 'grpc-timeout': '300m' });
  const took = performance.now() - started;
  assert.ok(took >= 290 && took < 5_000, `${took} ms`);
});

test('a status without a reply stays one head', async (t) => {
  const server = await startGrpcServer(t);
  const { egress } = await startMesh(t, server.port);
  const caller = await openCaller(t, 'http2', egress.port);
  // A method that the server does not have.
  await expectTrailersOnly(caller, HOST, status.UNIMPLEMENTED);
});

async function expectStatus(client: GrpcClient, code: number): Promise<void> {
  for (const method of ['Unary', 'Collect', 'Spread', 'Chat'] as const) {
    const { status: end, replies } = await client.call(method, {});
    assert.deepEqual([end.code, replies.length], [code, 0], `${method}: ${end.details}`);
    assert.notEqual(end.details, '');
  }
}

/** What the specification of gRPC over HTTP/2 calls Trailers-Only: status 200, and the call's status in the head. */
async function expectTrailersOnly(caller: Caller, host: string, code: number, fields: Fields = {}): Promise<void> {
  const answer = await caller.ask({
    method: 'POST',
    path: '/demo.Calls/Nothing',
    host,
    fields: { 'content-type': 'application/grpc', te: 'trailers', ...fields },
    // A message of no bytes.
    body: Buffer.alloc(5),
  });
  assert.equal(answer.status, 200);
  assert.equal(answer.fields['grpc-status'], String(code));
  assert.match(String(answer.fields['content-type']), /^application\/grpc/);
  assert.notEqual(answer.fields['grpc-message'], undefined);
  assert.equal(answer.body.length, 0);
  assert.deepEqual(answer.trailers, {});
}

/** How the requests come that servers of this process get: grpc-js tells nobody, but Node tells what heads it sees. */
function watchEncodings(owner: Owner): ReadonlySet<unknown> {
  const encodings = new Set<unknown>();
  const onHead = (message: unknown): void => {
    encodings.add((message as { headers: Record<string, unknown> }).headers['grpc-encoding']);
  };
  subscribe('http2.server.stream.start', onHead);
  owner.after(async () => void unsubscribe('http2.server.stream.start', onHead));
  return encodings;
}
