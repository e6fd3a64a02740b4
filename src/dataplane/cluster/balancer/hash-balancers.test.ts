import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hash32 } from '../../../core/hash.ts';
import { ManualClock } from '../../../core/manual-clock.ts';
import { Endpoint } from '../endpoint.ts';
import { createPicker, type Picker } from './picker.ts';

const KEYS = Array.from({ length: 100_000 }, (_, i) => hash32(`user-${i}`));
const unused = (): number => assert.fail('a key needs no chance');

function endpoints(count: number, weight: (i: number) => number = () => 1): Endpoint[] {
  return Array.from({ length: count }, (_, i) => new Endpoint({ host: '10.0.0.1', port: i + 1, weight: weight(i) }));
}

for (const [type, even] of [
  ['ring_hash', 0.4],
  ['maglev', 0.05],
] as const) {
  const picker = (list: readonly Endpoint[]): Picker =>
    createPicker(type, list, { chance: unused, clock: new ManualClock() });
  const owners = (list: readonly Endpoint[]): number[] => {
    const from = picker(list);
    return KEYS.map((key) => from.pick(undefined, key)!.port);
  };

  test(`${type}: a key goes to the same endpoint, whoever asks and in whatever order the endpoints are known`, () => {
    const list = endpoints(10);
    assert.deepEqual(owners(list.toReversed()), owners(list));
    assert.deepEqual(owners(endpoints(10)), owners(list));
  });

  test(`${type}: keys are spread by the weights`, () => {
    for (const weight of [() => 1, (i: number) => 1 + (i % 4)]) {
      const list = endpoints(10, weight);
      const sum = list.reduce((total, endpoint) => total + endpoint.weight, 0);
      const counts = new Map<number, number>();
      for (const port of owners(list)) counts.set(port, (counts.get(port) ?? 0) + 1);
      for (const endpoint of list) {
        const ratio = counts.get(endpoint.port)! / KEYS.length / (endpoint.weight / sum);
        assert.ok(
          Math.abs(ratio - 1) < even,
          `port ${endpoint.port} of weight ${endpoint.weight}: ${ratio} of its part`,
        );
      }
    }
  });

  test(`${type}: when one goes, its keys move and hardly any other does; when it comes back, so do they`, () => {
    const list = endpoints(20);
    const before = owners(list);
    const after = owners(list.filter(({ port }) => port !== 7));
    let moved = 0;
    for (const [i, port] of before.entries()) {
      assert.notEqual(after[i], 7);
      if (port !== 7 && port !== after[i]) moved++;
    }
    assert.ok(moved / KEYS.length <= (type === 'ring_hash' ? 0 : 0.02), `${moved} others of ${KEYS.length} moved`);
    assert.deepEqual(owners(endpoints(20)), before);
  });

  test(`${type}: a key that avoids its endpoint has another of its own, and the avoided one's keys are spread`, () => {
    const list = endpoints(8);
    const from = picker(list);
    const avoided = list[3]!;
    const seen = new Map<number, number>();
    for (const key of KEYS) {
      if (from.pick(undefined, key) !== avoided) {
        assert.equal(from.pick(avoided, key), from.pick(undefined, key));
        continue;
      }
      const other = from.pick(avoided, key)!;
      assert.notEqual(other, avoided);
      assert.equal(from.pick(avoided, key), other);
      seen.set(other.port, (seen.get(other.port) ?? 0) + 1);
    }
    assert.equal(seen.size, 7);
  });

  test(`${type}: thousands of endpoints`, () => {
    const list = endpoints(5000);
    const from = picker(list);
    const seen = new Set<Endpoint>();
    for (let key = 0; key < 200_000; key++) seen.add(from.pick(undefined, hash32(`${key}`))!);
    assert.ok(seen.size > 4900, `${seen.size} of 5000 get keys`);
  });
}
