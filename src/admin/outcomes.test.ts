import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OUTCOMES } from '../dataplane/message/outcome.ts';
import { answeredOf, failedOf, notOk, totalOf } from './outcomes.ts';

test('every outcome is answered, gone or failed, and nothing is two of them', () => {
  const once = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 1]));
  assert.deepEqual(
    OUTCOMES.filter((outcome) => answeredOf({ [outcome]: 1 }) === 1),
    ['ok', 'error', 'oneway'],
  );
  assert.equal(failedOf({ abandoned: 1 }), 0);
  assert.equal(totalOf(once), answeredOf(once) + failedOf(once) + 1);
});

test('an error of the service is nothing that the proxy failed at, but is told', () => {
  const totals = { ok: 5, error: 2, abandoned: 1, timeout: 3, no_route: 0 };
  assert.equal(failedOf(totals), 3);
  assert.deepEqual(
    notOk(totals).map(({ outcome, count }) => `${outcome} ${count}`),
    ['error 2', 'abandoned 1', 'timeout 3'],
  );
});
