import type { HostPort } from '../../config/address.ts';
import type { Clock, Timer } from '../../core/clock.ts';
import type { FrameDecoder } from '../../dataplane/message/frame.ts';
import type { PortConnection, PortConnector } from './connector.ts';
import { createAckReader, encodeHeartbeat } from './heartbeat-wire.ts';
import type { HeartbeatCodec } from './heartbeat-wire.ts';
import { HEALTHY } from './verdict.ts';
import type { Check, Verdict } from './verdict.ts';

/** All in milliseconds, but `misses`. */
export interface HeartbeatSettings {
  readonly interval: number;
  /** How long an acknowledgement may take, a connection that has to be made first included. */
  readonly timeout: number;
  /** So many heartbeats in a row without an acknowledgement make the port unhealthy. */
  readonly misses: number;
}

export interface HeartbeatDeps {
  readonly clock: Clock;
  readonly connector: PortConnector;
  /**
   * What the port speaks. Absent: that it takes a connection is the answer, and none is kept, since an application
   * may serve one at a time.
   */
  readonly codec: HeartbeatCodec | undefined;
}

/** A process that is gone refuses at once; one that only closed a connection takes the next. */
const CONFIRM_DELAY = 200;
/** So many lost connections in a row mean that the process is gone. */
const LOSSES = 2;
/** An application that comes back is to serve again soon, however long the interval. */
const MAX_RETRY_DELAY = 1000;
const SUSPECT_PAUSE = 100;

/**
 * Heartbeats on one kept connection to one port of the application, or a connection each time. A slow answer is forgiven a
 * few times; a lost connection that cannot be made again is not.
 */
export class PortHeartbeat implements Check {
  readonly #address: HostPort;
  readonly #settings: HeartbeatSettings;
  readonly #deps: HeartbeatDeps;
  readonly #onVerdict: () => void;
  #verdict: Verdict;
  #connection: PortConnection | undefined;
  #reader: FrameDecoder | undefined;
  #open = false;
  /** The id of the heartbeat under way; undefined between heartbeats. */
  #awaited: number | undefined;
  #lastId = 0;
  #misses = 0;
  #losses = 0;
  #suspectedAt = -Infinity;
  #timer: Timer | undefined;
  #closed = false;

  constructor(address: HostPort, settings: HeartbeatSettings, deps: HeartbeatDeps, onVerdict: () => void) {
    this.#address = address;
    this.#settings = settings;
    this.#deps = deps;
    this.#onVerdict = onVerdict;
    const awaited = deps.codec === undefined ? 'taken a connection' : 'answered a heartbeat';
    this.#verdict = { state: 'unknown', reason: `port ${address.port} has not ${awaited} yet` };
  }

  get verdict(): Verdict {
    return this.#verdict;
  }

  checkNow(): void {
    if (this.#closed || this.#awaited !== undefined) return;
    this.#lastId = this.#lastId === 0x7fffffff ? 1 : this.#lastId + 1;
    this.#awaited = this.#lastId;
    this.#schedule(this.#settings.timeout, () => this.#missed());
    if (this.#connection === undefined) this.#connect();
    else if (this.#open) this.#send();
  }

  /** Checks at once, but not for each of many troubles that come together. */
  suspect(): void {
    const now = this.#deps.clock.now();
    if (now - this.#suspectedAt < SUSPECT_PAUSE) return;
    this.#suspectedAt = now;
    this.checkNow();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#drop();
  }

  #connect(): void {
    const { codec, connector } = this.#deps;
    this.#reader = codec && createAckReader(codec, (id) => this.#acknowledged(id));
    this.#connection = connector.connect(this.#address, {
      onOpen: () => this.#opened(),
      onData: (chunk) => this.#read(chunk),
      onClose: (reason) => this.#lost(reason),
    });
  }

  #opened(): void {
    this.#open = true;
    if (this.#deps.codec !== undefined) return this.#send();
    this.#drop();
    this.#acknowledged(this.#awaited);
  }

  #send(): void {
    const { codec } = this.#deps;
    if (codec === undefined || this.#awaited === undefined) return;
    this.#connection?.write(encodeHeartbeat(codec, this.#awaited));
  }

  #read(chunk: Buffer): void {
    try {
      this.#reader?.push(chunk, chunk.length);
    } catch {
      this.#lost('it does not speak the protocol that was published');
    }
  }

  #acknowledged(id: number | undefined): void {
    if (id !== this.#awaited) return;
    this.#awaited = undefined;
    this.#misses = 0;
    this.#losses = 0;
    this.#schedule(this.#settings.interval, () => this.checkNow());
    this.#decide(HEALTHY);
  }

  #missed(): void {
    this.#awaited = undefined;
    this.#misses += 1;
    if (!this.#open) this.#drop();
    if (this.#misses < this.#settings.misses) {
      this.#schedule(this.#settings.interval, () => this.checkNow());
      return;
    }
    this.#drop();
    this.#schedule(this.#retryDelay(), () => this.checkNow());
    const { misses, timeout } = this.#settings;
    const what =
      this.#deps.codec === undefined ? 'connections in a row were not taken' : 'heartbeats in a row were not answered';
    this.#fail(`${misses} ${what} within ${timeout} ms`);
  }

  #lost(reason: string): void {
    this.#drop();
    this.#awaited = undefined;
    this.#losses += 1;
    if (this.#losses < LOSSES) {
      this.#schedule(CONFIRM_DELAY, () => this.checkNow());
      return;
    }
    this.#schedule(this.#retryDelay(), () => this.checkNow());
    this.#fail(reason);
  }

  #fail(reason: string): void {
    this.#decide({ state: 'unhealthy', reason: `port ${this.#address.port}: ${reason}` });
  }

  #decide(verdict: Verdict): void {
    const same = verdict.state === this.#verdict.state && verdict.reason === this.#verdict.reason;
    this.#verdict = verdict;
    if (!same) this.#onVerdict();
  }

  #drop(): void {
    this.#open = false;
    this.#connection?.close();
    this.#connection = undefined;
    this.#reader?.close();
    this.#reader = undefined;
  }

  #schedule(ms: number, task: () => void): void {
    this.#timer?.cancel();
    this.#timer = this.#deps.clock.after(ms, task);
  }

  #retryDelay(): number {
    return Math.min(this.#settings.interval, MAX_RETRY_DELAY);
  }
}
