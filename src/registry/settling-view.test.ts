import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServiceInstance } from './registry.ts';
import { SettlingView } from './settling-view.ts';

const at = (address: string, weight = 100): ServiceInstance => ({
  service: 's',
  protocol: 'bolt',
  group: '',
  address,
  weight,
  metadata: {},
});

function view(): { view: SettlingView; shown: string[] } {
  const shown: string[] = [];
  const show = (list: readonly ServiceInstance[]): void =>
    void shown.push(list.map((i) => `${i.address}=${i.weight}`).join(' '));
  return { view: new SettlingView(show), shown };
}

test('a trusted answer shows as it is', () => {
  const { view: v, shown } = view();
  v.show([at('a:1')], true);
  v.show([], true);
  assert.deepEqual(shown, ['a:1=100', '']);
});

test('nothing goes and everything new shows until it is settled', () => {
  const { view: v, shown } = view();
  v.show([at('a:1'), at('b:1')], true);
  v.show([], false);
  v.show([at('b:1', 5), at('c:1')], false);
  v.settle();
  assert.deepEqual(shown, ['a:1=100 b:1=100', 'a:1=100 b:1=100', 'a:1=100 b:1=5 c:1=100', 'b:1=5 c:1=100']);
});

test('an empty list of a registry that nothing was known of shows only once it is settled', () => {
  const { view: v, shown } = view();
  v.settle();
  v.show([], false);
  assert.deepEqual(shown, []);
  v.settle();
  assert.deepEqual(shown, ['']);
});
