import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hash32 } from '../../../core/hash.ts';
import { ManualClock } from '../../../core/manual-clock.ts';
import { Endpoint, type EndpointAddress } from '../endpoint.ts';
import type { LevelPolicy } from '../policy.ts';
import { createLevels, shareOut } from './levels.ts';

const POLICY: LevelPolicy = { preferZone: false, overprovision: 140, panicThreshold: 0 };

/** `count` endpoints of one level, the first `usable` of which are. */
function level(priority: number, count: number, usable: number, facts: Partial<EndpointAddress> = {}): Endpoint[] {
  return Array.from({ length: count }, (_, i) => {
    const endpoint = new Endpoint({ host: `10.0.${priority}.1`, port: i + 1, weight: 1, priority, ...facts });
    if (i >= usable) endpoint.setTrouble('connection', 'gone');
    return endpoint;
  });
}

/** The parts of the levels in percent, and how many endpoints each has. */
function parts(levels: readonly (readonly Endpoint[])[], policy: Partial<LevelPolicy> = {}): (readonly number[])[] {
  return shareOut(levels, { ...POLICY, ...policy })
    .filter(({ part }) => part > 0)
    .map(({ part, members }) => [Math.round(part * 100), members.length]);
}

test('the first level does all while it can, and the next one the rest', () => {
  // As in Envoy's documentation of priority levels, with its factor of 1.4.
  for (const [usable, expected] of [
    [10, [[100, 10]]],
    [8, [[100, 8]]],
    [
      7,
      [
        [98, 7],
        [2, 10],
      ],
    ],
    [
      5,
      [
        [70, 5],
        [30, 10],
      ],
    ],
    [
      1,
      [
        [14, 1],
        [86, 10],
      ],
    ],
    [0, [[100, 10]]],
  ] as const) {
    assert.deepEqual(parts([level(0, 10, usable), level(1, 10, 10)]), expected, `${usable} of 10`);
  }
  assert.deepEqual(parts([level(0, 10, 2), level(1, 10, 2), level(2, 10, 10)]), [
    [28, 2],
    [28, 2],
    [44, 10],
  ]);
});

test('what all together cannot do they share by what they can', () => {
  assert.deepEqual(parts([level(0, 10, 2), level(1, 10, 1)]), [
    [67, 2],
    [33, 1],
  ]);
});

test('none is usable: any may be tried', () => {
  assert.deepEqual(parts([level(0, 3, 0), level(1, 2, 0)]), [[100, 5]]);
  assert.deepEqual(parts([]), []);
});

test('a level in panic, which gets no help, is taken whole', () => {
  assert.deepEqual(parts([level(0, 10, 3)], { panicThreshold: 50 }), [[100, 10]]);
  assert.deepEqual(parts([level(0, 10, 5)], { panicThreshold: 50 }), [[100, 5]]);
  assert.deepEqual(parts([level(0, 10, 3), level(1, 10, 10)], { panicThreshold: 50 }), [
    [42, 3],
    [58, 10],
  ]);
});

test('weights count as strength, not numbers', () => {
  const [strong, weak] = [level(0, 1, 1, { weight: 90 }), level(0, 1, 0, { weight: 10, host: '10.0.0.2' })];
  assert.deepEqual(parts([[...strong, ...weak], level(1, 1, 1)]), [[100, 1]]);
});

function deps(seed: number) {
  let state = seed;
  const chance = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
  return { chance, clock: new ManualClock() };
}

/** How many of 10,000 requests each zone gets. */
function byZone(endpoints: readonly Endpoint[], zone: string, keys = false): Record<string, number> {
  const picker = createLevels(keys ? 'maglev' : 'random', endpoints, { ...POLICY, preferZone: true }, zone, deps(3));
  const counts: Record<string, number> = {};
  for (let i = 0; i < 10_000; i++) {
    const at = picker.pick(undefined, keys ? hash32(`user-${i}`) : undefined)!.metadata['zone'] ?? '';
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return counts;
}

test('the own zone comes first, others help where it is weak, within a priority', () => {
  const here = level(0, 4, 4, { metadata: { zone: 'a' } });
  const there = level(0, 4, 4, { metadata: { zone: 'b' }, host: '10.1.0.1' });
  const far = level(1, 4, 4, { metadata: { zone: 'a' } });
  assert.deepEqual(byZone([...there, ...here, ...far], 'a'), { a: 10_000 });
  const nowhere = byZone([...there, ...here], 'c');
  assert.ok(Math.abs(nowhere['a']! - 5000) < 200, JSON.stringify(nowhere));
  here[0]!.setTrouble('connection', 'gone');
  here[1]!.setTrouble('connection', 'gone');
  for (const keys of [false, true]) {
    const counts = byZone([...there, ...here, ...far], 'a', keys);
    assert.ok(Math.abs(counts['a']! - 7000) < 100, JSON.stringify(counts));
  }
});

test('keys of a level that is shared are spread over all of its endpoints', () => {
  const here = level(0, 10, 5, { metadata: { zone: 'a' } });
  const there = level(0, 10, 10, { metadata: { zone: 'b' }, host: '10.1.0.1' });
  const picker = createLevels('maglev', [...here, ...there], { ...POLICY, preferZone: true }, 'a', deps(1));
  const counts = new Map<Endpoint, number>();
  for (let i = 0; i < 10_000; i++) {
    const endpoint = picker.pick(undefined, hash32(`user-${i}`))!;
    counts.set(endpoint, (counts.get(endpoint) ?? 0) + 1);
  }
  assert.equal(counts.size, 15);
  for (const endpoint of here.slice(0, 5)) assert.ok(Math.abs(counts.get(endpoint)! - 1400) < 160);
  for (const endpoint of there) assert.ok(Math.abs(counts.get(endpoint)! - 300) < 60);
});

test('another endpoint than the one to avoid is found on another level, also one that gets nothing else', () => {
  const here = level(0, 1, 1, { metadata: { zone: 'a' } });
  const there = level(0, 2, 2, { metadata: { zone: 'b' }, host: '10.1.0.1' });
  for (const type of ['random', 'least_request', 'round_robin', 'maglev'] as const) {
    const picker = createLevels(type, [...here, ...there], { ...POLICY, preferZone: true }, 'a', deps(1));
    assert.equal(picker.pick(undefined, 1), here[0]);
    assert.equal(picker.pick(here[0], 1)!.metadata['zone'], 'b');
  }
});

test('panic takes nothing from those that live', () => {
  assert.deepEqual(parts([level(0, 5, 0), level(1, 5, 2)], { panicThreshold: 50 }), [[100, 5]]);
  const [dead, alive] = [level(0, 5, 0), level(1, 5, 4)];
  const picker = createLevels('random', [...dead, ...alive], { ...POLICY, panicThreshold: 50 }, '', deps(1));
  for (let i = 0; i < 1000; i++) assert.equal(picker.pick(undefined)!.priority, 1);
});
