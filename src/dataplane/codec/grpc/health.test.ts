import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeHealthResponse, encodeHealthRequest } from './health.ts';

test('a request names its service, or none', () => {
  assert.equal(encodeHealthRequest('').toString('hex'), '0000000000');
  assert.equal(encodeHealthRequest('ab').toString('hex'), '00000000040a026162');
  const long = encodeHealthRequest('é'.repeat(100));
  assert.equal(long.subarray(0, 8).toString('hex'), '00000000cb0ac801');
  assert.equal(long.length, 5 + 203);
});

test('a response says how the service is', () => {
  const said = (hex: string) => decodeHealthResponse(Buffer.from(hex, 'hex'));
  assert.equal(said('0000000000'), 'UNKNOWN');
  assert.equal(said('00000000020801'), 'SERVING');
  assert.equal(said('00000000020802'), 'NOT_SERVING');
  assert.equal(said('00000000020803'), 'SERVICE_UNKNOWN');
  const broken = [
    '',
    '00000000',
    '01000000020801',
    '00000000030801',
    '0000000001080',
    '000000000108',
    '00000000021001',
  ];
  for (const hex of [...broken, '00000000020804', '0000000002080100']) assert.equal(said(hex), undefined, hex);
});

test('no bytes are too odd to be read', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => void decodeHealthResponse(Buffer.from(bytes))));
});
