import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../core/manual-clock.ts';
import { Cluster } from './cluster.ts';
import type { ClusterPolicy } from './policy.ts';

const POLICY: ClusterPolicy = {
  lb: 'round_robin',
  connectTimeout: 100,
  timeout: 1000,
  connections: 1,
  maxPendingPerConnection: 100,
  queue: { max: 10, timeout: 1000 },
  heartbeat: { interval: 15_000, maxInterval: 90_000, misses: 6, timeout: 3000 },
  retries: { attempts: 0, on: [] },
  http: { version: 'same', connections: 1024, timeout: 15_000, idleTimeout: 60_000 },
};

function cluster(): Cluster {
  return new Cluster('a', POLICY, { clock: new ManualClock(), chance: () => 0 });
}

const at = (port: number, weight = 100) => ({ host: '10.0.0.1', port, weight });

test('a new list keeps what is known of endpoints that stay, and drains those that go', () => {
  const one = cluster();
  one.update([at(1), at(2)]);
  const [first, second] = [...one.endpoints];
  first!.active = 5;
  let drained = 0;
  second!.resources = { drain: () => drained++, onAlive: () => {}, connections: 1 };
  one.setUsable(first!, false, 'ECONNREFUSED');
  one.update([at(1, 50), at(3)]);
  const [kept, added] = [...one.endpoints];
  assert.equal(kept, first);
  assert.deepEqual([kept!.active, kept!.usable, kept!.weight, kept!.reason], [5, false, 50, 'ECONNREFUSED']);
  assert.equal(added!.port, 3);
  assert.equal(second!.removed, true);
  assert.equal(drained, 1);
});

test('an endpoint that is not usable leaves the picker in the same tick, and comes back', () => {
  const one = cluster();
  one.update([at(1), at(2)]);
  const [first, second] = [...one.endpoints];
  const picks = () => new Set(Array.from({ length: 4 }, () => one.pick(undefined)));
  assert.equal(picks().size, 2);
  one.setUsable(first!, false, 'gone');
  assert.deepEqual([...picks()], [second]);
  assert.equal(one.usable, 1);
  one.setUsable(second!, false, 'gone');
  assert.equal(picks().size, 2, 'when none is usable any may be tried');
  one.setUsable(first!, true, '');
  assert.deepEqual([...picks()], [first]);
});

test('tasks wait for the first list, an empty one too', () => {
  const one = cluster();
  const ran: string[] = [];
  assert.equal(one.known, false);
  one.whenKnown(() => ran.push('a'));
  one.whenKnown(() => ran.push('b'));
  assert.equal(one.waiting, 2);
  one.update([]);
  assert.deepEqual(ran, ['a', 'b']);
  assert.equal(one.known, true);
  assert.equal(one.pick(undefined), undefined);
});

test('those who stop waiting for the first list make room, and are not run', () => {
  const one = cluster();
  const ran: string[] = [];
  const place = one.whenKnown(() => ran.push('a'));
  one.whenKnown(() => ran.push('b'));
  place.leave();
  assert.equal(one.waiting, 1);
  one.update([]);
  assert.deepEqual(ran, ['b']);
});
