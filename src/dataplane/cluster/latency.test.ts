import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Latency } from './latency.ts';

test('latency: a peak counts at once, and is forgotten by and by', () => {
  const latency = new Latency();
  assert.equal(latency.at(1000), 0);
  latency.observe(10, 1000);
  assert.equal(latency.at(1000), 10);
  latency.observe(500, 1100);
  assert.equal(latency.at(1100), 500);
  latency.observe(10, 1200);
  assert.ok(Math.abs(latency.at(1200) - 495) < 1, 'ten milliseconds prove little');
  for (let now = 1200; now < 61_200; now += 100) latency.observe(10, now);
  assert.ok(Math.abs(latency.at(61_200) - 10) < 1.5);
  assert.ok(latency.at(200_000) < 0.001);
});
