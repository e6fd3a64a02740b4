import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  crcFits,
  frameLength,
  headerBlock,
  heartbeatReply,
  requestTemplate,
  responseTemplate,
  seal,
} from './frames.ts';
import type { Dialect } from './frames.ts';

const request = { className: 'a.B', headers: { k: 'vv' }, content: Buffer.from('hello'), timeoutMs: 3000 };
const v1: Dialect = { version: 1, crc: false };
const v2: Dialect = { version: 2, crc: true };

test('v1 request, byte by byte', () => {
  const { bytes, idAt, contentAt } = requestTemplate(v1, request);
  bytes.writeUInt32BE(7, idAt);
  const expected =
    '01 01 0001 01 00000007 01 00000bb8 0003 000b 00000005' + // head
    Buffer.from('a.B').toString('hex') +
    '00000001 6b 00000002 7676' +
    Buffer.from('hello').toString('hex');
  assert.equal(bytes.toString('hex'), expected.replaceAll(' ', ''));
  assert.equal(bytes.toString('latin1', contentAt), 'hello');
});

test('v2 request with a CRC over all that precedes it', () => {
  const template = requestTemplate(v2, request);
  const { bytes } = template;
  seal(template, bytes, 0);
  assert.equal(
    bytes.toString('hex', 0, 24),
    '02 02 01 0001 01 00000000 01 01 00000bb8 0003 000b 00000005'.replaceAll(' ', ''),
  );
  assert.ok(crcFits(bytes, 0, bytes.length));
  bytes[30] = (bytes[30] ?? 0) ^ 1;
  assert.ok(!crcFits(bytes, 0, bytes.length));
});

test('responses of both versions', () => {
  const parts = { className: 'R', content: Buffer.from('ok') };
  assert.equal(
    responseTemplate(v1, parts).bytes.toString('hex'),
    '01 00 0002 01 00000000 01 0000 0001 0000 00000002 52 6f6b'.replaceAll(' ', ''),
  );
  assert.equal(
    responseTemplate(v2, parts).bytes.toString('hex', 0, 22),
    '02 02 00 0002 01 00000000 01 01 0000 0001 0000 00000002'.replaceAll(' ', ''),
  );
});

test('a heartbeat is answered with its id and nothing else', () => {
  assert.equal(
    heartbeatReply(1, 5).toString('hex'),
    '01 00 0000 01 00000005 01 0000 0000 0000 00000000'.replaceAll(' ', ''),
  );
  assert.equal(heartbeatReply(2, 5).length, 22);
});

test('the length of a frame is known once its head is there', () => {
  for (const dialect of [v1, v2]) {
    for (const { bytes } of [
      requestTemplate(dialect, request),
      responseTemplate(dialect, { className: 'R', content: request.content }),
    ]) {
      assert.equal(frameLength(bytes, 0, 19), 0);
      assert.equal(frameLength(bytes, 0, 24), bytes.length);
    }
  }
  assert.throws(() => frameLength(Buffer.from('GET / HTTP/1.1\r\n'), 0, 16), /not a Bolt frame/);
});

test('header block: lengths are those of the bytes, not of the text', () => {
  assert.equal(headerBlock({ ä: '' }).toString('hex'), '00000002c3a400000000');
});

test('a CRC in a v1 frame is refused', () => {
  assert.throws(() => requestTemplate({ version: 1, crc: true }, request), /cannot carry a CRC/);
});
