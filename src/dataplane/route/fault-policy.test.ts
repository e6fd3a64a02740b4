import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FaultPolicy } from './fault-policy.ts';
import type { FaultSpec } from './route-spec.ts';
import { request } from './testing/request.ts';

/** Draws with chances that are spread evenly, so that shares are exact. */
function shares(fault: FaultSpec, draws: number): { delayed: number; aborted: number } {
  const policy = new FaultPolicy(fault);
  const counts = { delayed: 0, aborted: 0 };
  for (let i = 0; i < draws; i++) {
    const drawn = policy.draw(request({}), () => i / draws);
    if (drawn !== undefined && drawn.delay > 0) counts.delayed++;
    if (drawn?.abort !== undefined) counts.aborted++;
  }
  return counts;
}

test('fault: a share of requests, exactly, below one percent too, none of 0 and all of 100', () => {
  const fault = (delayed: number, aborted: number): FaultSpec => ({
    delay: { duration: 5, percent: delayed },
    abort: { status: 503, percent: aborted },
  });
  assert.deepEqual(shares(fault(0.1, 12.5), 10_000), { delayed: 10, aborted: 1250 });
  assert.deepEqual(shares(fault(0, 100), 1000), { delayed: 0, aborted: 1000 });
});

test('fault: what is asked for', () => {
  const policy = new FaultPolicy({ header: 'x-fault', abort: { status: 500, percent: 100 } });
  const draw = (value: string): unknown => {
    const fault = policy.draw(request({ fields: [['X-Fault', value]] }), () => 0.5);
    return fault?.problem ?? { delay: fault?.delay, ...fault?.abort };
  };
  assert.deepEqual(draw('delay=2s'), { delay: 2000 });
  assert.deepEqual(draw('delay=1.5m , abort=404'), { delay: 90_000, status: 404, grpc: undefined });
  assert.deepEqual(draw('grpc=16,abort=599'), { delay: 0, status: 599, grpc: 16 });
  assert.deepEqual(draw('delay=5m'), { delay: 300_000 });
  assert.equal(draw('delay=5.1m'), 'x-fault: the longest delay is 5m');
  for (const odd of [
    '',
    'true',
    'delay',
    'delay=',
    'delay=-1s',
    'delay=2',
    'delay=1s,delay=2s',
    'abort=399',
    'abort=600',
  ]) {
    assert.match(String(draw(odd)), /^x-fault: expected /, odd);
  }
  for (const odd of ['grpc=0', 'grpc=17', 'abort=5e2', 'abort=503 grpc=14', 'abort=503,', 'delay=1h', 'delay=1s=2s']) {
    assert.match(String(draw(odd)), /^x-fault: expected /, odd);
  }
  assert.deepEqual(
    policy.draw(request({}), () => 0.5),
    { delay: 0, abort: { status: 500, grpc: undefined } },
  );
});
