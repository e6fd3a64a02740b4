import assert from 'node:assert/strict';
import { test } from 'node:test';
import { POLICY as BASE } from './testing/policy.ts';
import { ManualClock } from '../../core/manual-clock.ts';
import { Cluster } from './cluster.ts';

const POLICY = { ...BASE, connectTimeout: 100, timeout: 1000, queue: { max: 10, timeout: 1000 } } as const;

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

const SLOW = { ...POLICY, balancing: { ...POLICY.balancing, slowStart: 20_000 } };

test('an endpoint that is new comes to its share by and by, those of the first list have it at once', () => {
  const clock = new ManualClock();
  const one = new Cluster('a', SLOW, { clock, chance: () => 0 });
  const shares = (): number[] => [...one.endpoints].map(({ share }) => Math.round(share));
  one.update([at(1), at(2)]);
  assert.deepEqual(shares(), [100, 100]);
  assert.equal(clock.pending, 0);
  one.update([at(1), at(2), at(3)]);
  assert.deepEqual(shares(), [100, 100, 10]);
  const picks = (): number => {
    let third = 0;
    for (let i = 0; i < 2100; i++) if (one.pick(undefined)!.port === 3) third++;
    return third;
  };
  assert.equal(picks(), 100);
  clock.advance(10_000);
  assert.deepEqual(shares(), [100, 100, 50]);
  assert.ok(Math.abs(picks() - 420) <= 1);
  clock.advance(10_000);
  assert.deepEqual(shares(), [100, 100, 100]);
  assert.equal(clock.pending, 0);
});

test('a balancer by keys knows no slow start', () => {
  const clock = new ManualClock();
  const one = new Cluster('a', { ...SLOW, lb: 'maglev' }, { clock, chance: () => 0 });
  one.update([at(1)]);
  one.update([at(1), at(2)]);
  assert.deepEqual(
    [...one.endpoints].map(({ share }) => share),
    [100, 100],
  );
  assert.equal(clock.pending, 0);
});

test('and so does one that is usable again; closing leaves no timer', () => {
  const clock = new ManualClock();
  const one = new Cluster('a', SLOW, { clock, chance: () => 0 });
  one.update([at(1), at(2)]);
  const [first] = [...one.endpoints];
  one.setUsable(first!, false, 'gone');
  clock.advance(60_000);
  one.setUsable(first!, true, '');
  assert.equal(first!.share, 10);
  clock.advance(5000);
  assert.equal(first!.share, 25);
  one.close();
  assert.equal(clock.pending, 0);
});

test('an endpoint is usable when nothing stands against it any more', () => {
  const one = cluster();
  one.update([at(1), at(2)]);
  const [first] = [...one.endpoints];
  one.setUsable(first!, false, 'ECONNREFUSED');
  one.setUsable(first!, false, 'three errors in a row', 'outlier');
  assert.equal(first!.reason, 'ECONNREFUSED; three errors in a row');
  one.setUsable(first!, true, '');
  assert.deepEqual([first!.usable, first!.reason], [false, 'three errors in a row']);
  one.setUsable(first!, true, '', 'health');
  assert.equal(first!.usable, false);
  one.setUsable(first!, true, '', 'outlier');
  assert.deepEqual([first!.usable, first!.reason], [true, '']);
});

test('a subset is the endpoints with its facts, as the list and their health are now', () => {
  const one = cluster();
  const v1 = { version: 'v1' };
  const facts = (port: number, version: string) => ({ ...at(port), metadata: { version } });
  one.update([facts(1, 'v1'), facts(2, 'v1'), facts(3, 'v2')]);
  const picks = (subset: Readonly<Record<string, string>>): number[] => {
    const ports = Array.from({ length: 8 }, () => one.pick(undefined, undefined, subset)?.port ?? 0);
    return [...new Set(ports)].toSorted((a, b) => a - b);
  };
  assert.deepEqual(picks(v1), [1, 2]);
  assert.deepEqual(picks({ version: 'v3' }), [0]);
  one.setUsable([...one.endpoints][0]!, false, 'gone');
  assert.deepEqual(picks(v1), [2]);
  one.update([facts(3, 'v1'), facts(4, 'v2')]);
  assert.deepEqual(picks(v1), [3]);
});
