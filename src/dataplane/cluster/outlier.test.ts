import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../core/manual-clock.ts';
import { Endpoint } from './endpoint.ts';
import { OutlierDetector } from './outlier.ts';
import type { OutlierPolicy } from './policy.ts';
import { OUTLIER } from './testing/policy.ts';

function setUp(count: number, policy: Partial<OutlierPolicy>) {
  const clock = new ManualClock();
  const list = Array.from({ length: count }, (_, i) => new Endpoint({ host: 'h', port: i + 1, weight: 1 }));
  const told: string[] = [];
  const detector = new OutlierDetector(
    { ...OUTLIER, ...policy },
    { clock, endpoints: () => list, setEjected: ({ port }, reason) => void told.push(`${port} ${reason || 'back'}`) },
  );
  /** @param failures of so many `times`, the first ones. */
  const requests = (number: number, times: number, failures: number): void => {
    for (let i = 0; i < times; i++) detector.record(list[number]!, i >= failures);
  };
  return { clock, list, told, detector, requests };
}

test('outlier: failures in a row eject, a success in between begins anew', () => {
  const { told, requests, clock } = setUp(3, { consecutive: 3 });
  requests(0, 3, 2);
  requests(0, 3, 2);
  assert.deepEqual(told, []);
  requests(0, 3, 3);
  assert.deepEqual(told, ['1 3 failures in a row; it rests for 30 s']);
  clock.advance(29_000);
  assert.equal(told.length, 1);
  clock.advance(1000);
  assert.equal(told[1], '1 back');
});

test('outlier: each rest is longer, up to a limit, and shorter again after times in which all was well', () => {
  const { told, requests, clock } = setUp(3, { consecutive: 1, maxEjection: 70_000 });
  const rests: (string | undefined)[] = [];
  for (let i = 0; i < 3; i++) {
    requests(0, 1, 1);
    rests.push(/rests for (.*)/.exec(told.at(-1)!)?.[1]);
    while (!told.at(-1)!.endsWith('back')) clock.advance(10_000);
  }
  assert.deepEqual(rests, ['30 s', '60 s', '70 s']);
  for (let i = 0; i < 2; i++) {
    requests(0, 10, 0);
    clock.advance(10_000);
  }
  requests(0, 1, 1);
  assert.match(told.at(-1)!, /rests for 60 s/);
});

test('outlier: no more rest than the policy allows, but one always may, where there is another', () => {
  const { told, requests } = setUp(10, { consecutive: 1, maxEjected: 25 });
  for (let i = 0; i < 10; i++) requests(i, 1, 1);
  assert.deepEqual(
    told.map((line) => line.split(' ')[0]),
    ['1', '2'],
  );
  const few = setUp(3, { consecutive: 1, maxEjected: 0 });
  for (let i = 0; i < 3; i++) few.requests(i, 1, 1);
  assert.equal(few.told.length, 1);
  const only = setUp(1, { consecutive: 1, maxEjected: 100 });
  only.requests(0, 5, 5);
  assert.deepEqual(only.told, []);
});

test('outlier: a percentage of failures, of those that have had enough requests', () => {
  const { told, requests, clock } = setUp(6, { failurePercentage: 50, minRequests: 20, minEndpoints: 5 });
  for (let i = 0; i < 5; i++) requests(i, 20, i === 0 ? 10 : 9);
  requests(5, 19, 19);
  assert.deepEqual(told, []);
  clock.advance(10_000);
  assert.deepEqual(told, ['1 50 % of 20 requests failed; it rests for 30 s']);
  const few = setUp(6, { failurePercentage: 50, minRequests: 20, minEndpoints: 5 });
  for (let i = 0; i < 4; i++) few.requests(i, 20, 20);
  few.clock.advance(10_000);
  assert.deepEqual(few.told, []);
});

test('outlier: a success rate far below that of all', () => {
  const { told, requests, clock } = setUp(10, { successRate: 2, minRequests: 100 });
  for (let i = 0; i < 10; i++) requests(i, 100, i === 4 ? 30 : 5 + (i % 3));
  clock.advance(10_000);
  assert.equal(told.length, 1);
  assert.match(told[0]!, /^5 30 % of 100 requests failed, of all 8.3 %/);
  // All are as bad: none is an outlier.
  const even = setUp(10, { successRate: 2, minRequests: 100 });
  for (let i = 0; i < 10; i++) even.requests(i, 100, 40);
  even.clock.advance(10_000);
  assert.deepEqual(even.told, []);
});

test('outlier: no timer while nothing happens; one that leaves makes room; closing takes all back', () => {
  const { clock, told, list, detector, requests } = setUp(3, { consecutive: 1 });
  assert.equal(clock.pending, 0);
  requests(0, 1, 0);
  assert.equal(clock.pending, 1);
  clock.advance(20_000);
  assert.equal(clock.pending, 0);
  requests(0, 1, 1);
  requests(1, 1, 1);
  assert.equal(told.length, 1);
  detector.forget(list[0]!);
  requests(1, 1, 1);
  assert.match(told[1]!, /^2 /);
  detector.close();
  assert.equal(told[2], '2 back');
  assert.equal(clock.pending, 0);
});

test('outlier: what was under way when it was ejected does not count, and it begins anew when it is back', () => {
  const { told, requests, clock } = setUp(3, { consecutive: 3 });
  requests(0, 3, 3);
  requests(0, 20, 20);
  clock.advance(30_000);
  assert.equal(told.at(-1), '1 back');
  requests(0, 2, 2);
  assert.equal(told.length, 2);
  requests(0, 1, 1);
  assert.match(told.at(-1)!, /^1 3 failures in a row/);
});

test('outlier: failures in a row count however far apart they are, without a timer', () => {
  const { told, requests, clock } = setUp(3, { consecutive: 3 });
  for (let i = 0; i < 3; i++) {
    assert.equal(told.length, 0);
    requests(0, 1, 1);
    clock.advance(25_000);
    if (i < 2) assert.equal(clock.pending, 0);
  }
  assert.equal(told.length, 1);
});
