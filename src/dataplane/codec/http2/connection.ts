import type { Clock } from '../../../core/clock.ts';
import { WeftError } from '../../../core/errors.ts';
import type { ByteSink } from '../../message/frame.ts';
import type { FieldList, HeadEdits, RequestHead } from '../../message/http-head.ts';
import { FloodGuard } from './flood-guard.ts';
import { ReceiveWindow, SendWindow } from './flow-window.ts';
import { FrameReader, type FrameSink } from './frame-reader.ts';
import * as frames from './frame-writer.ts';
import type { Http2Head } from './head.ts';
import { type BlockKind, HeadReader } from './head-reader.ts';
import { HeadWriter } from './head-writer.ts';
import { HpackDecoder } from './hpack/decoder.ts';
import { PeerSettings } from './peer-settings.ts';
import { DEFAULT_WINDOW, ErrorCode, Http2Error, MAX_WINDOW, PREFACE, Setting } from './protocol.ts';
import { Http2Stream, type StreamHandler } from './stream.ts';

export interface Http2Limits {
  /** Streams that the peer may have open at once. */
  readonly maxStreams: number;
  /** Octets of one stream's content, and of all together, that may wait here. */
  readonly streamWindow: number;
  readonly connectionWindow: number;
  /** Octets of one head, as fields count (RFC 9113, section 6.5.2). */
  readonly maxHeaderList: number;
  /** Servers: whether CONNECT may open other protocols (RFC 8441). */
  readonly extendedConnect?: boolean;
}

/** What a connection needs of the one who has its socket. */
export interface Http2Owner {
  /** Where to write. */
  out(): ByteSink;
  /** More of what was written waits for the socket than should: the peer does not read. */
  readonly backlogged: boolean;
  /** Servers: a request. Returns who takes the rest of it. */
  onRequest(stream: Http2Stream, head: Http2Head, endStream: boolean): StreamHandler;
  /** The peer opens no more streams, or takes no more; those up to `lastStream` go on. */
  onGoaway(lastStream: number, code: number): void;
  /** What the peer allows has changed. */
  onSettings(settings: PeerSettings): void;
  /** The peer has answered `ping`. */
  onPong?(): void;
  /** The connection is at its end: what was written is the last; close the socket. */
  onFailed(error: Http2Error): void;
}

/** Streams that were reset here, and on which the peer may still be sending. */
const REMEMBERED_RESETS = 256;
const MAX_STREAM = 2 ** 31 - 1;
const OWN_PING = Buffer.from('weftping', 'latin1');

/** One HTTP/2 connection, either side, without its socket. RFC 9113. */
export class Http2Connection implements FrameSink {
  readonly peer = new PeerSettings();
  readonly #server: boolean;
  readonly #limits: Http2Limits;
  readonly #owner: Http2Owner;
  readonly #reader: FrameReader;
  readonly #decoder = new HpackDecoder();
  readonly #heads = new HeadReader();
  readonly #writer = new HeadWriter();
  readonly #guard: FloodGuard;
  readonly #streams = new Map<number, Http2Stream>();
  readonly #waiting = new Set<Http2Stream>();
  readonly #reset = new Set<number>();
  readonly #sendWindow = new SendWindow(DEFAULT_WINDOW);
  readonly #receiveWindow: ReceiveWindow;
  #prefaceLeft: number;
  #settingsRead = false;
  #lastPeerStream = 0;
  #nextStream: number;
  /** Streams that the peer has opened and that are not closed. */
  #peerStreams = 0;
  #ownStreams = 0;
  /** The last stream of ours that the peer takes, once it has said goaway. */
  #goawayAt = MAX_STREAM;
  /** The last stream of the peer's that is taken, once that has been said. */
  #lastTaken = MAX_STREAM;
  /** PINGs of our own, and how many of them have been answered. */
  #pings = 0;
  #pongs = 0;
  #waitingBytes = 0;
  #current: Http2Stream | undefined;
  /** Whether the DATA frame at hand holds anything. */
  #hasContent = false;
  #failed = false;

