import type { ByteSink } from '../../message/frame.ts';
import { type ErrorCode, Flag, FRAME_HEAD, FrameType } from './protocol.ts';

/**
 * Writes HTTP/2 frames of our own and those around what is passed on. RFC 9113, section 4 and 6.
 * Nothing is padded: that is for senders with a secret in a body's length.
 */

/** Above this a call out of JavaScript is faster than a loop. */
const SHORT = 64;

/** @param settings as id and value by turns. */
export function writeSettings(out: ByteSink, settings: readonly number[]): void {
  let at = begin(out, FrameType.settings, 0, 0, settings.length * 3);
  for (let i = 0; i < settings.length; i += 2) {
    at = out.target.writeUInt16BE(settings[i]!, at);
    at = out.target.writeUInt32BE(settings[i + 1]!, at);
  }
}

export function writeSettingsAck(out: ByteSink): void {
  begin(out, FrameType.settings, Flag.ack, 0, 0);
}

/** @param data 8 octets at `start`. */
export function writePing(out: ByteSink, data: Buffer, start: number, ack: boolean): void {
  const at = begin(out, FrameType.ping, ack ? Flag.ack : 0, 0, 8);
  data.copy(out.target, at, start, start + 8);
}

/** @param stream 0 for the whole connection. */
export function writeWindowUpdate(out: ByteSink, stream: number, increment: number): void {
  const at = begin(out, FrameType.windowUpdate, 0, stream, 4);
  out.target.writeUInt32BE(increment, at);
}

export function writeRstStream(out: ByteSink, stream: number, code: ErrorCode): void {
  const at = begin(out, FrameType.rstStream, 0, stream, 4);
  out.target.writeUInt32BE(code, at);
}

/** @param reason for people, in ASCII; it appears in the logs of the peer. */
export function writeGoaway(out: ByteSink, lastStream: number, code: ErrorCode, reason = ''): void {
  const at = begin(out, FrameType.goaway, 0, 0, 8 + reason.length);
  out.target.writeUInt32BE(lastStream, at);
  out.target.writeUInt32BE(code, at + 4);
  out.target.write(reason, at + 8, 'latin1');
}

/** The frames of the header block `block[0, length)`: HEADERS, and as many CONTINUATION frames as the peer's frame size asks for. */
export function writeHeaders(
  out: ByteSink,
  stream: number,
  block: Buffer,
  length: number,
  endStream: boolean,
  maxFrame: number,
): void {
  let type: FrameType = FrameType.headers;
  let from = 0;
  do {
    const to = Math.min(length, from + maxFrame);
    const last = to === length ? Flag.endHeaders : 0;
    const end = endStream && type === FrameType.headers ? Flag.endStream : 0;
    const at = begin(out, type, last | end, stream, to - from);
    copy(out.target, at, block, from, to);
    type = FrameType.continuation;
    from = to;
  } while (from < length);
}

/** One DATA frame; its content is `bytes[start, end)`, within the peer's frame size and windows. */
export function writeData(
  out: ByteSink,
  stream: number,
  bytes: Buffer,
  start: number,
  end: number,
  endStream: boolean,
): void {
  const at = begin(out, FrameType.data, endStream ? Flag.endStream : 0, stream, end - start);
  copy(out.target, at, bytes, start, end);
}

/** Reserves the frame and writes its head; returns where its payload begins in `out.target`. */
function begin(out: ByteSink, type: FrameType, flags: number, stream: number, length: number): number {
  const at = out.reserve(FRAME_HEAD + length);
  const { target } = out;
  target[at] = length >>> 16;
  target[at + 1] = length >>> 8;
  target[at + 2] = length;
  target[at + 3] = type;
  target[at + 4] = flags;
  target[at + 5] = stream >>> 24;
  target[at + 6] = stream >>> 16;
  target[at + 7] = stream >>> 8;
  target[at + 8] = stream;
  return at + FRAME_HEAD;
}

function copy(target: Buffer, at: number, bytes: Buffer, start: number, end: number): void {
  if (end - start > SHORT) bytes.copy(target, at, start, end);
  else for (let i = start; i < end; i++) target[at++] = bytes[i]!;
}
