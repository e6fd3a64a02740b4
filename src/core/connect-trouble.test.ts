import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inWords, whatToCheck } from './connect-trouble.ts';

test('codes that the system gives are told in words, and stay to search for', () => {
  const words = (code: string): string => inWords({ code, message: `connect ${code} 10.0.0.7:12200` });
  assert.equal(words('ECONNREFUSED'), 'connection refused (ECONNREFUSED)');
  assert.equal(words('ECONNRESET'), 'connection reset by the other side (ECONNRESET)');
  assert.equal(words('EHOSTUNREACH'), 'host out of reach (EHOSTUNREACH)');
  assert.equal(words('ENETUNREACH'), 'network out of reach (ENETUNREACH)');
  assert.equal(words('ETIMEDOUT'), 'no answer in time (ETIMEDOUT)');
  assert.equal(words('ENOTFOUND'), 'unknown host name (ENOTFOUND)');
});

test('an error that is not known speaks for itself', () => {
  assert.equal(inWords({ code: 'EWHATEVER', message: 'something odd' }), 'something odd');
  assert.equal(inWords({ code: 'constructor', message: 'an odd code' }), 'an odd code');
  // As Node's is for a name of several addresses, none of which answers.
  assert.equal(inWords({ code: 'EWHATEVER', message: '' }), 'EWHATEVER');
});

test('each of them has a next step, and what is not of the network has none', () => {
  assert.equal(
    whatToCheck('connection refused (ECONNREFUSED)', 'the app'),
    'is the app started, and does it listen at this address and port?',
  );
  assert.match(whatToCheck('no answer in time (connectTimeout)', 'it') ?? '', /firewall/);
  assert.match(whatToCheck('host out of reach (EHOSTUNREACH)', 'it') ?? '', /is that host up\?$/);
  for (const reason of ['it said goaway', '', 'closed (constructor)']) {
    assert.equal(whatToCheck(reason, 'it'), undefined);
  }
});
