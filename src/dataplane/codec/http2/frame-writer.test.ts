import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BufferSink } from '../../message/buffer-sink.ts';
import { ReceiveWindow, SendWindow } from './flow-window.ts';
import { FrameReader, type FrameSink } from './frame-reader.ts';
import * as writer from './frame-writer.ts';
import { ErrorCode, MAX_WINDOW } from './protocol.ts';

const SILENT: FrameSink = {
  onDataStart: () => {},
  onData: () => {},
  onDataEnd: () => {},
  onHeaders: () => {},
  onRstStream: () => {},
  onSettings: () => {},
  onSettingsAck: () => {},
  onPing: () => {},
  onGoaway: () => {},
  onWindowUpdate: () => {},
  onIgnored: () => assert.fail('an unknown frame'),
  onStreamError: () => assert.fail('a stream error'),
};

/** What the reader makes of what `write` writes. */
function read(write: (out: BufferSink) => void, sink: Partial<FrameSink>): void {
  const out = new BufferSink();
  write(out);
  const bytes = out.bytes();
  const limits = { maxHeaderBlock: 1 << 20, maxContinuations: 100 };
  new FrameReader({ ...SILENT, ...sink }, limits).read(bytes, 0, bytes.length);
}

test('the reader reads what the writer writes', () => {
  const seen: unknown[] = [];
  const note = (...all: unknown[]): void => void seen.push(all);
  read(
    (out) => {
      writer.writeSettings(out, [3, 100, 4, 1 << 20]);
      writer.writeSettingsAck(out);
      writer.writePing(out, Buffer.from('xx12345678'), 2, true);
      writer.writeWindowUpdate(out, 0, MAX_WINDOW);
      writer.writeRstStream(out, 5, ErrorCode.cancel);
      writer.writeGoaway(out, 7, ErrorCode.enhanceYourCalm, 'too many');
      writer.writeData(out, 3, Buffer.from('-data-'), 1, 5, true);
    },
    {
      onSettings: (settings) => note('settings', ...settings),
      onSettingsAck: () => note('ack'),
      onPing: (bytes, start, ack) => note('ping', bytes.toString('latin1', start, start + 8), ack),
      onWindowUpdate: (stream, increment) => note('window', stream, increment),
      onRstStream: (stream, code) => note('rst', stream, code),
      onGoaway: (last, code) => note('goaway', last, code),
      onData: (stream, bytes, start, end) => note('data', stream, bytes.toString('latin1', start, end)),
      onDataEnd: (stream, padding, endStream) => note('end', stream, padding, endStream),
    },
  );
  assert.deepEqual(seen, [
    ['settings', 3, 100, 4, 1 << 20],
    ['ack'],
    ['ping', '12345678', true],
    ['window', 0, MAX_WINDOW],
    ['rst', 5, 8],
    ['goaway', 7, 11],
    ['data', 3, 'data'],
    ['end', 3, 0, true],
  ]);
});

test('a header block is cut to the frame size, however long it is', () => {
  fc.assert(
    fc.property(fc.nat(500), fc.integer({ min: 1, max: 100 }), fc.boolean(), (length, maxFrame, endStream) => {
      const block = Buffer.from(Array.from({ length }, (_, i) => i & 0xff));
      let blocks = 0;
      read(
        (out) => writer.writeHeaders(out, 9, block, length, endStream, Math.max(maxFrame, Math.ceil(length / 100))),
        {
          onHeaders(stream, bytes, start, end, ended) {
            blocks++;
            assert.deepEqual([stream, ended], [9, endStream]);
            assert.deepEqual(bytes.subarray(start, end), block);
          },
        },
      );
      assert.equal(blocks, 1);
    }),
  );
});

test('a send window takes what the peer gives, to its largest, and may be negative', () => {
  const window = new SendWindow(10);
  window.take(10);
  assert.equal(window.left, 0);
  assert.ok(window.add(-5));
  assert.equal(window.left, -5);
  assert.ok(window.add(MAX_WINDOW + 5));
  assert.equal(window.left, MAX_WINDOW);
  assert.ok(!window.add(1));
  assert.equal(window.left, MAX_WINDOW);
});

test('a receive window gives back in halves what has been passed on', () => {
  const window = new ReceiveWindow(100);
  window.receive(80);
  assert.equal(window.held, 80);
  assert.equal(window.pass(49), 0);
  assert.equal(window.held, 31);
  assert.throws(() => window.receive(21), { code: ErrorCode.flowControlError });
  assert.equal(window.pass(1), 50);
  window.receive(70);
  assert.equal(window.held, 100);
  assert.equal(window.pass(100), 100);
  assert.equal(window.held, 0);
});
