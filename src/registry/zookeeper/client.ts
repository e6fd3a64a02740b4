import { formatAddress } from '../../config/address.ts';
import type { HostPort } from '../../config/address.ts';
import type { Chance, Clock, Timer } from '../../core/clock.ts';
import { whatToCheck } from '../../core/connect-trouble.ts';
import type { Logger } from '../../telemetry/log.ts';
import { RedialWait } from '../redial-wait.ts';
import { ZkConnection } from './connection.ts';
import type { SessionState } from './connection.ts';
import { ERROR, isZkError, OP, readMultiError, readStat, writeCreate, writeMultiHeader, ZkError } from './protocol.ts';
import type { Access, ConnectResult, Stat, ZkEvent } from './protocol.ts';

export interface ZkClientOptions {
  readonly servers: readonly HostPort[];
  /** ms that the server is asked to keep the session of a client that it does not hear. */
  readonly sessionTimeout: number;
  readonly auth?: { readonly scheme: string; readonly credential: string };
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Logger;
  /** Ceiling of the wait before reconnecting, at first and at most, in ms. */
  readonly backoff?: { readonly base: number; readonly max: number };
}

export interface ZkClientEvents {
  /**
   * Connected. Watches are gone (they belong to the connection), and ephemeral nodes too when
   * the session is a new one.
   */
  up(): void;
  down(): void;
  event(event: ZkEvent): void;
}

export interface ZkNode {
  readonly path: string;
  readonly data: Buffer;
  readonly ephemeral: boolean;
}

/** How long a farewell may take, in ms. */
const FAREWELL = 1000;
const NO_PASSWORD = Buffer.alloc(16);

/**
 * A ZooKeeper session that is kept alive over connections, and begun anew when it has expired.
 * Operations reject with a ZkError, with `connectionLoss` while there is no connection.
 */
export class ZkClient {
  readonly #options: ZkClientOptions;
  readonly #events: ZkClientEvents;
  readonly #redialWait: RedialWait;
  readonly #servers: readonly HostPort[];
  readonly #access: Access;
  #session: SessionState;
  #connection: ZkConnection | undefined;
  #redial: Timer | undefined;
  #nextServer = 0;
  /** Connections that failed since the client was up. */
  #failures = 0;
  #up = false;
  #closed = false;
  /** Whether the log tells of the present outage. */
  #reported = false;
  #lastUp: number;

  constructor(options: ZkClientOptions, events: ZkClientEvents) {
    this.#options = options;
    this.#events = events;
    this.#redialWait = new RedialWait(options.backoff ?? { base: 100, max: 2000 }, options);
    this.#servers = shuffle(options.servers, options.chance);
    this.#access = options.auth === undefined ? 'open' : 'creator';
    this.#session = this.#freshSession();
    this.#lastUp = options.clock.now();
    this.#dial();
  }

  /** What the nodes of this session carry as their owner; 0 before there is a session. */
  get sessionId(): bigint {
    return this.#session.id;
  }

  get isUp(): boolean {
    return this.#up;
  }

  create(node: ZkNode): Promise<void> {
    const write = (writer: Parameters<typeof writeCreate>[0]): void => void writeCreate(writer, node, this.#access);
    return this.#call(`create ${node.path}`, OP.create, write, () => {});
  }

  /** A node that is there already is fine. Nodes on the way to it are made too, as persistent ones. */
  async ensure(path: string): Promise<void> {
    try {
      await this.create({ path, data: Buffer.alloc(0), ephemeral: false });
    } catch (error) {
      if (isZkError(error, ERROR.nodeExists)) return;
      const parent = path.slice(0, path.lastIndexOf('/'));
      if (!isZkError(error, ERROR.noNode) || parent === '') throw error;
      await this.ensure(parent);
      await this.ensure(path);
    }
  }

  /** A node that is not there is fine. */
  async remove(path: string): Promise<void> {
    try {
      await this.#call(
        `remove ${path}`,
        OP.remove,
        (writer) => void writer.text(path).int(-1),
        () => {},
      );
    } catch (error) {
      if (!isZkError(error, ERROR.noNode)) throw error;
    }
  }

  /** Removes the node and creates it anew, in one step that nobody sees the middle of. */
  replace(node: ZkNode): Promise<void> {
    const what = `replace ${node.path}`;
    return this.#call(
      what,
      OP.multi,
      (writer) => {
        writeMultiHeader(writer, OP.remove).text(node.path).int(-1);
        writeMultiHeader(writer, OP.create);
        writeCreate(writer, node, this.#access);
        writeMultiHeader(writer, 'end');
      },
      (reader) => readMultiError(reader),
    ).then((error) => {
      if (error !== 0) throw new ZkError(error, `ZooKeeper: ${what}: error ${error}`);
    });
  }

