import { ManualClock } from '../../../../core/manual-clock.ts';
import { BufferSink } from '../../../message/buffer-sink.ts';
import { Http2Connection } from '../connection.ts';
import type { Http2Limits, Http2Owner } from '../owner.ts';
import type { Http2Head } from '../head.ts';
import type { Http2Error } from '../protocol.ts';
import type { Http2Stream, StreamHandler } from '../stream.ts';

export const LIMITS: Http2Limits = {
  maxStreams: 10,
  streamWindow: 65_535,
  connectionWindow: 1 << 20,
  maxHeaderList: 16_384,
  maxFields: 100,
};

/** What a stream was told, and its content so far. */
export class StreamLog implements StreamHandler {
  readonly events: string[] = [];
  content = '';
  /** Octets that came and have not been passed on. */
  held = 0;
  head: Http2Head | undefined;

  onHead(head: Http2Head, endStream: boolean): void {
    this.head = head;
    this.events.push(`head ${head.status}${endStream ? ' end' : ''}`);
  }
  onData(bytes: Buffer, start: number, end: number, _last: boolean): void {
    this.content += bytes.toString('latin1', start, end);
    this.held += end - start;
  }
  onTrailers(fields: readonly string[]): void {
    this.events.push(`trailers ${fields.join(' ')}`);
  }
  onEnd(): void {
    this.events.push('end');
  }
  onReset(code: number): void {
    this.events.push(`reset ${code}`);
  }
  onWritable(): void {
    this.events.push('writable');
  }
  onClosed(): void {}
}

/** One side of a connection, whose octets wait until they are carried over. */
export class Side implements Http2Owner {
  readonly connection: Http2Connection;
  readonly requests: { readonly stream: Http2Stream; readonly head: Http2Head; readonly log: StreamLog }[] = [];
  readonly goaways: number[] = [];
  readonly clock = new ManualClock();
  failure: Http2Error | undefined;
  backlogged = false;
  pongs = 0;
  #sink = new BufferSink();

  constructor(side: 'server' | 'client', limits: Http2Limits) {
    this.connection = new Http2Connection(side, limits, this, this.clock);
    this.connection.begin();
  }

  out(): BufferSink {
    return this.#sink;
  }

  /** What has been written since it was last taken. */
  take(): Buffer {
    const bytes = this.#sink.bytes();
    this.#sink = new BufferSink();
    return bytes;
  }

  onRequest(stream: Http2Stream, head: Http2Head, endStream: boolean): StreamHandler {
    const log = new StreamLog();
    log.events.push(`request ${head.method} ${head.path}${endStream ? ' end' : ''}`);
    this.requests.push({ stream, head, log });
    return log;
  }
  onGoaway(lastStream: number): void {
    this.goaways.push(lastStream);
  }
  onSettings(): void {}
  onPong(): void {
    this.pongs++;
  }
  onFailed(error: Http2Error): void {
    this.failure = error;
  }
}

/** A client and a server, and the wire between them. */
export class Pair {
  readonly client: Side;
  readonly server: Side;
  /** Octets that each direction has carried. */
  carried = 0;

  constructor(limits: Partial<Http2Limits> = {}) {
    this.client = new Side('client', { ...LIMITS, ...limits });
    this.server = new Side('server', { ...LIMITS, ...limits });
    this.settle();
  }

  /** Carries everything over until neither side has anything to say. */
  settle(): void {
    for (;;) {
      const [toServer, toClient] = [this.client.take(), this.server.take()];
      if (toServer.length + toClient.length === 0) return;
      this.carried += toServer.length + toClient.length;
      this.server.connection.read(toServer, 0, toServer.length);
      this.client.connection.read(toClient, 0, toClient.length);
    }
  }

  /** Begins a request and carries it over. */
  request(endStream: boolean, path = '/', more: readonly string[] = []) {
    const log = new StreamLog();
    const fields = [':method', 'POST', ':scheme', 'http', ':authority', 'a', ':path', path, ...more];
    const stream = this.client.connection.openStream(fields, endStream, log);
    this.settle();
    return { stream, log, served: this.server.requests.at(-1) };
  }
}
