import { NOT_SET, type WheelEntry } from '../../core/timer-wheel.ts';
import { detect, type Detected } from '../codec/detect.ts';
import type { Connection } from '../net/connection.ts';
import type { ListenerPeer, PeerEvents } from './listener-peer.ts';
import type { ProxyDeps } from './listener-scope.ts';
import type { ProtocolServer } from './protocol-server.ts';

/** Who serves a connection, by what its first octets are. */
export interface Chooser {
  readonly deps: ProxyDeps;
  /** Milliseconds that a client may stay silent where a protocol exists in which the server speaks first. */
  readonly detectTimeout: number;
  /** Milliseconds that it may stay silent otherwise; 0 for any time. */
  readonly idleTimeout: number;
  /** Milliseconds that it may take for the rest of what it has begun to say; 0 for any time. */
  readonly headTimeout: number;
  /** Undefined when nobody here speaks that. */
  choose(detected: Exclude<Detected, 'more'>): ProtocolServer | Promise<ProtocolServer> | undefined;
  /** TLS has come where nobody takes it; once for each such connection. */
  tlsRefused(connection: Connection): void;
  /** For a client that stays silent; undefined when there is nothing but to wait. */
  readonly silent: ProtocolServer | undefined;
  /** Takes the place of `before`. */
  decided(before: ListenerPeer, after: ListenerPeer): void;
}

const NOTHING = Buffer.alloc(0);

/** The fatal alert protocol_version (RFC 8446, section 6): a client of TLS understands it, and nothing in clear text. */
const TLS_ALERT = Buffer.from([0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x46]);
/** A client may take this long to read that. */
const FAREWELL_MS = 1000;
const TLS_REFUSED = 'speaks TLS, which this listener does not terminate';

/** What ALPN has agreed on is spoken, whatever comes. */
const AGREED: Readonly<Record<string, 'http1' | 'http2'>> = { h2: 'http2', 'http/1.1': 'http1' };

/** A caller's connection of which it is not known yet what it speaks: keeps the first octets until they tell. */
export class Undecided implements ListenerPeer, WheelEntry {
  deadline = 0;
  wheelSlot = NOT_SET;
  wheelNext: WheelEntry | undefined;
  wheelPrev: WheelEntry | undefined;

  readonly connection: Connection;
  readonly active = 0;
  readonly #chooser: Chooser;
  readonly #events: PeerEvents;
  /** The first octets, which do not tell yet. */
  #kept: Buffer = NOTHING;
  #closed = false;
  #waiting = false;
  /** It has its answer, and is read from until it ends: closed at once, it might get a reset instead. */
  #refused = false;

  constructor(chooser: Chooser, events: PeerEvents, connection: Connection) {
    this.#chooser = chooser;
    this.#events = events;
    this.connection = connection;
    this.adjusted();
  }

  onBytes(chunk: Buffer, length: number): void {
    if (this.#refused) return;
    if (this.#kept.length === 0) {
      this.#look(chunk, length, AGREED[this.connection.alpn] ?? detect(chunk, length));
      if (this.#kept.length > 0) this.#waitForRest();
    } else {
      // Few octets: `detect` never needs more than these.
      const whole = Buffer.concat([this.#kept, chunk.subarray(0, length)]);
      this.#look(whole, whole.length, detect(whole, whole.length));
    }
  }

  /** It says no more, so that nothing more will tell. */
  onEnd(): void {
    if (this.#refused) return this.connection.destroy(TLS_REFUSED);
    const { silent } = this.#chooser;
    if (silent === undefined) return this.connection.destroy('closed by the caller before it said what it speaks');
    this.#handOver(silent, this.#kept, this.#kept.length).onEnd();
  }

  onClose(reason: string): void {
    this.#closed = true;
    this.#chooser.deps.slowWheel.clear(this);
    this.#events.closed(this, reason);
  }

  onBacklog(): void {
    // Nothing is written.
  }

  /** Silent for long. */
  onDeadline(): void {
    if (this.#refused) return this.connection.destroy(TLS_REFUSED);
    const { silent, idleTimeout } = this.#chooser;
    if (silent !== undefined) this.#handOver(silent, this.#kept, this.#kept.length);
    else if (this.#kept.length > 0) this.connection.destroy('began to say something and did not go on');
    else if (idleTimeout > 0) this.connection.destroy(`idle for ${idleTimeout} ms`);
  }

  drain(): void {
    // Who has said something is answered: whoever serves it says goodbye as well.
    if (!this.#waiting) this.connection.destroy('drained');
  }

  cut(reason: string): void {
    this.connection.destroy(reason);
  }

  adjusted(): void {
    if (this.#kept.length > 0 || this.#refused) return;
    const { deps, silent, detectTimeout, idleTimeout } = this.#chooser;
    const patience = silent === undefined ? idleTimeout : detectTimeout;
    if (patience > 0) deps.slowWheel.set(this, deps.clock.now() + patience);
  }

  #waitForRest(): void {
    const { deps, silent, headTimeout } = this.#chooser;
    if (silent === undefined && headTimeout > 0) deps.slowWheel.set(this, deps.clock.now() + headTimeout);
  }

  #look(bytes: Buffer, length: number, detected: Detected): void {
    if (detected === 'more') this.#kept = Buffer.from(bytes.subarray(0, length));
    else this.#decide(detected, bytes, length);
  }

  #decide(detected: Exclude<Detected, 'more'>, bytes: Buffer, length: number): void {
    const server = this.#chooser.choose(detected);
    if (server instanceof Promise) return this.#waitFor(server, Buffer.from(bytes.subarray(0, length)));
    if (server !== undefined) this.#handOver(server, bytes, length);
    else if (detected === 'tls') this.#refuseTls();
    else this.connection.destroy(`speaks what this listener does not (${detected})`);
  }

  #refuseTls(): void {
    const { deps } = this.#chooser;
    this.#refused = true;
    this.#kept = NOTHING;
    this.#chooser.tlsRefused(this.connection);
    const out = this.connection.out();
    const at = out.reserve(TLS_ALERT.length);
    TLS_ALERT.copy(out.target, at);
    this.connection.end();
    deps.slowWheel.set(this, deps.clock.now() + FAREWELL_MS);
  }

  /** The first of its kind: the code that serves it is on its way. */
  #waitFor(loading: Promise<ProtocolServer>, bytes: Buffer): void {
    this.#waiting = true;
    this.#chooser.deps.slowWheel.clear(this);
    this.connection.setReading(false);
    loading.then(
      (server) => {
        if (this.#closed) return;
        this.connection.setReading(true);
        this.#handOver(server, bytes, bytes.length);
      },
      (error: Error) => this.connection.destroy(`cannot load what serves it: ${error.message}`),
    );
  }

  #handOver(server: ProtocolServer, bytes: Buffer, length: number): ListenerPeer {
    this.#chooser.deps.slowWheel.clear(this);
    const peer = server.serve(this.connection, this.#events);
    this.connection.handOver(peer);
    this.#chooser.decided(this, peer);
    if (length > 0) peer.onBytes(bytes, length);
    return peer;
  }
}
