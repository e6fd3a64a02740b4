import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { HostPort } from '../../config/address.ts';
import type { Clock, Timer } from '../../core/clock.ts';
import { inWords } from '../../core/connect-trouble.ts';
import { FrameReader, JuteReader } from './jute.ts';
import type { JuteWriter } from './jute.ts';
import {
  authFrame,
  connectFrame,
  describeError,
  ERROR,
  OP,
  readConnect,
  readEvent,
  request,
  XID,
  ZkError,
} from './protocol.ts';
import type { ConnectResult, ZkEvent } from './protocol.ts';

/** What a session keeps from one connection to the next. */
export interface SessionState {
  id: bigint;
  password: Buffer;
  /** ms, as asked for or as the server has it. */
  timeout: number;
  /** The newest transaction heard of: a server that is behind it may not serve this client. */
  zxid: bigint;
}

export interface ConnectionEvents {
  /** The server has taken the session, or says that it has expired. */
  connected(result: ConnectResult): void;
  event(event: ZkEvent): void;
  /** Called once. `reached`: it was connected to a server, whatever that did then. */
  closed(reason: string, reached: boolean): void;
}

interface Pending {
  readonly what: string;
  readonly done: (reader: JuteReader) => void;
  readonly failed: (error: ZkError) => void;
}

export interface ConnectionOptions {
  readonly server: HostPort;
  /** ms for the server to take the session. */
  readonly patience: number;
  readonly clock: Clock;
  readonly session: SessionState;
  readonly auth: { readonly scheme: string; readonly credential: string } | undefined;
}

/**
 * One TCP connection to one server, from dialling to its end: handshake, requests and their
 * replies in order, pings, and the watch for a server that has gone silent.
 */
export class ZkConnection {
  readonly #options: ConnectionOptions;
  readonly #events: ConnectionEvents;
  readonly #socket: Socket;
  readonly #frames = new FrameReader();
  /** By xid, in the order of sending, which is also the order of the replies. */
  readonly #pending = new Map<number, Pending>();
  /** The wait for the session to be taken, then that for a server that has gone silent. */
  #silence: Timer;
  #pings: Timer | undefined;
  #lastHeard = 0;
  #reached = false;
  #result: ConnectResult | undefined;
  #over = false;
  #xid = 0;

  constructor(options: ConnectionOptions, events: ConnectionEvents) {
    const { server, clock, session, patience } = options;
    this.#options = options;
    this.#events = events;
    this.#socket = connect({ host: server.host, port: server.port, noDelay: true });
    this.#silence = clock.after(patience, () => this.destroy(`no session within ${Math.round(patience)} ms`));
    this.#socket.on('connect', () => {
      this.#reached = true;
      this.#socket.write(connectFrame(session));
    });
    this.#socket.on('data', (chunk) => this.#read(chunk as Buffer));
    this.#socket.on('error', (error) => this.destroy(inWords(error)));
    this.#socket.on('close', () => this.destroy('the server closed the connection'));
  }

  /** Sends a request whose body `write` adds; resolves with what `read` makes of the reply. */
  call<T>(what: string, op: number, write: (writer: JuteWriter) => void, read: (reader: JuteReader) => T): Promise<T> {
    if (this.#over) return Promise.reject(connectionLoss(what));
    const xid = ++this.#xid;
    const writer = request(xid, op);
    write(writer);
    return new Promise((resolve, reject) => {
      this.#pending.set(xid, { what, done: (reader) => resolve(read(reader)), failed: reject });
      this.#socket.write(writer.frame());
    });
  }

  /** Ends the session: the server removes its nodes at once. Resolves when it has, or the connection is gone. */
  async closeSession(): Promise<void> {
    await this.call(
      'close',
      OP.closeSession,
      () => {},
      () => {},
    ).catch(() => {});
    this.destroy('closed');
  }

  /** Cuts the connection; the session stays for its timeout. */
  destroy(reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#silence.cancel();
    this.#pings?.cancel();
    this.#socket.destroy();
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { what, failed } of pending) failed(connectionLoss(what));
    this.#events.closed(reason, this.#reached);
  }

  #read(chunk: Buffer): void {
    if (this.#over) return;
    this.#lastHeard = this.#options.clock.now();
    try {
      this.#frames.push(chunk, (frame) => {
        if (this.#over) return;
        if (this.#result !== undefined) this.#reply(new JuteReader(frame));
        else this.#welcome(readConnect(frame));
      });
    } catch (error) {
      this.destroy(`what the server sent cannot be read: ${String(error)}`);
    }
  }

  #welcome(result: ConnectResult): void {
    const { auth, clock } = this.#options;
    this.#silence.cancel();
    this.#result = result;
    if (result.timeout <= 0) return this.#events.connected(result);
    this.#pings = clock.every(Math.max(1, Math.floor(result.timeout / 3)), () => {
      this.#socket.write(request(XID.ping, OP.ping).frame());
    });
    this.#listen((result.timeout * 2) / 3);
    if (auth === undefined) this.#events.connected(result);
    else this.#socket.write(authFrame(auth.scheme, auth.credential));
  }

  #authenticated(error: number): void {
    if (error !== 0) this.destroy(`the server does not accept the credential: ${describeError(error)}`);
    else if (this.#result !== undefined) this.#events.connected(this.#result);
  }

  /** A ping goes out each third of the session's timeout, so silence for two thirds means that nobody is there. */
  #listen(longest: number): void {
    const { clock } = this.#options;
    const left = this.#lastHeard + longest - clock.now();
    if (left <= 0) return this.destroy(`nothing heard for ${Math.round(longest)} ms`);
    this.#silence = clock.after(left, () => this.#listen(longest));
  }

  #reply(reader: JuteReader): void {
    const xid = reader.int();
    const zxid = reader.long();
    const error = reader.int();
    if (zxid > this.#options.session.zxid) this.#options.session.zxid = zxid;
    if (xid === XID.ping) return;
    if (xid === XID.event) return this.#events.event(readEvent(reader));
    if (xid === XID.auth) return this.#authenticated(error);
    const pending = this.#pending.get(xid);
    if (pending === undefined) throw new Error(`a reply to request ${xid}, which was never made`);
    // A body that cannot be read throws here; the request then fails with its connection.
    if (error !== 0) pending.failed(new ZkError(error, `ZooKeeper: ${pending.what}: ${describeError(error)}`));
    else pending.done(reader);
    this.#pending.delete(xid);
  }
}

function connectionLoss(what: string): ZkError {
  return new ZkError(ERROR.connectionLoss, `ZooKeeper: ${what}: the connection was lost`);
}
