import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileRegex } from '../dataplane/route/regex.ts';
import { groupsOf, missingGroups } from './regex-groups.ts';

test('groups are counted as RE2 counts them', () => {
  const patterns: Readonly<Record<string, readonly [count: number, ...names: string[]]>> = {
    '/a': [0],
    '(a)((b)c)': [3],
    '(?:a)(?i)(?i:b)(c)': [1],
    '(?P<id>a)(?<rest>b)(c)': [3, 'id', 'rest'],
    '\\(a\\)(b)': [1],
    '[(](a)[^(]': [1],
    '[](](a)': [1],
    '[^](](a)': [1],
    '[[:alpha:](](a)': [1],
    '[\\](](a)': [1],
    '\\Q(a)\\E(b)': [1],
    '\\Q(a)': [0],
  };
  for (const [pattern, [count, ...names]] of Object.entries(patterns)) {
    assert.deepEqual(groupsOf(pattern), { count, names: new Set(names) }, pattern);
    // RE2 leaves as it is written what names no group.
    const replaced = compileRegex(`|${pattern}`).replaceAll('', `$${count}, $${count + 1}`);
    assert.equal(replaced, `${count === 0 ? '$0' : ''}, $${count + 1}`, pattern);
  }
});

test('a replacement names groups by number and by name', () => {
  const groups = { count: 1, names: new Set(['id']) };
  for (const [replacement, ...missing] of [
    ['/u/$1'],
    ['/u/$1y'],
    ['/u/$10'],
    ['/u/$01'],
    ['/u/$<id>/$$2/$&'],
    ['/u/$'],
    ['/u/${2}'],
    ['/u/$2', '$2'],
    ['/u/$0', '$0'],
    ['/u/$20', '$20'],
    ['/u/$<name>/$3', '$<name>', '$3'],
  ] as const) {
    assert.deepEqual(missingGroups(replacement, groups), missing, replacement);
  }
  assert.deepEqual(missingGroups('$10', { count: 10, names: new Set() }), []);
});
