import assert from 'node:assert/strict';
import { test } from 'node:test';
import { editDistance, nearest } from './nearest.ts';

test('edits are insertions, deletions, replacements and swaps', () => {
  const cases: readonly (readonly [string, string, number])[] = [
    ['', '', 0],
    ['', 'abc', 3],
    ['abc', 'abc', 0],
    ['abc', 'abd', 1],
    ['abc', 'acb', 1],
    ['kitten', 'sitting', 3],
  ];
  for (const [a, b, distance] of cases) {
    assert.equal(editDistance(a, b), distance, `${a} ${b}`);
    assert.equal(editDistance(b, a), distance, `${b} ${a}`);
  }
});

test('the nearest name is suggested, and none when none is near', () => {
  const keys = ['maxFrame', 'maxHeader', 'maxPending', 'idleTimeout', 'app', 'name'];
  assert.equal(nearest('maxFrames', keys), 'maxFrame');
  assert.equal(nearest('max_frame', keys), 'maxFrame');
  assert.equal(nearest('idel-timeout', keys), 'idleTimeout');
  assert.equal(nearest('nmae', keys), 'name');
  assert.equal(nearest('apps', keys), 'app');
  assert.equal(nearest('colour', keys), undefined);
  assert.equal(nearest('x', keys), undefined);
  assert.equal(nearest('', keys), undefined);
});

test('a very long word costs nothing', () => {
  assert.equal(nearest('m'.repeat(1_000_000), ['maxFrame']), undefined);
});
