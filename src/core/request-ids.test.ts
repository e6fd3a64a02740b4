import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRequestIds } from './request-ids.ts';

const UUID_4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('ids have the form of a UUID, and none comes twice', () => {
  for (const chance of [Math.random, () => 0, () => 1 - 2 ** -53]) {
    const next = createRequestIds(chance);
    const ids = Array.from({ length: 1000 }, next);
    for (const id of ids) assert.match(id, UUID_4);
    assert.equal(new Set(ids).size, ids.length);
  }
});

test('two processes do not make the same', () => {
  assert.notEqual(createRequestIds(Math.random)(), createRequestIds(Math.random)());
});
