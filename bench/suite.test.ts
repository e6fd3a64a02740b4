import assert from 'node:assert/strict';
import { test } from 'node:test';
import { order } from './suite.ts';

test('every turn has each target once, and over the turns each goes first', () => {
  const turns = Array.from({ length: 6 }, (_, turn) => order(3, turn));
  for (const turn of turns)
    assert.deepEqual(
      turn.toSorted((a, b) => a - b),
      [0, 1, 2],
    );
  assert.deepEqual(new Set(turns.map(([first]) => first)), new Set([0, 1, 2]));
});

test('of two targets, each comes before the other equally often', () => {
  const before = Array.from({ length: 6 }, (_, turn) => order(3, turn)).filter((o) => o.indexOf(0) < o.indexOf(2));
  assert.equal(before.length, 3);
});
