import { once } from 'node:events';
import net from 'node:net';
import { ManualClock } from '../../../core/manual-clock.ts';
import { Http2Connection } from '../../codec/http2/connection.ts';
import type { Http2Head } from '../../codec/http2/head.ts';
import type { Http2Limits, Http2Owner } from '../../codec/http2/owner.ts';
import type { Http2Error } from '../../codec/http2/protocol.ts';
import type { Http2Stream, StreamHandler } from '../../codec/http2/stream.ts';
import { BufferSink } from '../../message/buffer-sink.ts';
import { until } from '../../../core/testing/settled.ts';

const LIMITS: Http2Limits = {
  maxStreams: 100,
  streamWindow: 65_535,
  connectionWindow: 1 << 20,
  maxHeaderList: 16_384,
  maxFields: 100,
  extendedConnect: true,
};

/** One stream, and what it was told, in order. */
export class PeerStream implements StreamHandler {
  stream!: Http2Stream;
  /** Of the request, or of the last head of the response. */
  head: Http2Head | undefined;
  /** `head 200`, `end`, `reset 8` and the like. */
  readonly events: string[] = [];
  content = '';
  trailers: readonly string[] = [];
  /** Takes content off the windows as it comes; else they fill up. */
  passes = true;

  /** What a field of the head says; its name is in lower case. */
  field(name: string): string | undefined {
    const { fields = [] } = this.head ?? {};
    const at = fields.findIndex((text, i) => i % 2 === 0 && text === name);
    return at < 0 ? undefined : fields[at + 1];
  }

  get ended(): boolean {
    return this.events.includes('end');
  }

  /** The status of the response once all of it has come. */
  async status(): Promise<number> {
    await until(`the response, after ${this.events.join(', ')}`, () => this.ended || this.reset !== undefined);
    if (!this.ended) throw new Error(`reset with ${this.reset}`);
    return this.head!.status;
  }

  get reset(): number | undefined {
    const event = this.events.find((text) => text.startsWith('reset'));
    return event === undefined ? undefined : Number(event.slice(6));
  }

  answer(status = 200, content = '', trailers: readonly string[] = [], fields: readonly string[] = []): void {
    const bytes = Buffer.from(content, 'latin1');
    this.stream.sendHead([':status', String(status), ...fields], content === '' && trailers.length === 0);
    this.stream.sendData(bytes, 0, bytes.length, trailers.length === 0);
    if (trailers.length > 0) this.stream.sendTrailers(trailers);
  }

  send(content: string, end = false): void {
    const bytes = Buffer.from(content, 'latin1');
    this.stream.sendData(bytes, 0, bytes.length, end);
  }

  onHead(head: Http2Head): void {
    this.head = head;
    this.events.push(`head ${head.status}`);
  }
  onData(bytes: Buffer, start: number, end: number): void {
    this.content += bytes.toString('latin1', start, end);
    if (this.passes) this.stream.passed(end - start);
  }
  onTrailers(fields: readonly string[]): void {
    this.trailers = fields;
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

/** One end of an HTTP/2 connection, in the hands of the test. */
export class Http2Peer implements Http2Owner {
  readonly socket: net.Socket;
  readonly h2: Http2Connection;
  /** Of servers: requests in the order in which they came. */
  readonly requests: PeerStream[] = [];
  /** The last streams that the other side's goodbyes named. */
  readonly goaways: number[] = [];
  readonly backlogged = false;
  failure: Http2Error | undefined;
  settingsCame = false;
  closed = false;
  /** Whether content of new streams is taken off the windows as it comes. */
  passes = true;
  #out = new BufferSink();
  #scheduled = false;

  constructor(socket: net.Socket, side: 'server' | 'client', limits: Partial<Http2Limits>) {
    this.socket = socket;
    this.h2 = new Http2Connection(side, { ...LIMITS, ...limits }, this, new ManualClock());
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => this.h2.read(bytes, 0, bytes.length));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
      this.h2.abandon();
    });
    this.h2.begin();
  }

  static async connect(port: number, limits: Partial<Http2Limits> = {}): Promise<Http2Peer> {
    const socket = net.connect({ port, host: '127.0.0.1' });
    await once(socket, 'connect');
    const peer = new Http2Peer(socket, 'client', limits);
    await until('the settings', () => peer.settingsCame);
    return peer;
  }

  /** @param fields behind the pseudo fields, which they may replace: names and values by turns. */
  request(path = '/', fields: readonly string[] = [], end = true, method = end ? 'GET' : 'POST'): PeerStream {
    const pseudo = [':method', method, ':scheme', 'http', ':authority', 'shop', ':path', path];
    const handler = new PeerStream();
    handler.passes = this.passes;
    handler.stream = this.h2.openStream([...pseudo, ...fields], end, handler);
    return handler;
  }

  /** The request of this number, counted from 0, when its head has come. */
  async served(number: number): Promise<PeerStream> {
    await until(`request ${number}`, () => this.requests.length > number);
    return this.requests[number]!;
  }

  out(): BufferSink {
    if (!this.#scheduled) {
      this.#scheduled = true;
      queueMicrotask(() => this.#flush());
    }
    return this.#out;
  }

  onRequest(stream: Http2Stream, head: Http2Head): StreamHandler {
    const request = new PeerStream();
    request.stream = stream;
    request.head = head;
    request.passes = this.passes;
    request.events.push(`${head.method} ${head.path}`);
    this.requests.push(request);
    return request;
  }
  onGoaway(lastStream: number): void {
    this.goaways.push(lastStream);
  }
  onSettings(): void {
    this.settingsCame = true;
  }
  onFailed(error: Http2Error): void {
    this.failure = error;
    this.socket.end();
  }

  #flush(): void {
    this.#scheduled = false;
    const bytes = Buffer.from(this.#out.bytes());
    this.#out = new BufferSink();
    if (this.socket.writable) this.socket.write(bytes);
  }
}

/** A server of HTTP/2 whose connections are the test's. */
export class Http2Server {
  readonly peers: Http2Peer[] = [];
  /** What is done with each connection at once. */
  onPeer: (peer: Http2Peer) => void = () => {};
  readonly #server: net.Server;

  private constructor(server: net.Server, limits: Partial<Http2Limits>) {
    this.#server = server;
    server.on('connection', (socket) => {
      const peer = new Http2Peer(socket, 'server', limits);
      this.peers.push(peer);
      this.onPeer(peer);
    });
  }

  /** @param port 0 takes a free one. */
  static async start(limits: Partial<Http2Limits> = {}, port = 0): Promise<Http2Server> {
    const server = net.createServer();
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return new Http2Server(server, limits);
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  async peer(number: number): Promise<Http2Peer> {
    await until(`connection ${number}`, () => this.peers.length > number);
    return this.peers[number]!;
  }

  /** Requests on all connections. */
  get requests(): PeerStream[] {
    return this.peers.flatMap(({ requests }) => requests);
  }

  /** The request of this number, on whichever connection, counted connection by connection. */
  async served(number: number): Promise<PeerStream> {
    await until(`request ${number}`, () => this.requests.length > number);
    return this.requests[number]!;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const { socket } of this.peers) socket.destroy();
    await closed;
  }
}
