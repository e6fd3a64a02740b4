import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseH2load } from './h2load.ts';

function output(counts = '4 succeeded, 0 failed, 0 errored, 0 timeout', finished = '2.00s'): string[] {
  return [
    'Main benchmark duration is over for thread #0. Stopping all clients.',
    `finished in ${finished}, 2.00 req/s, 9.89MB/s`,
    `requests: 4 total, 132 started, 4 done, ${counts}`,
    'status codes: 4 2xx, 0 3xx, 0 4xx, 0 5xx',
    'traffic: 1.00KB (1024) total, 120B (120) headers (space savings 93.60%), 512B (512) data',
  ];
}

const LOG = Buffer.from('1795539597227865\t200\t100\n1795539597227868\t200\t200\n1795539597227869\t200\t300\n');

test('counts come from the output, latencies from the log', () => {
  const { latency, ...rest } = parseH2load(output(), LOG, 128);
  assert.deepEqual(rest, { requests: 4, seconds: 2, failures: 0, failureNotes: [] });
  assert.equal(latency.max, 0.3);
  assert.ok(Math.abs(latency.p50 - 0.2) < 0.002);
});

test('a short run is told in ms', () => {
  assert.equal(parseH2load(output(undefined, '502.80ms'), LOG, 128).seconds, 0.5028);
});

test('what failed, and what was cut short, is told', () => {
  const { failures, failureNotes } = parseH2load(output('4 succeeded, 7 failed, 0 errored, 1 timeout'), LOG, 129);
  assert.equal(failures, 9);
  assert.deepEqual(failureNotes, ['7 × failed', '1 × timeout', '1 × reply or more cut short']);
});

test('no reply and another output reject', () => {
  assert.throws(() => parseH2load(output('0 succeeded, 0 failed, 0 errored, 0 timeout'), LOG, 128), /no reply/);
  assert.throws(() => parseH2load(['h2load: command line error'], LOG, 128), /no line of h2load's output/);
});
