import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Endpoint } from '../endpoint.ts';
import type { BalancerType } from '../policy.ts';
import { createPicker } from './picker.ts';

/** Numbers that look like chance and are the same in every run (a linear congruential generator). */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
}

function endpoints(...weights: number[]): Endpoint[] {
  return weights.map((weight, i) => new Endpoint({ host: '10.0.0.1', port: i + 1, weight }));
}

function shares(type: BalancerType, list: Endpoint[], picks: number): number[] {
  const picker = createPicker(type, list, seeded(7));
  const counts = new Map<Endpoint, number>(list.map((endpoint) => [endpoint, 0]));
  for (let i = 0; i < picks; i++) {
    const endpoint = picker.pick(undefined)!;
    counts.set(endpoint, counts.get(endpoint)! + 1);
  }
  return [...counts.values()].map((count) => count / picks);
}

for (const type of ['round_robin', 'least_request'] as const) {
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
      const picker = createPicker(type, list, seeded(3));
      for (let i = 0; i < 2_000; i++) {
        const avoid = list[i % list.length]!;
        assert.notEqual(picker.pick(avoid), avoid);
      }
    }
    const only = endpoints(1);
    assert.equal(createPicker(type, only, seeded(1)).pick(only[0]), only[0]);
    assert.equal(createPicker(type, endpoints(0, 0), seeded(1)).pick(undefined), undefined);
    assert.equal(createPicker(type, [], seeded(1)).pick(undefined), undefined);
  });
}

test('round_robin takes equal endpoints strictly in turn', () => {
  const list = endpoints(7, 7, 7);
  const picker = createPicker('round_robin', list, () => 0.5);
  const order = Array.from({ length: 7 }, () => picker.pick(undefined)!.port);
  assert.deepEqual(order, [2, 3, 1, 2, 3, 1, 2]);
});

test('least_request gives few requests to an endpoint that does not answer', () => {
  const list = endpoints(1, 1, 1, 1);
  const picker = createPicker('least_request', list, seeded(11));
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