  /** `undefined`: there is no such node. */
  async stat(path: string): Promise<Stat | undefined> {
    try {
      return await this.#call(`stat ${path}`, OP.exists, (writer) => void writer.text(path).bool(false), readStat);
    } catch (error) {
      if (isZkError(error, ERROR.noNode)) return undefined;
      throw error;
    }
  }

  /** Reads a node's data and is told of the next change. */
  watchData(path: string): Promise<Buffer> {
    return this.#call(
      `read ${path}`,
      OP.getData,
      (writer) => void writer.text(path).bool(true),
      (reader) => Buffer.from(reader.buffer()),
    );
  }

  /** Lists a node's children, and is told of the next change when `watch` is set. */
  children(path: string, watch: boolean): Promise<string[]> {
    const write = (writer: { text(path: string): { bool(watch: boolean): unknown } }): void =>
      void writer.text(path).bool(watch);
    return this.#call(`list ${path}`, OP.getChildren, write, (reader) => reader.texts());
  }

  /** Ends the session and with it all its ephemeral nodes. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#redial?.cancel();
    const connection = this.#connection;
    if (connection === undefined) return;
    const cut = this.#options.clock.after(FAREWELL, () => connection.destroy('closed'));
    if (this.#up) await connection.closeSession();
    else connection.destroy('closed');
    cut.cancel();
  }

  #call: ZkConnection['call'] = (what, op, write, read) => {
    if (this.#up && this.#connection !== undefined) return this.#connection.call(what, op, write, read);
    return Promise.reject(new ZkError(ERROR.connectionLoss, `ZooKeeper: ${what}: not connected`));
  };

  #freshSession(): SessionState {
    return { id: 0n, password: NO_PASSWORD, timeout: this.#options.sessionTimeout, zxid: 0n };
  }

  #dial(): void {
    const server = this.#servers[this.#nextServer++ % this.#servers.length];
    if (server === undefined) return;
    const { clock, auth } = this.#options;
    this.#connection = new ZkConnection(
      { server, patience: this.#patience(), clock, auth, session: this.#session },
      {
        connected: (result) => this.#connected(result, server),
        event: (event) => this.#events.event(event),
        closed: (reason, reached) => this.#lost(reason, reached, server),
      },
    );
  }

  /**
   * ms that a server gets to take the session. A third of the session's timeout is left when a
   * server was found to be silent, and all others are to have their turn in it. When they had it
   * in vain the session is as good as over, and what is left is to let slow servers do it.
   */
  #patience(): number {
    const { timeout } = this.#session;
    const count = this.#servers.length;
    const rounds = Math.floor(this.#failures / count);
    return Math.min(Math.max(1000, timeout / 3 / count) * 2 ** rounds, Math.max(1000, timeout));
  }

  #connected(result: ConnectResult, server: HostPort): void {
    if (result.timeout <= 0) {
      this.#options.log.warn('ZooKeeper session has expired, beginning a new one');
      this.#session = this.#freshSession();
      this.#connection?.destroy('the session has expired');
      return;
    }
    Object.assign(this.#session, { id: result.sessionId, password: result.password, timeout: result.timeout });
    this.#up = true;
    this.#failures = 0;
    this.#redialWait.connected();
    this.#reported = false;
    this.#options.log.info('ZooKeeper connected', {
      address: formatAddress(server),
      session: `0x${BigInt.asUintN(64, result.sessionId).toString(16)}`,
      timeout: result.timeout,
    });
    this.#events.up();
  }

  #lost(reason: string, reached: boolean, server: HostPort): void {
    if (this.#closed) return;
    if (!this.#up) this.#failures++;
    const now = this.#options.clock.now();
    if (this.#up) {
      this.#up = false;
      this.#lastUp = now;
      this.#events.down();
    } else if (reached && now - this.#lastUp > this.#session.timeout) {
      // A server that has lost its data refuses whoever has seen more than it has, without a
      // word (as does one that is not serving yet). The session is over by now in any case.
      this.#session = this.#freshSession();
    }
    if (!this.#reported) {
      this.#options.log.warn('ZooKeeper not reached, keeping what is known and trying again', {
        address: formatAddress(server),
        reason,
        check: whatToCheck(reason, 'ZooKeeper'),
      });
      this.#reported = true;
    }
    this.#redial = this.#options.clock.after(this.#redialWait.next(), () => this.#dial());
  }
}

function shuffle<T>(list: readonly T[], chance: Chance): T[] {
  const shuffled = [...list];
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = Math.floor(chance() * (i + 1));
    const [a, b] = [shuffled[i], shuffled[j]];
    if (a !== undefined && b !== undefined) [shuffled[i], shuffled[j]] = [b, a];
  }
  return shuffled;
}
