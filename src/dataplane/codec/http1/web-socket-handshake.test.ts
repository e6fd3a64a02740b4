import assert from 'node:assert/strict';
import { test } from 'node:test';
import { webSocketAccept, webSocketKey } from './web-socket-handshake.ts';

test('the answer to a key is that of RFC 6455, section 1.3', () => {
  assert.equal(webSocketAccept('dGhlIHNhbXBsZSBub25jZQ=='), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
});

test('a key is 16 octets in base64, and another each time', () => {
  const keys = Array.from({ length: 20 }, webSocketKey);
  for (const key of keys) assert.equal(Buffer.from(key, 'base64').length, 16);
  assert.equal(new Set(keys).size, 20);
});
