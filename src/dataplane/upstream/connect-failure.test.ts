import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectFailed } from './connect-failure.ts';

test('a request is told why its endpoint cannot be connected to, and what to look at', () => {
  const refused = connectFailed('10.0.0.7:12200', 'connection refused (ECONNREFUSED)');
  assert.deepEqual([refused.code, refused.side, refused.retriable], ['connect_failed', 'upstream', true]);
  assert.equal(
    refused.message,
    'cannot connect to 10.0.0.7:12200: connection refused (ECONNREFUSED); ' +
      'is it started, and does it listen at this address and port?',
  );
  const away = connectFailed('10.0.0.7:12200', 'network out of reach (ENETUNREACH)');
  assert.match(away.message, /; is the address right, and has this machine a route to it\?$/);
});

test('what is no fault of the network stands alone', () => {
  const { message } = connectFailed('10.0.0.7:12200', 'the endpoint was taken out of the cluster');
  assert.equal(message, 'cannot connect to 10.0.0.7:12200: the endpoint was taken out of the cluster');
});
