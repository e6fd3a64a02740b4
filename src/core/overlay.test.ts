import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Overlay } from './overlay.ts';

interface Policy {
  readonly attempts: number;
  readonly on: readonly string[];
  readonly backoff: { readonly base: number; readonly max: number };
}

const BASE: Policy = { attempts: 1, on: ['reset', '5xx'], backoff: { base: 25, max: 250 } };

test('overlay: changes what it names, at any depth, and replaces lists whole', () => {
  const overlay = new Overlay<Policy>({ on: ['timeout'], backoff: { max: 9 }, attempts: undefined });
  assert.deepEqual(overlay.over(BASE), { attempts: 1, on: ['timeout'], backoff: { base: 25, max: 9 } });
  assert.deepEqual(BASE.on, ['reset', '5xx']);
  assert.equal(BASE.backoff.max, 250);
});

test('overlay: one base gives one object, each time it is asked', () => {
  const overlay = new Overlay<Policy>({ attempts: 0 });
  const other: Policy = { ...BASE, backoff: { base: 1, max: 1 } };
  const first = overlay.over(BASE);
  assert.equal(overlay.over(other).backoff.max, 1);
  assert.equal(overlay.over(BASE), first);
  assert.equal(first.attempts, 0);
});
