import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BufferSink } from '../../message/buffer-sink.ts';
import * as frames from './frame-writer.ts';
import { ErrorCode, FRAME_HEAD, FrameType, Setting } from './protocol.ts';
import { Pair } from './testing/pair.ts';

/** What peers do who want to harm, and not to talk. */

function bytesOf(write: (out: BufferSink) => void): Buffer {
  const out = new BufferSink();
  write(out);
  return out.bytes();
}

test('the end of a response fits into a window that its peer has made negative', () => {
  const pair = new Pair();
  const { served, log } = pair.request(true);
  served!.stream.sendHead([':status', '200'], false);
  served!.stream.sendData(Buffer.alloc(1000), 0, 1000, false);
  pair.settle();
  const shut = bytesOf((out) => frames.writeSettings(out, [Setting.initialWindowSize, 0]));
  pair.server.connection.read(shut, 0, shut.length);
  served!.stream.sendData(Buffer.alloc(0), 0, 0, true);
  pair.settle();
  assert.deepEqual(log.events, ['head 200', 'end']);
});

test('a stream that is closed in the middle of its content gives its room back once', () => {
  const pair = new Pair({ streamWindow: 65_535, connectionWindow: 65_535 });
  let [sent, credited] = [0, 0];
  for (let i = 0; i < 40; i++) {
    const { stream } = pair.request(false, '/', ['content-length', '1']);
    const data = bytesOf((out) => frames.writeData(out, stream.id, Buffer.alloc(16_000), 0, 16_000, false));
    sent += 16_000;
    pair.server.connection.read(data, 0, 20);
    pair.server.connection.read(data, 20, data.length);
    const answer = pair.server.take();
    credited += creditIn(answer);
    pair.client.connection.read(answer, 0, answer.length);
  }
  assert.ok(credited > 0 && credited <= sent, `${credited} octets of room for ${sent}`);
});

/** Room of the whole connection that `bytes` give. */
function creditIn(bytes: Buffer): number {
  let credit = 0;
  for (let at = 0; at < bytes.length; at += FRAME_HEAD + bytes.readUIntBE(at, 3)) {
    const isOfConnection = bytes[at + 3] === FrameType.windowUpdate && bytes.readUInt32BE(at + 5) === 0;
    if (isOfConnection) credit += bytes.readUInt32BE(at + FRAME_HEAD);
  }
  return credit;
}

test('streams that the peer makes us reset count as those that it resets (CVE-2025-8671)', () => {
  const pair = new Pair();
  let asked = 0;
  while (asked < 1000 && pair.server.failure === undefined) {
    asked++;
    const { stream } = pair.request(false);
    const bad = bytesOf((out) => frames.writeWindowUpdate(out, stream.id, 0));
    pair.server.connection.read(bad, 0, bad.length);
    pair.settle();
  }
  assert.equal(pair.server.failure?.code, ErrorCode.enhanceYourCalm);
  assert.ok(asked < 300, `${asked} resets`);
});
