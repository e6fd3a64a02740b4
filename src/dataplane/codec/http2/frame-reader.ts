import { DEFAULT_FRAME_SIZE, ErrorCode, Flag, FRAME_HEAD, FrameType, Http2Error, MAX_WINDOW } from './protocol.ts';

/** Takes what frames say, in order. Ranges of `bytes` are valid until the call returns. */
export interface FrameSink {
  /** A DATA frame begins. `length` is what it counts for flow control, its padding included. */
  onDataStart(stream: number, length: number): void;
  /** A part of its content; `last` when no more content comes on the stream. */
  onData(stream: number, bytes: Buffer, start: number, end: number, last: boolean): void;
  /** It is over; `padding` octets of its length were no content. */
  onDataEnd(stream: number, padding: number, endStream: boolean): void;
  /** A whole header block, CONTINUATION frames put together. */
  onHeaders(stream: number, bytes: Buffer, start: number, end: number, endStream: boolean): void;
  onRstStream(stream: number, code: number): void;
  /** The settings in order, as id and value by turns. */
  onSettings(settings: readonly number[]): void;
  onSettingsAck(): void;
  /** The 8 octets at `start`. */
  onPing(bytes: Buffer, start: number, ack: boolean): void;
  onGoaway(lastStream: number, code: number): void;
  /** Stream 0 is the whole connection. */
  onWindowUpdate(stream: number, increment: number): void;
  /** PRIORITY, and frames of unknown types: nothing to do but to count them. */
  onIgnored(type: number): void;
  /** Only this stream is wrong; what follows can be read. Section 5.4.2. */
  onStreamError(stream: number, code: ErrorCode, message: string): void;
}

export interface FrameReaderLimits {
  /** Octets of one header block, all of its frames together. */
  readonly maxHeaderBlock: number;
  /** CONTINUATION frames of one block. */
  readonly maxContinuations: number;
}

/** Larger than any control frame with a use: SETTINGS with every known setting several times. */
const MAX_CONTROL = 1024;
const PRIORITY_LENGTH = 5;
const NOTHING = Buffer.alloc(0);

/**
 * Cuts a connection's octets into HTTP/2 frames. RFC 9113, section 4 and 6.
 *
 * Content of DATA is handed on as it comes; header blocks and control frames are gathered where
 * they are cut, within the limits.
 */
export class FrameReader {
  readonly #sink: FrameSink;
  readonly #limits: FrameReaderLimits;
  /** What this side has announced as SETTINGS_MAX_FRAME_SIZE. */
  readonly #maxFrame: number;
  readonly #head = Buffer.alloc(FRAME_HEAD);
  #headRead = 0;
  #length = 0;
  #type = 0;
  #flags = 0;
  #stream = 0;
  /** Octets of the frame's payload that have not come yet. */
  #left = 0;
  /** Whether the payload is gathered; DATA is not, nor is what is passed over. */
  #gathering = false;
  #gathered: Buffer = NOTHING;
  #gatheredLength = 0;
  /** DATA: padding at its end, and whether its length octet has been read. */
  #padding = 0;
  #padRead = true;
  /** The stream whose header block is being continued, or 0. */
  #continued = 0;
  #continuedEnd = false;
  #continuations = 0;
  #block: Buffer = NOTHING;
  #blockLength = 0;
  #closed = false;

  constructor(sink: FrameSink, limits: FrameReaderLimits, maxFrame: number = DEFAULT_FRAME_SIZE) {
    this.#sink = sink;
    this.#limits = limits;
    this.#maxFrame = maxFrame;
  }

  /** Octets of a frame or header block that has begun and not ended; those of DATA are handed on as they come. */
  get incomplete(): number {
    const ofHead = this.#headRead < FRAME_HEAD ? this.#headRead : 0;
    return ofHead + this.held;
  }

  /** Those among them for which memory was taken: there always is room for the head of a frame. */
  get held(): number {
    return this.#gatheredLength + this.#blockLength;
  }

