import assert from 'node:assert/strict';
import { httpTests } from '../testing/http-mesh.ts';
import { until } from '../../../core/testing/settled.ts';
import { deadPort } from '../../upstream/testing/text-peer.ts';

const httpTest = httpTests('http exchange of gRPC');

const GRPC = ['content-type', 'application/grpc', 'te', 'trailers'];
const TIMED = { policy: { http: { timeout: 1000 } }, limits: { bodyTimeout: 1000 } };

httpTest('a call with trailers, and one that ends with its head', {}, async (mesh) => {
  const server = await mesh.http2Service();
  const caller = await mesh.http2Caller();
  const call = caller.request('/a.B/C', GRPC, false);
  call.send('question', true);
  const request = await server.served(0);
  await until('its end', () => request.ended);
  assert.deepEqual([request.content, request.field('te')], ['question', 'trailers']);
  request.answer(200, 'answer', ['grpc-status', '0'], ['content-type', 'application/grpc']);
  assert.equal(await call.status(), 200);
  assert.deepEqual([call.content, call.trailers], ['answer', ['grpc-status', '0']]);
  const failing = caller.request('/a.B/D', GRPC, false);
  failing.send('', true);
  (await server.served(1)).answer(200, '', [], ['content-type', 'application/grpc', 'grpc-status', '5']);
  await failing.status();
  assert.deepEqual(failing.events, ['head 200', 'end']);
  assert.equal(failing.field('grpc-status'), '5');
  assert.deepEqual(mesh.cluster.stats.totals(), { ok: 1, error: 1 });
});

httpTest('its deadline is honoured, and what is left of it passed on', {}, async (mesh) => {
  const server = await mesh.http2Server();
  const caller = await mesh.http2Caller();
  const call = caller.request('/a.B/C', [...GRPC, 'grpc-timeout', '2500m'], false);
  await until('it waits', () => mesh.cluster.cluster.waiting === 1);
  await mesh.pass(1000);
  mesh.endpoints(server);
  const request = await server.served(0);
  assert.equal(request.field('grpc-timeout'), '1500000u');
  await mesh.pass(1400, 100);
  assert.deepEqual(call.events, []);
  await mesh.pass(200, 100);
  assert.equal(await call.status(), 200);
  assert.equal(call.field('grpc-status'), '4');
  assert.match(call.field('grpc-message') ?? '', /the caller's deadline passed after 25\d\d ms/);
  await until('the endpoint knows', () => request.reset === 8);
});

httpTest('one that goes at once keeps its own words', {}, async (mesh) => {
  const server = await mesh.http2Service();
  const caller = await mesh.http2Caller();
  const call = caller.request('/a.B/C', [...GRPC, 'grpc-timeout', '2S'], false);
  const request = await server.served(0);
  assert.equal(request.field('grpc-timeout'), '2S');
  request.answer(200, 'x', ['grpc-status', '0']);
  await call.status();
});

httpTest('without a deadline it takes as long as it likes, and pauses as it likes', TIMED, async (mesh) => {
  const server = await mesh.http2Service();
  const caller = await mesh.http2Caller();
  const call = caller.request('/a.B/C', GRPC, false);
  call.send('one');
  const request = await server.served(0);
  await mesh.pass(100_000, 10_000);
  call.send('two', true);
  await until('all of it', () => request.content === 'onetwo' && request.ended);
  await mesh.pass(100_000, 10_000);
  request.answer(200, 'x', ['grpc-status', '0']);
  assert.equal(await call.status(), 200);
});

httpTest('where nobody answers, it gets a status of its own kind', {}, async (mesh) => {
  mesh.endpoints({ port: await deadPort() });
  const caller = await mesh.http2Caller();
  const call = caller.request('/a.B/C', GRPC, false);
  assert.equal(await call.status(), 200);
  assert.deepEqual([call.field('grpc-status'), call.field('content-type')], ['14', 'application/grpc']);
  assert.equal(call.field('weft-failure'), 'no_healthy_endpoint');
});

httpTest('a caller that cancels is heard by the endpoint', {}, async (mesh) => {
  const server = await mesh.http2Service();
  const caller = await mesh.http2Caller();
  const call = caller.request('/a.B/C', GRPC, false);
  const request = await server.served(0);
  call.stream.reset(8);
  await until('the reset', () => request.reset === 8);
  assert.deepEqual(mesh.cluster.stats.totals(), { ok: 0, abandoned: 1 });
});
