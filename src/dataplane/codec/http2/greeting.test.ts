import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BufferSink } from '../../message/buffer-sink.ts';
import { writeGreeting } from './greeting.ts';
import type { Http2Limits } from './owner.ts';
import { FrameType, PREFACE, Setting } from './protocol.ts';

const LIMITS: Http2Limits = {
  maxStreams: 7,
  streamWindow: 100_000,
  connectionWindow: 1 << 20,
  maxHeaderList: 5000,
  maxFields: 100,
};

interface Greeting {
  readonly preface: boolean;
  readonly settings: ReadonlyMap<number, number>;
  /** What is behind the settings. */
  readonly rest: string;
}

function greet(server: boolean, limits: Partial<Http2Limits> = {}): Greeting {
  const out = new BufferSink();
  writeGreeting(out, server, { ...LIMITS, ...limits });
  let bytes = out.bytes();
  const preface = bytes.subarray(0, PREFACE.length).equals(PREFACE);
  if (preface) bytes = bytes.subarray(PREFACE.length);
  assert.deepEqual([bytes[3], bytes[4], bytes.readUInt32BE(5)], [FrameType.settings, 0, 0]);
  const end = 9 + bytes.readUIntBE(0, 3);
  const settings = new Map<number, number>();
  for (let at = 9; at < end; at += 6) settings.set(bytes.readUInt16BE(at), bytes.readUInt32BE(at + 2));
  return { preface, settings, rest: bytes.toString('hex', end) };
}

/** On the connection: by what its window is more than 65,535. */
const WINDOW_UPDATE = '000004080000000000' + ((1 << 20) - 65_535).toString(16).padStart(8, '0');

test('a server says what it takes', () => {
  const { preface, settings, rest } = greet(true);
  assert.equal(preface, false);
  assert.deepEqual(
    [...settings].sort(([a], [b]) => a - b),
    [
      [Setting.maxConcurrentStreams, 7],
      [Setting.initialWindowSize, 100_000],
      [Setting.maxHeaderListSize, 5000],
    ],
  );
  assert.equal(rest, WINDOW_UPDATE);
});

test('and that other protocols may be opened, where they may', () => {
  assert.equal(greet(true, { extendedConnect: true }).settings.get(Setting.enableConnectProtocol), 1);
  assert.equal(greet(false, { extendedConnect: true }).settings.has(Setting.enableConnectProtocol), false);
});

test('a client begins with the preface, and wants nothing pushed', () => {
  const { preface, settings } = greet(false);
  assert.equal(preface, true);
  assert.equal(settings.get(Setting.enablePush), 0);
  assert.equal(settings.has(Setting.maxConcurrentStreams), false);
});

test('a window of the connection that is not larger than it begins with is not opened', () => {
  assert.equal(greet(true, { connectionWindow: 65_535 }).rest, '');
});
