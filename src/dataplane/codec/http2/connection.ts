import type { Clock } from '../../../core/clock.ts';
import type { FieldList, HeadEdits, RequestHead } from '../../message/http-head.ts';
import { FloodGuard } from './flood-guard.ts';
import { ReceiveWindow, SendWindow, windowTooLarge } from './flow-window.ts';
import { FrameReader, type FrameSink } from './frame-reader.ts';
import * as frames from './frame-writer.ts';
import { type BlockKind, HeadReader } from './head-reader.ts';
import { HeadWriter } from './head-writer.ts';
import { checkPreface, writeGreeting } from './greeting.ts';
import { HpackDecoder } from './hpack/decoder.ts';
import type { HpackEncoder } from './hpack/encoder.ts';
import { OwnPing } from './own-ping.ts';
import { PeerSettings } from './peer-settings.ts';
import { DEFAULT_WINDOW, asHttp2Error, ErrorCode, Http2Error, PREFACE } from './protocol.ts';
import type { Http2Limits, Http2Owner } from './owner.ts';
import { type AdjustableLimits, OwnSettings } from './own-settings.ts';
import { Http2Stream, type StreamHandler } from './stream.ts';
import { MAX_STREAM, StreamTable } from './stream-table.ts';

/** One HTTP/2 connection, either side, without its socket. RFC 9113. */
export class Http2Connection implements FrameSink {
  readonly peer = new PeerSettings();
  /** Octets of content that have ever been sent. */
  sentContent = 0;
  /** Why the connection was ended from here; undefined when it was not. */
  failure: Http2Error | undefined;
  /** Whether the peer's first frame has come, and was what begins HTTP/2. */
  greeted = false;
  readonly #server: boolean;
  readonly #own: OwnSettings;
  readonly #owner: Http2Owner;
  readonly #reader: FrameReader;
  readonly #decoder = new HpackDecoder();
  readonly #heads = new HeadReader();
  readonly #writer = new HeadWriter();
  readonly #guard: FloodGuard;
  readonly #streams: StreamTable;
  readonly #waiting = new Set<Http2Stream>();
  readonly #sendWindow = new SendWindow(DEFAULT_WINDOW);
  readonly #receiveWindow: ReceiveWindow;
  #prefaceLeft: number;
  /** The last stream of ours that the peer takes, once it has said goaway. */
  #goawayAt = MAX_STREAM;
  /** The last stream of the peer's that is taken, once that has been said. */
  #lastTaken = MAX_STREAM;
  readonly #ownPing = new OwnPing();
  #waitingBytes = 0;
  #current: Http2Stream | undefined;
  /** Whether the DATA frame at hand holds anything. */
  #hasContent = false;
  #failed = false;

  constructor(side: 'server' | 'client', limits: Http2Limits, owner: Http2Owner, clock: Pick<Clock, 'now'>) {
    this.#server = side === 'server';
    this.#own = new OwnSettings(limits);
    this.#owner = owner;
    this.#guard = new FloodGuard(clock);
    this.#prefaceLeft = this.#server ? PREFACE.length : 0;
    this.#streams = new StreamTable(this.#server);
    this.#reader = new FrameReader(this, this.#own);
    this.#receiveWindow = new ReceiveWindow(limits.connectionWindow);
  }

  /** Streams that are open. */
  get open(): number {
    return this.#streams.size;
  }

  /** Octets of a preface, frame or header block that has begun and not ended; content does not count. */
  get incomplete(): number {
    const ofPreface = this.#prefaceLeft > 0 ? 1 + PREFACE.length - this.#prefaceLeft : 0;
    return this.#failed ? 0 : ofPreface + this.#reader.incomplete;
  }

  /** Memory for frames and header blocks that have begun and not ended. */
  get held(): number {
    return this.#failed ? 0 : this.#reader.held;
  }

