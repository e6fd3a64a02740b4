import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallWindow } from './call-window.ts';

function createWindow(): { window: CallWindow; pass(ms: number): void } {
  let now = 1_000_000;
  return { window: new CallWindow(() => now), pass: (ms) => void (now += ms) };
}

test('an empty window knows nothing', () => {
  const { window, pass } = createWindow();
  assert.deepEqual(window.read(), { perSecond: 0, success: undefined, p50: undefined, p99: undefined });
  pass(60_000);
  assert.deepEqual(window.read(), { perSecond: 0, success: undefined, p50: undefined, p99: undefined });
});

test('percentiles are within a thirty-second of the truth, from 1 µs to 3 s', () => {
  for (const scale of [1, 7, 130, 2_999, 30_000]) {
    const { window } = createWindow();
    for (let i = 1; i <= 100; i++) window.answered(i * scale);
    const { p50 = 0, p99 = 0 } = window.read();
    assert.ok(Math.abs(p50 * 1_000 - 50 * scale) <= Math.max(1, (50 * scale) / 32), `p50 ${p50} at ${scale}`);
    assert.ok(Math.abs(p99 * 1_000 - 99 * scale) <= Math.max(1, (99 * scale) / 32), `p99 ${p99} at ${scale}`);
  }
});

test('latencies of any size count', () => {
  const { window } = createWindow();
  for (const micros of [-1, 0, 0.4, 1e12]) window.answered(micros);
  assert.equal(window.read().success, 1);
  assert.equal(window.read().p50, 0);
});

test('failed calls lower success and leave latencies alone', () => {
  const { window } = createWindow();
  for (let i = 0; i < 99; i++) window.answered(10);
  window.failed();
  const { success, p99 } = window.read();
  assert.equal(success, 0.99);
  assert.equal(p99, 0.01);
});

test('the rate is that of the last two seconds, and old calls leave the window', () => {
  const { window, pass } = createWindow();
  for (let i = 0; i < 2_000; i++) {
    pass(5);
    window.answered(100);
  }
  assert.equal(Math.round(window.read().perSecond), 200);
  pass(3_000);
  assert.equal(window.read().perSecond, 0);
  assert.equal(window.read().p50, 0.1 + 0.0005);
  pass(10_000);
  assert.equal(window.read().p50, undefined);
  window.answered(900);
  assert.equal(window.read().success, 1);
});

test('a call whose latency does not count is a call', () => {
  const { window, pass } = createWindow();
  window.answered(undefined);
  assert.equal(window.read().success, 1);
  assert.equal(window.read().p50, undefined);
  window.answered(10);
  assert.equal(window.read().p99, 0.01);
  pass(500);
  assert.equal(window.read().perSecond, 4);
});

test('the rate is that since the first call', () => {
  const { window, pass } = createWindow();
  pass(60_000);
  for (let i = 0; i < 100; i++) window.answered(1);
  pass(500);
  assert.equal(window.read().perSecond, 200);
});

test('a window that has just begun already knows the rate', () => {
  const { window, pass } = createWindow();
  for (let i = 0; i < 100; i++) window.answered(1);
  pass(500);
  assert.equal(window.read().perSecond, 200);
});
