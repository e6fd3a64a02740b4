import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PairMap } from './pair-map.ts';

test('both halves of a key count, and nothing stays of what was deleted', () => {
  const map = new PairMap<number>();
  map.set('a', 'bc', 1);
  map.set('ab', 'c', 2);
  map.set('a', 'c', 3);
  map.set('a', 'c', 4);
  assert.deepEqual(
    [map.get('a', 'bc'), map.get('ab', 'c'), map.get('a', 'c'), map.get('c', 'a')],
    [1, 2, 4, undefined],
  );
  assert.deepEqual([[...map.values()], map.size], [[1, 4, 2], 3]);
  map.delete('a', 'bc');
  map.delete('nobody', 'c');
  map.delete('ab', 'c');
  assert.deepEqual([[...map.values()], map.size], [[4], 1]);
});