  /** Octets of all streams' content that wait for the peer's windows. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Writes what begins a connection. */
  begin(): void {
    writeGreeting(this.#owner.out(), this.#server, this.#own);
  }

  /** Other limits from now on, which the peer is told. */
  adjust(limits: AdjustableLimits): void {
    const settings = this.#failed ? undefined : this.#own.adjust(limits);
    if (settings !== undefined) frames.writeSettings(this.#owner.out(), settings);
  }

  /** Reads `bytes[at, end)`. Errors are told to the peer and to the owner. */
  read(bytes: Buffer, at: number, end: number): void {
    if (this.#failed) return;
    try {
      if (this.#prefaceLeft > 0) {
        const begin = at;
        at = checkPreface(bytes, at, end, this.#prefaceLeft);
        this.#prefaceLeft -= at - begin;
      }
      this.#reader.read(bytes, at, end);
    } catch (error) {
      this.fail(asHttp2Error(error));
    }
  }

  /** Whether another stream may be opened now. */
  get mayOpen(): boolean {
    return (
      !this.#failed &&
      this.#goawayAt === MAX_STREAM &&
      this.#streams.own < this.peer.maxConcurrentStreams &&
      !this.#streams.exhausted
    );
  }

  /** Clients, while `mayOpen`: begins a request. @param fields as `Http2Stream.sendHead` takes them. */
  openStream(fields: readonly string[], endStream: boolean, handler: StreamHandler): Http2Stream {
    const stream = this.#openStream(handler);
    stream.sendHead(fields, endStream);
    return stream;
  }

  /**
   * Clients, while `mayOpen`: begins a request with `head` as `edits` change it.
   *
   * @param path in place of the head's own, or undefined.
   * @param authority likewise.
   */
  openRequest(
    head: RequestHead,
    path: string | undefined,
    authority: string | undefined,
    edits: HeadEdits,
    endStream: boolean,
    handler: StreamHandler,
  ): Http2Stream {
    const stream = this.#openStream(handler);
    this.#writeBlock(stream.id, this.#writer.request(head, path, authority, edits), endStream);
    if (endStream) stream.endLocal();
    return stream;
  }

  /**
   * The peer is to open no more streams. The first of two phases says so without naming a last one;
   * the second, a round trip later, names it, and what the peer opens beyond is refused. Section 6.8.
   */
  goaway(final: boolean): void {
    if (this.#failed) return;
    if (final) this.#lastTaken = this.#streams.lastOfPeer;
    frames.writeGoaway(this.#owner.out(), this.#lastTaken, ErrorCode.noError);
  }

  /** Asks the peer for a sign of life, which `onPong` tells. Nothing happens while it owes an answer. */
  ping(): void {
    if (!this.#failed) this.#ownPing.write(this.#owner.out());
  }

  /** Ends the connection with an error. */
  fail(error: Http2Error): void {
    if (this.#failed) return;
    frames.writeGoaway(this.#owner.out(), this.#streams.lastOfPeer, error.code, error.message.slice(0, 200));
    this.failure = error;
    this.abandon(error.code);
    this.#owner.onFailed(error);
  }

  /** The socket is gone, or about to be: every stream ends. */
  abandon(code: ErrorCode = ErrorCode.cancel): void {
    this.#failed = true;
    this.#reader.close();
    for (const stream of this.#streams.all()) this.#closeStream(stream, code);
  }

  // What streams ask for.

  writeFields(id: number, fields: readonly string[], endStream: boolean): void {
    this.#writeBlock(id, this.#writer.fields(fields), endStream);
  }

  writeTrailers(id: number, fields: readonly string[]): void {
    this.#writeBlock(id, this.#writer.trailers(fields), true);
  }

  writeResponse(id: number, status: number, list: FieldList, edits: HeadEdits, endStream: boolean): void {
    this.#writeBlock(id, this.#writer.response(status, list, edits), endStream);
  }

  /** Writes as much of `bytes[start, end)` as the windows allow; returns where it stopped. */
  writeContent(stream: Http2Stream, bytes: Buffer, start: number, end: number, endStream: boolean): number {
    const out = this.#owner.out();
    let at = start;
    do {
      const length = Math.max(0, Math.min(end - at, this.peer.maxFrame, this.#sendWindow.left, stream.sendWindow.left));
      if (length === 0 && end > start) break;
      frames.writeData(out, stream.id, bytes, at, at + length, endStream && at + length === end);
      this.#sendWindow.take(length);
      this.sentContent += length;
      stream.sendWindow.take(length);
      at += length;
    } while (at < end);
    return at;
  }

  /** So many octets of `stream` wait for windows; or, when negative, have stopped waiting. */
  wait(stream: Http2Stream, octets: number): void {
    this.#waitingBytes += octets;
    if (octets > 0) this.#waiting.add(stream);
  }

  passed(stream: Http2Stream, octets: number): void {
    if (stream.closed) return;
    this.#release(octets);
    const increment = stream.receiveWindow.pass(octets);
    if (increment > 0 && !stream.remoteEnded) frames.writeWindowUpdate(this.#owner.out(), stream.id, increment);
  }

  resetStream(stream: Http2Stream, code: ErrorCode): void {
    if (stream.closed) return;
    this.#rst(stream.id, code);
    this.#closeStream(stream, code);
  }

  /** One side of `stream` has ended. */
  ended(stream: Http2Stream): void {
    if (!stream.localEnded || !stream.remoteEnded) return;
    if (this.#streams.isPeers(stream.id)) this.#guard.ended();
    this.#remove(stream);
  }

  // What frames say.

  onDataStart(id: number, length: number): void {
    this.#requireSettings();
    this.#hasContent = false;
    if (this.#streams.isIdle(id)) throw new Http2Error(ErrorCode.protocolError, 'DATA on an idle stream');
    this.#receiveWindow.receive(length);
    if (!this.#server) this.#credit(length);
    const stream = this.#streams.get(id);
    this.#current = undefined;
    if (stream === undefined) {
      // Section 5.1: what is on its way to a stream that was reset here is passed over; what follows an end is wrong.
      if (!this.#streams.wasReset(id)) throw new Http2Error(ErrorCode.streamClosed, `DATA on the closed stream ${id}`);
      return this.#release(length);
    }
    if (stream.remoteEnded) {
      this.#release(length);
      return this.resetStream(stream, ErrorCode.streamClosed);
    }
    stream.receiveWindow.receive(length);
    this.#current = stream;
  }

  onData(_id: number, bytes: Buffer, start: number, end: number, last: boolean): void {
    const stream = this.#current;
    if (stream === undefined || stream.closed) return;
    this.#hasContent = true;
    this.#guard.worked();
    if (stream.expected >= 0 && (stream.expected -= end - start) < 0) return this.#malformed(stream.id);
    // What is shorter than was said is malformed at its end.
    stream.handler?.onData(bytes, start, end, last && stream.expected <= 0);
  }

  onDataEnd(id: number, padding: number, endStream: boolean): void {
    const stream = this.#current;
    this.#current = undefined;
    if (!endStream && !this.#hasContent) this.#guard.idle();
    if (stream === undefined) return;
    if (padding > 0) this.passed(stream, padding);
    if (stream.closed || !endStream) return;
    if (stream.expected > 0) return this.#malformed(id);
    this.#endRemote(stream);
  }

  onHeaders(id: number, bytes: Buffer, start: number, end: number, endStream: boolean): void {
    this.#requireSettings();
    const stream = this.#streams.get(id);
    const kind: BlockKind = stream?.headRead === true ? 'trailers' : this.#server ? 'request' : 'response';
    this.#heads.begin(kind);
    const small = this.#decoder.decode(bytes, start, end, this.#own.maxHeaderList, this.#heads);
    const whole = small && this.#heads.count <= this.#own.maxFields;
    if (stream !== undefined) return this.#onOpenStream(stream, whole, endStream);
    if (this.#streams.wasReset(id)) return;
    if (!this.#server || id % 2 === 0) throw new Http2Error(ErrorCode.protocolError, `HEADERS on stream ${id}`);
    if (id <= this.#streams.lastOfPeer)
      throw new Http2Error(ErrorCode.streamClosed, `HEADERS on the closed stream ${id}`);
    this.#streams.lastOfPeer = id;
    this.#onNewStream(id, whole, endStream);
  }

  onRstStream(id: number, code: number): void {
    this.#requireSettings();
    if (this.#streams.isIdle(id)) throw new Http2Error(ErrorCode.protocolError, 'RST_STREAM on an idle stream');
    const stream = this.#streams.get(id);
    if (this.#streams.isPeers(id)) this.#guard.reset();
    if (stream === undefined) return;
    // Section 8.1: the rest of the request is not wanted. Some servers say so in place of the response's end.
    if (code === ErrorCode.noError && !this.#server && stream.whole) this.#endRemote(stream);
    this.#closeStream(stream, code);
  }

  onSettings(settings: readonly number[]): void {
    this.greeted = true;
    this.#guard.idle();
    const { initialWindow, headerTableSize } = this.peer;
    this.peer.apply(settings);
    if (this.peer.headerTableSize !== headerTableSize) this.#writer.setPeerTableSize(this.peer.headerTableSize);
    const difference = this.peer.initialWindow - initialWindow;
    if (difference !== 0) {
      for (const stream of this.#streams.all()) {
        if (!stream.sendWindow.add(difference)) throw windowTooLarge();
      }
    }
    this.#guard.answer(this.#owner.backlogged);
    frames.writeSettingsAck(this.#owner.out());
    this.#owner.onSettings(this.peer);
    if (difference > 0) this.#flushWaiting();
  }

  onSettingsAck(): void {
    this.#requireSettings();
    this.#guard.idle();
    this.#own.acknowledged();
  }

  onPing(bytes: Buffer, start: number, ack: boolean): void {
    this.#requireSettings();
    if (ack && this.#ownPing.answers(bytes, start)) return this.#owner.onPong?.();
    this.#guard.idle();
    if (ack) return;
    this.#guard.answer(this.#owner.backlogged);
    frames.writePing(this.#owner.out(), bytes, start, true);
  }

  onGoaway(lastStream: number, code: number): void {
    this.#requireSettings();
    this.#goawayAt = Math.min(this.#goawayAt, lastStream, MAX_STREAM - 1);
    for (const stream of this.#streams.all()) {
      if (!this.#streams.isPeers(stream.id) && stream.id > lastStream)
        this.#closeStream(stream, ErrorCode.refusedStream);
    }
    this.#owner.onGoaway(lastStream, code);
  }

  onWindowUpdate(id: number, increment: number): void {
    this.#requireSettings();
    if (id === 0) {
      if (!this.#sendWindow.add(increment)) throw windowTooLarge();
      return this.#flushWaiting();
    }
    if (this.#streams.isIdle(id)) throw new Http2Error(ErrorCode.protocolError, 'WINDOW_UPDATE on an idle stream');
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    if (!stream.sendWindow.add(increment)) return this.resetStream(stream, ErrorCode.flowControlError);
    if (this.#waiting.has(stream) && !stream.flush()) this.#waiting.delete(stream);
  }

  onIgnored(): void {
    this.#requireSettings();
    this.#guard.idle();
  }

  onStreamError(id: number, code: ErrorCode): void {
    this.#requireSettings();
    this.#guard.idle();
    this.#streamFailed(id, code);
  }

  #onNewStream(id: number, whole: boolean, endStream: boolean): void {
    if (this.#streams.ofPeer >= this.#own.maxStreams || id > this.#lastTaken) {
      this.#guard.reset();
      return this.#rst(id, ErrorCode.refusedStream);
    }
    const head = this.#heads.finish(this.#own.extendedConnect);
    if (head === undefined || (endStream && head.contentLength > 0)) return this.#malformed(id);
    const stream = this.#createStream(id);
    this.#guard.worked();
    stream.headRead = true;
    stream.expected = head.contentLength;
    if (!whole) return this.#tooLarge(stream);
    // Known before the request is handed on: it may be answered at once.
    stream.remoteEnded = endStream;
    stream.handler = this.#owner.onRequest(stream, head, endStream);
    if (endStream && !stream.closed) this.#endRemote(stream);
  }

  /** A response, an interim one, or trailers. */
  #onOpenStream(stream: Http2Stream, whole: boolean, endStream: boolean): void {
    if (stream.remoteEnded) return this.resetStream(stream, ErrorCode.streamClosed);
    if (!whole) return this.resetStream(stream, ErrorCode.internalError);
    if (stream.headRead) {
      if (!endStream || this.#heads.malformed !== '' || stream.expected > 0) return this.#malformed(stream.id);
      stream.handler?.onTrailers(this.#heads.takeFields());
      return stream.closed ? undefined : this.#endRemote(stream);
    }
    const head = this.#heads.finish(false);
    const interim = head !== undefined && head.status < 200;
    if (head === undefined || (interim && endStream)) return this.#malformed(stream.id);
    if (!interim) {
      stream.headRead = true;
      stream.expected = head.contentLength;
    }
    stream.handler?.onHead(head, endStream);
    if (endStream && !stream.closed) this.#endRemote(stream);
  }

  #endRemote(stream: Http2Stream): void {
    stream.remoteEnded = true;
    stream.handler?.onEnd();
    if (!stream.closed) this.ended(stream);
  }

  /** RFC 6585, section 5. */
  #tooLarge(stream: Http2Stream): void {
    stream.sendHead([':status', '431', 'content-length', '0'], true);
    this.resetStream(stream, ErrorCode.noError);
  }

  #malformed(id: number): void {
    this.#streamFailed(id, ErrorCode.protocolError);
  }

  #streamFailed(id: number, code: ErrorCode): void {
    this.#guard.answer(this.#owner.backlogged);
    if (this.#streams.isPeers(id)) this.#guard.reset();
    const stream = this.#streams.get(id);
    if (stream !== undefined) this.resetStream(stream, code);
    else this.#rst(id, code);
  }

  #rst(id: number, code: ErrorCode): void {
    frames.writeRstStream(this.#owner.out(), id, code);
    this.#streams.rememberReset(id);
  }

  #openStream(handler: StreamHandler): Http2Stream {
    const stream = this.#createStream(this.#streams.takeNumber());
    stream.handler = handler;
    return stream;
  }

  #writeBlock(id: number, block: HpackEncoder, endStream: boolean): void {
    frames.writeHeaders(this.#owner.out(), id, block.target, block.length, endStream, this.peer.maxFrame);
  }

  #createStream(id: number): Http2Stream {
    const stream = new Http2Stream(this, id, this.peer.initialWindow, this.#own.streamWindow);
    this.#streams.add(stream);
    return stream;
  }

  #closeStream(stream: Http2Stream, code: number): void {
    if (stream.closed) return;
    // First, so that whoever hears of its end counts it no more.
    stream.drop();
    this.#remove(stream);
    stream.handler?.onReset(code);
  }

  #remove(stream: Http2Stream): void {
    if (stream.closed) return;
    stream.closed = true;
    this.#streams.delete(stream);
    this.#waiting.delete(stream);
    this.#release(stream.receiveWindow.held);
    stream.handler?.onClosed();
  }

  /**
   * Content is no longer held here. A server's peer has all of the connection to itself, so it may fill it up; on a
   * client's are the responses to many callers, and those that one does not take hold up its own stream alone.
   */
  #release(octets: number): void {
    if (this.#server) this.#credit(octets);
  }

  /** Gives back room of the whole connection. */
  #credit(octets: number): void {
    if (this.#failed) return;
    const increment = this.#receiveWindow.pass(octets);
    if (increment > 0) frames.writeWindowUpdate(this.#owner.out(), 0, increment);
  }

  #flushWaiting(): void {
    for (const stream of [...this.#waiting]) {
      if (this.#sendWindow.left <= 0) return;
      if (!stream.flush()) this.#waiting.delete(stream);
    }
  }

  /** SETTINGS are the first frame of either side. Section 3.4. */
  #requireSettings(): void {
    if (!this.greeted) throw new Http2Error(ErrorCode.protocolError, 'a first frame that is not SETTINGS');
  }
}
