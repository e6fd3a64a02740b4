import type { ByteSink } from '../../message/frame.ts';
import { writeSettings, writeWindowUpdate } from './frame-writer.ts';
import type { Http2Limits } from './owner.ts';
import { DEFAULT_WINDOW, PREFACE, Setting } from './protocol.ts';

/** Writes what begins a connection. RFC 9113, section 3.4. */
export function writeGreeting(out: ByteSink, server: boolean, limits: Http2Limits): void {
  const { maxStreams, streamWindow, maxHeaderList, connectionWindow, extendedConnect } = limits;
  const settings: number[] = [Setting.initialWindowSize, streamWindow, Setting.maxHeaderListSize, maxHeaderList];
  if (server) {
    settings.push(Setting.maxConcurrentStreams, maxStreams);
    if (extendedConnect === true) settings.push(Setting.enableConnectProtocol, 1);
  } else {
    const at = out.reserve(PREFACE.length);
    PREFACE.copy(out.target, at);
    settings.push(Setting.enablePush, 0);
  }
  writeSettings(out, settings);
  if (connectionWindow > DEFAULT_WINDOW) writeWindowUpdate(out, 0, connectionWindow - DEFAULT_WINDOW);
}
