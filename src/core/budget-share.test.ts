import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Budget } from './budget.ts';
import { BudgetShare } from './budget-share.ts';

test('shares take what they grow by, give what they shrink by, and keep what they have when there is no more', () => {
  const budget = new Budget(100);
  const [one, two] = [new BudgetShare(budget), new BudgetShare(budget)];
  assert.equal(one.set(60), true);
  assert.equal(two.set(41), false);
  assert.equal(budget.used, 60);
  assert.equal(two.set(40), true);
  assert.equal(one.set(61), false);
  assert.equal(budget.used, 100);
  assert.equal(one.set(60), true);
  assert.equal(one.set(0), true);
  assert.equal(two.set(100), true);
  assert.equal(two.set(0), true);
  assert.equal(budget.used, 0);
});
