import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusalOfPages as refusalOf } from '../http/guard.ts';

const BOUND = '10.0.0.7';

test('SDKs on this machine get in', () => {
  for (const host of [
    '127.0.0.1:13330',
    'localhost:13330',
    'LOCALHOST',
    '[::1]:13330',
    '127.1.2.3',
    '10.0.0.7:13330',
  ]) {
    assert.equal(refusalOf({ host }, BOUND), undefined, host);
  }
  assert.equal(refusalOf({ host: 'localhost', 'sec-fetch-site': 'none' }, BOUND), undefined);
});

test('web pages do not, directly or by a name of their own', () => {
  const hosts = ['evil.com', 'evil.com:13330', '127.0.0.1.evil.com', '10.0.0.8', '', '[::1', 'localhost@evil.com'];
  for (const host of hosts) assert.match(refusalOf({ host }, BOUND) ?? '', /answers to 127\.0\.0\.1/, host);
  assert.match(refusalOf({ host: 'localhost', origin: 'null' }, BOUND) ?? '', /web pages/);
  assert.match(refusalOf({ host: 'localhost', 'sec-fetch-site': 'cross-site' }, BOUND) ?? '', /web pages/);
});