  /** Reads nothing more, also in a `read` that is under way. */
  close(): void {
    this.#closed = true;
    this.#gathered = this.#block = NOTHING;
  }

  /**
   * Reads `bytes[at, end)`.
   *
   * @throws Http2Error when the connection has to end.
   */
  read(bytes: Buffer, at: number, end: number): void {
    while (at < end && !this.#closed) {
      at = this.#headRead < FRAME_HEAD ? this.#readHead(bytes, at, end) : this.#readPayload(bytes, at, end);
    }
  }

  #readHead(bytes: Buffer, at: number, end: number): number {
    if (this.#headRead === 0 && end - at >= FRAME_HEAD) {
      this.#begin(bytes, at);
      at += FRAME_HEAD;
    } else {
      const take = Math.min(FRAME_HEAD - this.#headRead, end - at);
      bytes.copy(this.#head, this.#headRead, at, at + take);
      at += take;
      this.#headRead += take;
      if (this.#headRead < FRAME_HEAD) return at;
      this.#begin(this.#head, 0);
    }
    this.#headRead = FRAME_HEAD;
    if (this.#left === 0) this.#finish(NOTHING, 0, 0);
    return at;
  }

  #begin(bytes: Buffer, at: number): void {
    this.#length = this.#left = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
    this.#type = bytes[at + 3]!;
    this.#flags = bytes[at + 4]!;
    // The highest bit is reserved, and ignored.
    this.#stream = uint31(bytes, at + 5);
    if (this.#length > this.#maxFrame) throw frameSize(`a frame of ${this.#length} octets`);
    if (this.#continued !== 0 && (this.#type !== FrameType.continuation || this.#stream !== this.#continued)) {
      throw protocol('a frame in the middle of a header block (section 6.10)');
    }
    this.#gathering = this.#type <= FrameType.continuation && this.#type !== FrameType.data;
    switch (this.#type) {
      case FrameType.data:
        this.#beginData();
        return;
      case FrameType.headers:
      case FrameType.pushPromise:
      case FrameType.continuation:
        this.#checkBlock();
        return;
      default:
        // The debug data of GOAWAY may be as long as a frame.
        if (this.#gathering && this.#length > MAX_CONTROL && this.#type !== FrameType.goaway)
          throw frameSize(`a control frame of ${this.#length} octets`);
    }
  }

  #beginData(): void {
    if (this.#stream === 0) throw protocol('DATA on stream 0');
    this.#padding = 0;
    this.#padRead = (this.#flags & Flag.padded) === 0;
    if (!this.#padRead && this.#length === 0) throw frameSize('padded DATA without a pad length');
    this.#sink.onDataStart(this.#stream, this.#length);
  }

  #checkBlock(): void {
    if (this.#stream === 0) throw protocol('a header block on stream 0');
    if (this.#type === FrameType.continuation) {
      if (this.#continued === 0) throw protocol('CONTINUATION without a header block (section 6.10)');
      if (++this.#continuations > this.#limits.maxContinuations) throw calm('too many CONTINUATION frames');
    }
    if (this.#blockLength + this.#length > this.#limits.maxHeaderBlock) throw calm('a header block over the limit');
  }

  #readPayload(bytes: Buffer, at: number, end: number): number {
    const to = Math.min(end, at + this.#left);
    if (this.#type === FrameType.data) return this.#readData(bytes, at, to);
    this.#left -= to - at;
    if (!this.#gathering) {
      if (this.#left === 0) this.#finish(NOTHING, 0, 0);
    } else if (this.#left === 0 && this.#gatheredLength === 0) {
      this.#finish(bytes, at, to);
    } else {
      this.#gather(bytes, at, to);
      if (this.#left === 0) this.#finish(this.#gathered, 0, this.#gatheredLength);
    }
    return to;
  }

  #readData(bytes: Buffer, at: number, to: number): number {
    if (!this.#padRead) {
      this.#padRead = true;
      this.#padding = bytes[at]!;
      if (this.#padding >= this.#length) throw protocol('padding as long as its frame (section 6.1)');
      at++;
      this.#left--;
    }
    const room = Math.max(0, this.#left - this.#padding);
    const content = Math.min(to - at, room);
    const last = content === room && (this.#flags & Flag.endStream) !== 0;
    if (content > 0) this.#sink.onData(this.#stream, bytes, at, at + content, last);
    this.#left -= to - at;
    if (this.#left === 0) this.#finish(NOTHING, 0, 0);
    return to;
  }

  #gather(bytes: Buffer, at: number, to: number): void {
    const length = this.#gatheredLength + to - at;
    if (length > this.#gathered.length) {
      // Grows with what has come, never by what a length announces.
      const grown = Buffer.allocUnsafeSlow(Math.max(length, Math.min(this.#length, 2 * length, 4096)));
      this.#gathered.copy(grown, 0, 0, this.#gatheredLength);
      this.#gathered = grown;
    }
    bytes.copy(this.#gathered, this.#gatheredLength, at, to);
    this.#gatheredLength = length;
  }

  /** The frame is complete; its payload is `bytes[start, end)`, but that of DATA and of what is passed over. */
  #finish(bytes: Buffer, start: number, end: number): void {
    this.#headRead = 0;
    this.#gatheredLength = 0;
    this.#deliver(bytes, start, end);
    this.#gathered = NOTHING;
  }

  #deliver(bytes: Buffer, start: number, end: number): void {
    const sink = this.#sink;
    switch (this.#type) {
      case FrameType.data: {
        const padded = (this.#flags & Flag.padded) !== 0;
        return sink.onDataEnd(this.#stream, padded ? this.#padding + 1 : 0, (this.#flags & Flag.endStream) !== 0);
      }
      case FrameType.headers:
        return this.#headers(bytes, start, end);
      case FrameType.continuation:
        return this.#addToBlock(bytes, start, end, (this.#flags & Flag.endHeaders) !== 0);
      case FrameType.priority:
        return this.#priority(bytes, start, end);
      case FrameType.rstStream:
        if (this.#stream === 0) throw protocol('RST_STREAM on stream 0');
        if (end - start !== 4) throw frameSize(`RST_STREAM of ${end - start} octets`);
        return sink.onRstStream(this.#stream, bytes.readUInt32BE(start));
      case FrameType.settings:
        return this.#settings(bytes, start, end);
      case FrameType.pushPromise:
        // Nobody here takes them: a client says so in its SETTINGS, and a server gets none (section 8.4).
        throw protocol('PUSH_PROMISE, which was not allowed');
      case FrameType.ping:
        if (this.#stream !== 0) throw protocol('PING on a stream');
        if (end - start !== 8) throw frameSize(`PING of ${end - start} octets`);
        return sink.onPing(bytes, start, (this.#flags & Flag.ack) !== 0);
      case FrameType.goaway:
        if (this.#stream !== 0) throw protocol('GOAWAY on a stream');
        if (end - start < 8) throw frameSize(`GOAWAY of ${end - start} octets`);
        return sink.onGoaway(bytes.readUInt32BE(start) & 0x7fffffff, bytes.readUInt32BE(start + 4));
      case FrameType.windowUpdate:
        return this.#windowUpdate(bytes, start, end);
      default:
        return sink.onIgnored(this.#type);
    }
  }

  #headers(bytes: Buffer, start: number, end: number): void {
    let padding = 0;
    if ((this.#flags & Flag.padded) !== 0) {
      if (start >= end) throw frameSize('padded HEADERS without a pad length');
      padding = bytes[start++]!;
    }
    let selfDependent = false;
    if ((this.#flags & Flag.priority) !== 0) {
      if (end - start < PRIORITY_LENGTH) throw frameSize('HEADERS too short for their priority');
      selfDependent = dependency(bytes, start) === this.#stream;
      start += PRIORITY_LENGTH;
    }
    if (padding > end - start) throw protocol('padding longer than its frame (section 6.2)');
    this.#continued = this.#stream;
    this.#continuedEnd = (this.#flags & Flag.endStream) !== 0;
    this.#continuations = 0;
    // The block has to be read all the same, or the tables are out of step.
    this.#addToBlock(bytes, start, end - padding, (this.#flags & Flag.endHeaders) !== 0);
    if (selfDependent) this.#selfDependent();
  }

  #addToBlock(bytes: Buffer, start: number, end: number, last: boolean): void {
    if (last && this.#blockLength === 0) return this.#blockEnd(bytes, start, end);
    const length = this.#blockLength + end - start;
    if (length > this.#block.length) {
      const grown = Buffer.allocUnsafeSlow(
        Math.max(length, Math.min(this.#limits.maxHeaderBlock, Math.max(2 * length, 1024))),
      );
      this.#block.copy(grown, 0, 0, this.#blockLength);
      this.#block = grown;
    }
    bytes.copy(this.#block, this.#blockLength, start, end);
    this.#blockLength = length;
    if (last) this.#blockEnd(this.#block, 0, length);
  }

  #blockEnd(bytes: Buffer, start: number, end: number): void {
    const stream = this.#continued;
    this.#continued = 0;
    this.#blockLength = 0;
    this.#sink.onHeaders(stream, bytes, start, end, this.#continuedEnd);
    this.#block = NOTHING;
  }

  #priority(bytes: Buffer, start: number, end: number): void {
    if (this.#stream === 0) throw protocol('PRIORITY on stream 0');
    if (end - start !== PRIORITY_LENGTH) {
      return this.#sink.onStreamError(this.#stream, ErrorCode.frameSizeError, `PRIORITY of ${end - start} octets`);
    }
    if (dependency(bytes, start) === this.#stream) return this.#selfDependent();
    this.#sink.onIgnored(this.#type);
  }

  /** RFC 7540, section 5.3.1, which RFC 9113 has given up; clients that do it are wrong all the same. */
  #selfDependent(): void {
    this.#sink.onStreamError(this.#stream, ErrorCode.protocolError, 'a stream that depends on itself');
  }

  #settings(bytes: Buffer, start: number, end: number): void {
    if (this.#stream !== 0) throw protocol('SETTINGS on a stream');
    if ((this.#flags & Flag.ack) !== 0) {
      if (end !== start) throw frameSize('an acknowledgement of SETTINGS with a payload');
      return this.#sink.onSettingsAck();
    }
    if ((end - start) % 6 !== 0) throw frameSize(`SETTINGS of ${end - start} octets`);
    const settings: number[] = [];
    for (let at = start; at < end; at += 6) settings.push(bytes.readUInt16BE(at), bytes.readUInt32BE(at + 2));
    this.#sink.onSettings(settings);
  }

  #windowUpdate(bytes: Buffer, start: number, end: number): void {
    if (end - start !== 4) throw frameSize(`WINDOW_UPDATE of ${end - start} octets`);
    const increment = bytes.readUInt32BE(start) & MAX_WINDOW;
    if (increment > 0) return this.#sink.onWindowUpdate(this.#stream, increment);
    if (this.#stream === 0) throw protocol('WINDOW_UPDATE by 0');
    this.#sink.onStreamError(this.#stream, ErrorCode.protocolError, 'WINDOW_UPDATE by 0');
  }
}

/** The stream that a priority names; its highest bit is the exclusive flag. */
function dependency(bytes: Buffer, at: number): number {
  return uint31(bytes, at);
}

/** Four octets without the highest bit. */
function uint31(bytes: Buffer, at: number): number {
  return ((bytes[at]! & 0x7f) << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

function protocol(message: string): Http2Error {
  return new Http2Error(ErrorCode.protocolError, message);
}

function frameSize(message: string): Http2Error {
  return new Http2Error(ErrorCode.frameSizeError, message);
}

function calm(message: string): Http2Error {
  return new Http2Error(ErrorCode.enhanceYourCalm, message);
}
