import assert from 'node:assert/strict';
import { test } from 'node:test';
import { topSelfTimes } from './self-time.ts';

const frame = (id: number, functionName: string, url = '', lineNumber = 0) => ({
  id,
  callFrame: { functionName, url, lineNumber },
});

test('self times of a function add up over its callers; idle time does not count', () => {
  const profile = {
    nodes: [
      frame(1, '(idle)'),
      frame(2, 'push', 'file:///somewhere/dist/weft.mjs', 9),
      frame(3, 'push', 'file:///somewhere/dist/weft.mjs', 9),
      frame(4, '', 'node:net', 4),
    ],
    samples: [1, 2, 3, 4],
    timeDeltas: [1000, 200, 100, 100],
  };
  assert.deepEqual(topSelfTimes(profile, 10), [
    { name: 'push', place: 'weft.mjs:10', micros: 300, share: 0.75 },
    { name: '(anonymous)', place: 'node:net:5', micros: 100, share: 0.25 },
  ]);
  assert.equal(topSelfTimes(profile, 1).length, 1);
});
