import type { ByteSink } from '../../message/frame.ts';
import { writeBytes } from '../../message/write-bytes.ts';
import { writeSettings, writeWindowUpdate } from './frame-writer.ts';
import type { Http2Limits } from './owner.ts';
import { DEFAULT_WINDOW, ErrorCode, Http2Error, PREFACE, Setting } from './protocol.ts';

/** Writes what begins a connection. RFC 9113, section 3.4. */
export function writeGreeting(out: ByteSink, server: boolean, limits: Http2Limits): void {
  const { maxStreams, streamWindow, maxHeaderList, connectionWindow, extendedConnect } = limits;
  const settings: number[] = [Setting.initialWindowSize, streamWindow, Setting.maxHeaderListSize, maxHeaderList];
  if (server) {
    settings.push(Setting.maxConcurrentStreams, maxStreams);
    if (extendedConnect === true) settings.push(Setting.enableConnectProtocol, 1);
  } else {
    writeBytes(out, PREFACE, 0, PREFACE.length);
    settings.push(Setting.enablePush, 0);
  }
  writeSettings(out, settings);
  if (connectionWindow > DEFAULT_WINDOW) writeWindowUpdate(out, 0, connectionWindow - DEFAULT_WINDOW);
}

/**
 * Checks what of the preface is in `bytes[at, end)`, of which `left` octets have not come yet; returns where it ends.
 *
 * @throws Http2Error when this is none.
 */
export function checkPreface(bytes: Buffer, at: number, end: number, left: number): number {
  const to = Math.min(end, at + left);
  if (bytes.compare(PREFACE, PREFACE.length - left, PREFACE.length - left + to - at, at, to) === 0) return to;
  throw new Http2Error(ErrorCode.protocolError, 'no connection preface');
}