  constructor(side: 'server' | 'client', limits: Http2Limits, owner: Http2Owner, clock: Pick<Clock, 'now'>) {
    this.#server = side === 'server';
    this.#limits = limits;
    this.#owner = owner;
    this.#guard = new FloodGuard(clock);
    this.#prefaceLeft = this.#server ? PREFACE.length : 0;
    this.#nextStream = this.#server ? 2 : 1;
    // Huffman's code makes at most 8/5 of a block; the list's size is checked field by field.
    this.#reader = new FrameReader(this, { maxHeaderBlock: 2 * limits.maxHeaderList + 1024, maxContinuations: 64 });
    this.#receiveWindow = new ReceiveWindow(limits.connectionWindow);
  }

  /** Streams that are open. */
  get open(): number {
    return this.#streams.size;
  }

  /** Octets of all streams' content that wait for the peer's windows. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Writes what begins a connection. */
  begin(): void {
    const { maxStreams, streamWindow, maxHeaderList, connectionWindow, extendedConnect } = this.#limits;
    const out = this.#owner.out();
    const settings: number[] = [Setting.initialWindowSize, streamWindow, Setting.maxHeaderListSize, maxHeaderList];
    if (this.#server) {
      settings.push(Setting.maxConcurrentStreams, maxStreams);
      if (extendedConnect === true) settings.push(Setting.enableConnectProtocol, 1);
    } else {
      const at = out.reserve(PREFACE.length);
      PREFACE.copy(out.target, at);
      settings.push(Setting.enablePush, 0);
    }
    frames.writeSettings(out, settings);
    if (connectionWindow > DEFAULT_WINDOW) frames.writeWindowUpdate(out, 0, connectionWindow - DEFAULT_WINDOW);
  }

