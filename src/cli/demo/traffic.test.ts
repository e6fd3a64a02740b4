import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Traffic } from './traffic.ts';

const calls = (path: string, micros: number[], failures: string[] = [], providers: Record<string, number> = {}) => ({
  type: 'calls',
  path,
  micros,
  failures,
  providers,
});

test('calls are counted by path, and those through the sidecars by provider too', () => {
  const traffic = new Traffic(() => 0);
  assert.equal(traffic.take(calls('mesh', [100, 200], [], { 'provider-1': 1, 'provider-2': 1 })), undefined);
  assert.equal(traffic.take(calls('direct', [50], [], { 'provider-1': 1 })), undefined);
  assert.deepEqual(traffic.take(calls('mesh', [300], ['lost'], { 'provider-2': 1 })), {
    path: 'mesh',
    failures: ['lost'],
  });
  const { calls: all, failures, success } = traffic.path('mesh');
  assert.deepEqual({ all, failures, success }, { all: 4, failures: 1, success: 0.75 });
  assert.equal(traffic.path('direct').calls, 1);
  assert.deepEqual(traffic.providers, [
    { name: 'provider-1', calls: 1 },
    { name: 'provider-2', calls: 2 },
  ]);
  assert.equal(traffic.provider('provider-3').calls, 0);
});

test('calls of HTTP and gRPC count among those through the sidecars, the direct ones do not', () => {
  const traffic = new Traffic(() => 0);
  traffic.take(calls('mesh', [1], [], { 'provider-1': 1 }));
  traffic.take(calls('direct', [1], ['lost'], { 'provider-1': 1 }));
  assert.equal(traffic.take(calls('http', [1, 1], ['503'], { shop: 2 }))?.path, 'http');
  traffic.take(calls('grpc', [1], [], { greeter: 1 }));
  assert.deepEqual(traffic.throughSidecars, { calls: 5, failures: 1 });
  assert.deepEqual(traffic.provider('shop').calls, 2);
});

test('latencies count from 3 s after the first call on', () => {
  let now = 60_000;
  const traffic = new Traffic(() => now);
  traffic.take(calls('mesh', [20_000]));
  now += 2_900;
  traffic.take(calls('direct', [20_000]));
  assert.equal(traffic.path('mesh').p50, undefined);
  assert.equal(traffic.path('direct').p50, undefined);
  now += 100;
  traffic.take(calls('direct', [16]));
  assert.equal(traffic.path('direct').p99, 0.016);
});

test('the rates of the path and of its only provider are the same from the first call on', () => {
  let now = 0;
  const traffic = new Traffic(() => now);
  for (now = 2_000; now < 3_000; now += 10) traffic.take(calls('mesh', [1, 1], [], { 'provider-1': 2 }));
  assert.equal(traffic.path('mesh').perSecond, 200);
  assert.equal(traffic.provider('provider-1').perSecond, 200);
});

test('messages of another kind or shape change nothing', () => {
  const traffic = new Traffic(() => 0);
  for (const message of [{ type: 'ready' }, {}, calls('sideways', [1]), { ...calls('mesh', [1]), micros: 'many' }]) {
    assert.equal(traffic.take(message), undefined);
  }
  assert.equal(traffic.path('mesh').calls, 0);
});
