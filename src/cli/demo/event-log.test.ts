import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventLog } from './event-log.ts';

test('the same again at once counts up, with its last time', () => {
  const log = new EventLog();
  log.add(1, 'killed');
  for (const seconds of [2, 3, 4]) log.add(seconds, 'only one left');
  log.add(5, 'killed');
  assert.deepEqual(log.events, [
    { seconds: 1, text: 'killed', times: 1 },
    { seconds: 4, text: 'only one left', times: 3 },
    { seconds: 5, text: 'killed', times: 1 },
  ]);
});

test('the last twenty are kept', () => {
  const log = new EventLog();
  for (let i = 0; i < 30; i++) log.add(i, `event ${i}`);
  assert.equal(log.events.length, 20);
  assert.equal(log.events.at(-1)?.text, 'event 29');
});