  /** Reads `bytes[at, end)`. Errors are told to the peer and to the owner. */
  read(bytes: Buffer, at: number, end: number): void {
    if (this.#failed) return;
    try {
      if (this.#prefaceLeft > 0) at = this.#readPreface(bytes, at, end);
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
      this.#ownStreams < this.peer.maxConcurrentStreams &&
      this.#nextStream < MAX_STREAM
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
    if (final) this.#lastTaken = this.#lastPeerStream;
    frames.writeGoaway(this.#owner.out(), this.#lastTaken, ErrorCode.noError);
  }

  /** Asks the peer for a sign of life, which `onPong` tells. Nothing happens while it owes an answer. */
  ping(): void {
    if (this.#failed || this.#pings > this.#pongs) return;
    this.#pings++;
    frames.writePing(this.#owner.out(), OWN_PING, 0, false);
  }

  /** Ends the connection with an error. */
  fail(error: Http2Error): void {
    if (this.#failed) return;
    frames.writeGoaway(this.#owner.out(), this.#lastPeerStream, error.code, error.message.slice(0, 200));
    this.abandon(error.code);
    this.#owner.onFailed(error);
  }

  /** The socket is gone, or about to be: every stream ends. */
  abandon(code: ErrorCode = ErrorCode.cancel): void {
    this.#failed = true;
    this.#reader.close();
    for (const stream of [...this.#streams.values()]) this.#closeStream(stream, code);
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
      const length = Math.min(end - at, this.peer.maxFrame, this.#sendWindow.left, stream.sendWindow.left);
      if (length <= 0 && end > start) break;
      frames.writeData(out, stream.id, bytes, at, at + length, endStream && at + length === end);
      this.#sendWindow.take(length);
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
    this.#credit(octets);
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
    if (this.#isPeers(stream.id)) this.#guard.ended();
    this.#remove(stream);
  }

  // What frames say.

  onDataStart(id: number, length: number): void {
    this.#requireSettings();
    this.#hasContent = false;
    if (this.#isIdle(id)) throw new Http2Error(ErrorCode.protocolError, 'DATA on an idle stream');
    this.#receiveWindow.receive(length);
    const stream = this.#streams.get(id);
    this.#current = undefined;
    if (stream === undefined || stream.remoteEnded) {
      this.#credit(length);
      if (!this.#reset.has(id)) this.#streamFailed(id, ErrorCode.streamClosed);
      return;
    }
    stream.receiveWindow.receive(length);
    this.#current = stream;
  }

  onData(_id: number, bytes: Buffer, start: number, end: number): void {
    const stream = this.#current;
    if (stream === undefined) return;
    if (stream.closed) return this.#credit(end - start);
    this.#hasContent = true;
    this.#guard.worked();
    if (stream.expected >= 0 && (stream.expected -= end - start) < 0) return this.#malformed(stream.id);
    stream.handler?.onData(bytes, start, end);
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
    const whole = this.#decoder.decode(bytes, start, end, this.#limits.maxHeaderList, this.#heads);
    if (stream !== undefined) return this.#onOpenStream(stream, whole, endStream);
    if (this.#reset.has(id)) return;
    if (!this.#server || id % 2 === 0) throw new Http2Error(ErrorCode.protocolError, `HEADERS on stream ${id}`);
    if (id <= this.#lastPeerStream) throw new Http2Error(ErrorCode.streamClosed, `HEADERS on the closed stream ${id}`);
    this.#lastPeerStream = id;
    this.#onNewStream(id, whole, endStream);
  }

  onRstStream(id: number, code: number): void {
    this.#requireSettings();
    if (this.#isIdle(id)) throw new Http2Error(ErrorCode.protocolError, 'RST_STREAM on an idle stream');
    const stream = this.#streams.get(id);
    if (this.#isPeers(id)) this.#guard.reset();
    if (stream !== undefined) this.#closeStream(stream, code);
  }

  onSettings(settings: readonly number[]): void {
    this.#settingsRead = true;
    this.#guard.idle();
    const { initialWindow, headerTableSize } = this.peer;
    this.peer.apply(settings);
    if (this.peer.headerTableSize !== headerTableSize) this.#writer.setPeerTableSize(this.peer.headerTableSize);
    const difference = this.peer.initialWindow - initialWindow;
    if (difference !== 0) {
      for (const stream of this.#streams.values()) {
        if (!stream.sendWindow.add(difference)) throw tooMuch();
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
  }

  onPing(bytes: Buffer, start: number, ack: boolean): void {
    this.#requireSettings();
    if (ack && this.#pongs < this.#pings && bytes.compare(OWN_PING, 0, 8, start, start + 8) === 0) {
      this.#pongs++;
      this.#owner.onPong?.();
      return;
    }
    this.#guard.idle();
    if (ack) return;
    this.#guard.answer(this.#owner.backlogged);
    frames.writePing(this.#owner.out(), bytes, start, true);
  }

  onGoaway(lastStream: number, code: number): void {
    this.#requireSettings();
    this.#goawayAt = Math.min(this.#goawayAt, lastStream, MAX_STREAM - 1);
    for (const stream of [...this.#streams.values()]) {
      if (!this.#isPeers(stream.id) && stream.id > lastStream) this.#closeStream(stream, ErrorCode.refusedStream);
    }
    this.#owner.onGoaway(lastStream, code);
  }

  onWindowUpdate(id: number, increment: number): void {
    this.#requireSettings();
    if (id === 0) {
      if (!this.#sendWindow.add(increment)) throw tooMuch();
      return this.#flushWaiting();
    }
    if (this.#isIdle(id)) throw new Http2Error(ErrorCode.protocolError, 'WINDOW_UPDATE on an idle stream');
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
    if (this.#peerStreams >= this.#limits.maxStreams || id > this.#lastTaken) {
      this.#guard.reset();
      return this.#rst(id, ErrorCode.refusedStream);
    }
    const head = this.#heads.finish(this.#limits.extendedConnect === true);
    if (head === undefined || (endStream && head.contentLength > 0)) return this.#malformed(id);
    const stream = this.#createStream(id);
    this.#peerStreams++;
    this.#guard.worked();
    stream.headRead = true;
    stream.expected = head.contentLength;
    if (!whole) return this.#tooLarge(stream);
    stream.handler = this.#owner.onRequest(stream, head, endStream);
    if (endStream && !stream.closed) this.#endRemote(stream);
  }

  /** A response, an interim one, or trailers. */
  #onOpenStream(stream: Http2Stream, whole: boolean, endStream: boolean): void {
    if (stream.remoteEnded) return this.resetStream(stream, ErrorCode.streamClosed);
    if (!whole) return this.resetStream(stream, ErrorCode.internalError);
    if (stream.headRead) {
      if (!endStream || this.#heads.malformed !== '' || stream.expected > 0) return this.#malformed(stream.id);
      stream.handler?.onTrailers(this.#heads.fields);
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
    const stream = this.#streams.get(id);
    if (stream !== undefined) this.resetStream(stream, code);
    else this.#rst(id, code);
  }

  #rst(id: number, code: ErrorCode): void {
    frames.writeRstStream(this.#owner.out(), id, code);
    this.#reset.add(id);
    if (this.#reset.size <= REMEMBERED_RESETS) return;
    for (const oldest of this.#reset) {
      this.#reset.delete(oldest);
      return;
    }
  }

  #openStream(handler: StreamHandler): Http2Stream {
    const stream = this.#createStream(this.#nextStream);
    this.#nextStream += 2;
    this.#ownStreams++;
    stream.handler = handler;
    return stream;
  }

  #writeBlock(id: number, block: Buffer, endStream: boolean): void {
    frames.writeHeaders(this.#owner.out(), id, block, endStream, this.peer.maxFrame);
  }

  #createStream(id: number): Http2Stream {
    const stream = new Http2Stream(this, id, this.peer.initialWindow, this.#limits.streamWindow);
    this.#streams.set(id, stream);
    return stream;
  }

  #closeStream(stream: Http2Stream, code: number): void {
    if (stream.closed) return;
    this.#remove(stream);
    stream.drop();
    stream.handler?.onReset(code);
  }

  #remove(stream: Http2Stream): void {
    if (stream.closed) return;
    stream.closed = true;
    this.#streams.delete(stream.id);
    this.#waiting.delete(stream);
    if (this.#isPeers(stream.id)) this.#peerStreams--;
    else this.#ownStreams--;
    this.#credit(stream.receiveWindow.held);
    stream.handler?.onClosed();
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

  #isPeers(id: number): boolean {
    return (id % 2 === 1) === this.#server;
  }

  #isIdle(id: number): boolean {
    return this.#isPeers(id) ? id > this.#lastPeerStream : id >= this.#nextStream;
  }

  /** SETTINGS are the first frame of either side. Section 3.4. */
  #requireSettings(): void {
    if (!this.#settingsRead) throw new Http2Error(ErrorCode.protocolError, 'a first frame that is not SETTINGS');
  }

  #readPreface(bytes: Buffer, at: number, end: number): number {
    while (at < end && this.#prefaceLeft > 0) {
      if (bytes[at] !== PREFACE[PREFACE.length - this.#prefaceLeft]) {
        throw new Http2Error(ErrorCode.protocolError, 'no connection preface');
      }
      at++;
      this.#prefaceLeft--;
    }
    return at;
  }
}

function asHttp2Error(error: unknown): Http2Error {
  if (error instanceof Http2Error) return error;
  if (error instanceof WeftError && error.code === 'compression') {
    return new Http2Error(ErrorCode.compressionError, error.message);
  }
  throw error;
}

function tooMuch(): Http2Error {
  return new Http2Error(ErrorCode.flowControlError, `a window of more than ${MAX_WINDOW}`);
}
