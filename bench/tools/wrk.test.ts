import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseWrk } from './wrk.ts';

function output(change: object = {}): string[] {
  const errors = { connect: 0, read: 0, write: 0, status: 0, timeout: 0 };
  const latency = { p50: 391, p99: 1946, p999: 3000, max: 5000, mean: 420.5 };
  const summary = { requests: 1000, micros: 2_000_000, bytes: 300_000, ...latency, errors, ...change };
  return ['Running 2s test @ http://127.0.0.1:1234/small', JSON.stringify(summary), ''];
}

test('the report becomes seconds and ms', () => {
  assert.deepEqual(parseWrk(output(), 128), {
    requests: 1000,
    seconds: 2,
    failures: 0,
    failureNotes: [],
    latency: { p50: 0.391, p99: 1.946, p999: 3, max: 5, mean: 0.4205 },
  });
});

test('errors of every kind are failures', () => {
  const errors = { connect: 0, read: 2, write: 0, status: 3, timeout: 0 };
  const { failures, failureNotes } = parseWrk(output({ errors }), 128);
  assert.equal(failures, 5);
  assert.deepEqual(failureNotes, ['2 × read', '3 × status']);
});

test('fewer bytes than the replies have are a failure', () => {
  assert.match(parseWrk(output(), 301).failureNotes.join(), /cut short/);
});

test('no report and no reply reject', () => {
  assert.throws(() => parseWrk(['unable to connect'], 128), /wrk reported nothing\nunable to connect/);
  assert.throws(() => parseWrk(output({ requests: 0 }), 128), /no reply/);
});
