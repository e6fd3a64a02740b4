import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../../core/manual-clock.ts';
import { Endpoint } from '../endpoint.ts';
import type { BalancerType } from '../policy.ts';
import { createPicker, type PickerDeps } from './picker.ts';

/** Numbers that look like chance and are the same in every run (a linear congruential generator). */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
}

/** On a clock that stands still. */
function deps(chance: () => number): PickerDeps {
  return { chance, clock: new ManualClock() };
}

function endpoints(...weights: number[]): Endpoint[] {
  return weights.map((weight, i) => new Endpoint({ host: '10.0.0.1', port: i + 1, weight }));
}

function shares(type: BalancerType, list: Endpoint[], picks: number): number[] {
  const picker = createPicker(type, list, deps(seeded(7)));
  const counts = new Map<Endpoint, number>(list.map((endpoint) => [endpoint, 0]));
  for (let i = 0; i < picks; i++) {
    const endpoint = picker.pick(undefined)!;
    counts.set(endpoint, counts.get(endpoint)! + 1);
  }
  return [...counts.values()].map((count) => count / picks);
}

for (const type of ['round_robin', 'least_request', 'random', 'peak_ewma', 'ring_hash', 'maglev'] as const) {
  test(`${type}: without load the shares are those of the weights, within 1 %, and 0 means none`, () => {
    for (const weights of [
      [1, 1, 1, 1],
      [90, 10],
      [100, 50, 25, 0],
      [1, 999],
    ]) {
      const sum = weights.reduce((a, b) => a + b);
      shares(type, endpoints(...weights), 100_000).forEach((share, i) => {
        const wanted = weights[i]! / sum;
        assert.ok(
          Math.abs(share - wanted) < 0.01,
          `${weights.join(',')}: endpoint ${i} got ${share}, wanted ${wanted}`,
        );
        if (weights[i] === 0) assert.equal(share, 0);
      });
    }
  });

  test(`${type}: another endpoint than the one to avoid, whenever there is one`, () => {
    for (const weights of [
      [1, 1],
      [1, 1, 1],
      [1000, 1],
      [5, 3, 1],
    ]) {
      const list = endpoints(...weights);
      const picker = createPicker(type, list, deps(seeded(3)));
      for (let i = 0; i < 2_000; i++) {
        const avoid = list[i % list.length]!;
        assert.notEqual(picker.pick(avoid), avoid);
      }
    }
    const only = endpoints(1);
    assert.equal(createPicker(type, only, deps(seeded(1))).pick(only[0]), only[0]);
    assert.equal(createPicker(type, endpoints(0, 0), deps(seeded(1))).pick(undefined), undefined);
    assert.equal(createPicker(type, [], deps(seeded(1))).pick(undefined), undefined);
  });
}

test('round_robin takes equal endpoints strictly in turn', () => {
  const list = endpoints(7, 7, 7);
  const picker = createPicker(
    'round_robin',
    list,
    deps(() => 0.5),
  );
  const order = Array.from({ length: 7 }, () => picker.pick(undefined)!.port);
  assert.deepEqual(order, [2, 3, 1, 2, 3, 1, 2]);
});

test('least_request gives few requests to an endpoint that does not answer', () => {
  const list = endpoints(1, 1, 1, 1);
  const picker = createPicker('least_request', list, deps(seeded(11)));
  const frozen = list[0]!;
  let toFrozen = 0;
  for (let i = 0; i < 10_000; i++) {
    const endpoint = picker.pick(undefined)!;
    if (endpoint === frozen) {
      toFrozen++;
      frozen.active++;
    }
  }
  // The others answer at once; only a draw of twice the frozen one, which is excluded, could choose it again.
  assert.ok(toFrozen <= 1, `${toFrozen}`);
});

test('random draws each endpoint independently of the one before', () => {
  const list = endpoints(1, 1);
  const picker = createPicker('random', list, deps(seeded(5)));
  let same = 0;
  let before = picker.pick(undefined);
  for (let i = 0; i < 10_000; i++) {
    const next = picker.pick(undefined);
    if (next === before) same++;
    before = next;
  }
  assert.ok(Math.abs(same - 5000) < 250, `${same} of 10,000`);
});

test('peak_ewma avoids an endpoint from its first slow reply on, and trusts it again by and by', () => {
  const clock = new ManualClock();
  const list = endpoints(1, 1, 1, 1);
  const picker = createPicker('peak_ewma', list, { chance: seeded(9), clock });
  const slow = list[0]!;
  const share = (): number => {
    let picks = 0;
    for (let i = 0; i < 4000; i++) {
      const endpoint = picker.pick(undefined)!;
      if (endpoint === slow) picks++;
      clock.advance(1);
      endpoint.latency.observe(10, clock.now());
    }
    return picks / 4000;
  };
  for (const endpoint of list) endpoint.latency.observe(10, clock.now());
  assert.ok(Math.abs(share() - 0.25) < 0.12, 'even while all are as fast');
  slow.latency.observe(1000, clock.now());
  assert.equal(share(), 0, 'one slow reply is enough');
  for (let i = 0; i < 40; i++) share();
  assert.ok(share() > 0.15, 'what is long ago is forgotten');
});

test('peak_ewma sends one request to an endpoint of which nothing is known, and waits for what becomes of it', () => {
  const clock = new ManualClock();
  const list = endpoints(1, 1, 1);
  const [fresh, ...others] = list as [Endpoint, Endpoint, Endpoint];
  clock.advance(1);
  for (const endpoint of others) endpoint.latency.observe(5, clock.now());
  const picker = createPicker('peak_ewma', list, { chance: seeded(2), clock });
  let picks = 0;
  for (let i = 0; i < 1000; i++) {
    if (picker.pick(undefined) !== fresh) continue;
    picks++;
    fresh.active++;
  }
  assert.equal(picks, 1);
});
