import { once } from 'node:events';
import net from 'node:net';
import { Budget } from '../../../core/budget.ts';
import { boltCodec } from '../../codec/bolt/codec.ts';
import { encodeFrame } from '../../codec/bolt/encode.ts';
import { encodeHeaders } from '../../codec/bolt/headers.ts';
import { BoltStatus } from '../../codec/bolt/status.ts';
import * as wire from '../../codec/bolt/wire.ts';
import { BufferSink } from '../../message/buffer-sink.ts';
import { FrameKind, type FrameView } from '../../message/frame.ts';

/** What a test wants to know of a frame, copied out of it. */
export interface Seen {
  readonly kind: FrameKind;
  readonly id: number;
  readonly timeout: number;
  readonly success: boolean;
  /** The whole content as Latin-1; local replies have their reason in it. */
  readonly text: string;
  /** Which of its connections a provider got it on, counted from 0. */
  readonly connection: number;
}

const LIMITS = { maxFrame: 1 << 20, maxHeader: 0xffff };

/** Frames in the order in which they came; `next` waits for one. */
export class Inbox {
  /** How many have come. */
  count = 0;
  readonly #seen: Seen[] = [];
  readonly #waiting: ((frame: Seen) => void)[] = [];
  #watching: (() => void)[] = [];

  /** Resolves when there is one to take, and leaves it. */
  arrival(): Promise<this> {
    if (this.#seen.length > 0) return Promise.resolve(this);
    return new Promise((resolve) => this.#watching.push(() => resolve(this)));
  }

  next(): Promise<Seen> {
    const seen = this.#seen.shift();
    if (seen !== undefined) return Promise.resolve(seen);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Feeds it with what `socket` brings. Heartbeats are answered, unless `mute` says no, and not shown. */
  attach(socket: net.Socket, connection: number, mute?: ReadonlySet<number>): void {
    const onFrame = (frame: FrameView): void => {
      if (mute?.has(connection) === true) return;
      if (frame.kind === FrameKind.heartbeat) return void socket.write(written((out) => ack(out, frame)));
      if (frame.kind !== FrameKind.heartbeatAck) this.#push(copy(frame, connection));
    };
    const decoder = boltCodec.createDecoder(LIMITS, new Budget(1 << 22), { onFrame, onRejected: onFrame });
    socket.on('data', (chunk: Buffer) => decoder.push(chunk, chunk.length));
    socket.on('error', () => {});
  }

  #push(frame: Seen): void {
    this.count++;
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) return waiting(frame);
    this.#seen.push(frame);
    for (const tell of this.#watching) tell();
    this.#watching = [];
  }
}

/** A provider that answers when the test says so. */
export class Provider {
  readonly requests = new Inbox();
  /** All that it ever accepted. */
  readonly sockets: net.Socket[] = [];
  /** What it does with a connection that it accepts; `closing` accepts and closes it at once. */
  greeting: 'serving' | 'closing' | 'goaway' = 'serving';
  readonly #mute = new Set<number>();
  readonly #server: net.Server;

  private constructor(server: net.Server) {
    this.#server = server;
    server.on('connection', (socket) => {
      const connection = this.sockets.push(socket) - 1;
      this.requests.attach(socket, connection, this.#mute);
      if (this.greeting === 'closing') socket.end();
      if (this.greeting === 'goaway') this.goaway(connection);
    });
  }

  /** @param port 0 takes a free one. */
  static async start(port = 0): Promise<Provider> {
    const server = net.createServer();
    const provider = new Provider(server);
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return provider;
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  /** @param headers make it a failure; bytes are sent as they are. */
  /** @param status of Bolt; an error where there are `headers`. */
  reply(
    request: Seen,
    content = 'done',
    headers: Buffer | readonly (readonly [string, string])[] = [],
    status: number = headers.length > 0 ? BoltStatus.error : BoltStatus.success,
  ): void {
    const fields = {
      protocol: 1,
      type: wire.TYPE_RESPONSE,
      command: wire.COMMAND_RESPONSE,
      id: request.id,
      status,
      headers: Buffer.isBuffer(headers) ? headers : encodeHeaders(headers),
      content: Buffer.from(content, 'latin1'),
    } as const;
    this.sockets[request.connection]!.write(written((out) => encodeFrame(out, fields)));
  }

  /** From now on it answers each request at once. */
  answerAll(content: string): void {
    const next = async (): Promise<void> => {
      this.reply(await this.requests.next(), content);
      return next();
    };
    void next();
  }

  /** Says that it takes no more requests on this connection. */
  goaway(connection: number): void {
    this.sockets[connection]!.write(written((out) => boltCodec.goaway(out, 0)));
  }

  /** Takes what comes on this connection, and says nothing any more. */
  mute(connection: number): void {
    this.#mute.add(connection);
  }

  /** Breaks its connections, or this one; new ones are taken. */
  cut(connection?: number): void {
    for (const [i, socket] of this.sockets.entries())
      if (connection === undefined || i === connection) socket.destroy();
  }

  /** Takes no new connections; those that there are stay. */
  refuse(): void {
    this.#server.close();
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.cut();
    await closed;
  }
}

/** A caller that has one connection. */
export class Caller {
  readonly replies = new Inbox();
  readonly socket: net.Socket;
  /** How the connection has ended for it, in order: `end`, an error's code, `close`. */
  readonly events: string[] = [];

  private constructor(socket: net.Socket) {
    this.socket = socket;
    for (const event of ['end', 'close']) socket.on(event, () => this.events.push(event));
    socket.on('error', (error: NodeJS.ErrnoException) => this.events.push(error.code ?? error.message));
    this.replies.attach(socket, 0);
  }

  static async connect(port: number, options: { readonly allowHalfOpen?: boolean } = {}): Promise<Caller> {
    const socket = net.connect({ port, host: '127.0.0.1', ...options });
    await once(socket, 'connect');
    return new Caller(socket);
  }

  send(id: number, service: string, options: RequestOptions = {}): void {
    this.socket.write(requestBytes(id, service, options));
  }
}

export interface RequestOptions {
  readonly timeout?: number;
  readonly oneway?: boolean;
  readonly content?: string;
  readonly headers?: readonly (readonly [string, string])[];
  /** The header block says more than it has, behind the service. */
  readonly broken?: boolean;
}

export function requestBytes(id: number, service: string, options: RequestOptions = {}): Buffer {
  const fields = {
    protocol: 1,
    type: options.oneway === true ? wire.TYPE_ONEWAY : wire.TYPE_REQUEST,
    command: wire.COMMAND_REQUEST,
    id,
    timeout: options.timeout ?? 0,
    headers: Buffer.concat([
      encodeHeaders([['service', service], ...(options.headers ?? [])]),
      ...(options.broken === true ? [Buffer.from([0, 0, 0, 99])] : []),
    ]),
    content: Buffer.from(options.content ?? '', 'latin1'),
  } as const;
  return written((out) => encodeFrame(out, fields));
}

function written(write: (out: BufferSink) => void): Buffer {
  const sink = new BufferSink();
  write(sink);
  return Buffer.from(sink.bytes());
}

function ack(out: BufferSink, frame: FrameView): void {
  boltCodec.heartbeatAck(out, frame.id, frame.replyContext);
}

function copy(frame: FrameView, connection: number): Seen {
  const { kind, id, timeout, success, bytes, start, end } = frame;
  return { kind, id, timeout, success, text: bytes.toString('latin1', start, end), connection };
}
