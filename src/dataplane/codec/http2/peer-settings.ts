import {
  DEFAULT_FRAME_SIZE,
  DEFAULT_WINDOW,
  ErrorCode,
  Http2Error,
  MAX_FRAME_SIZE,
  MAX_WINDOW,
  Setting,
} from './protocol.ts';

/** What the peer has announced. RFC 9113, section 6.5.2. */
export class PeerSettings {
  headerTableSize = 4096;
  maxConcurrentStreams = Number.POSITIVE_INFINITY;
  initialWindow = DEFAULT_WINDOW;
  maxFrame = DEFAULT_FRAME_SIZE;
  maxHeaderList = Number.POSITIVE_INFINITY;
  /** RFC 8441. */
  extendedConnect = false;

  /**
   * @param settings id and value by turns; unknown ones are ignored.
   * @throws Http2Error for values that are not allowed.
   */
  apply(settings: readonly number[]): void {
    for (let i = 0; i < settings.length; i += 2) this.#set(settings[i]!, settings[i + 1]!);
  }

  #set(id: number, value: number): void {
    switch (id) {
      case Setting.headerTableSize:
        this.headerTableSize = value;
        return;
      case Setting.enablePush:
        if (value > 1) throw new Http2Error(ErrorCode.protocolError, `ENABLE_PUSH of ${value}`);
        return;
      case Setting.maxConcurrentStreams:
        this.maxConcurrentStreams = value;
        return;
      case Setting.initialWindowSize:
        if (value > MAX_WINDOW) throw new Http2Error(ErrorCode.flowControlError, `INITIAL_WINDOW_SIZE of ${value}`);
        this.initialWindow = value;
        return;
      case Setting.maxFrameSize:
        if (value < DEFAULT_FRAME_SIZE || value > MAX_FRAME_SIZE) {
          throw new Http2Error(ErrorCode.protocolError, `MAX_FRAME_SIZE of ${value}`);
        }
        this.maxFrame = value;
        return;
      case Setting.maxHeaderListSize:
        this.maxHeaderList = value;
        return;
      case Setting.enableConnectProtocol:
        if (value > 1) throw new Http2Error(ErrorCode.protocolError, `ENABLE_CONNECT_PROTOCOL of ${value}`);
        this.extendedConnect = value === 1;
        return;
      default:
    }
  }
}
