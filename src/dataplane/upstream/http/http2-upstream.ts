import { BudgetShare } from '../../../core/budget-share.ts';
import { WeftError } from '../../../core/errors.ts';
import { NOT_SET, type WheelEntry } from '../../../core/timer-wheel.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import type { Endpoint } from '../../cluster/endpoint.ts';
import { Http2Connection } from '../../codec/http2/connection.ts';
import type { Http2Owner } from '../../codec/http2/owner.ts';
import { ErrorCode, Http2Error } from '../../codec/http2/protocol.ts';
import type { Http2Stream, StreamHandler } from '../../codec/http2/stream.ts';
import type { ByteSink } from '../../message/frame.ts';
import type { EndpointStream } from '../../message/http-stream.ts';
import { connect, type ConnectHandler } from '../../net/connect.ts';
import type { Connection } from '../../net/connection.ts';
import { UnsentShare } from '../../net/unsent-share.ts';
import type { HttpCall } from './http-call.ts';
import type { Gone, HttpConnection, HttpConnectionEvents } from './http-connection.ts';
import type { HttpPoolDeps } from './http-deps.ts';
import { Http2EndpointStream } from './http2-endpoint-stream.ts';

/** A connection that says nothing to a PING for this long is dead. */
const PONG_MS = 5_000;

const NO_MEMORY = 'no memory left for responses that are incomplete (maxBuffered)';
const NO_HTTP2 = "what answers there does not speak HTTP/2; its cluster's http.version may have to be http1";

type State = 'connecting' | 'ready' | 'leaving' | 'closed';

/** One HTTP/2 connection to an endpoint, in clear text and with prior knowledge (RFC 9113, section 3.3). */
export class Http2Upstream implements HttpConnection, ConnectHandler, Http2Owner, WheelEntry {
  deadline = 0;
  wheelSlot = NOT_SET;
  wheelNext: WheelEntry | undefined;
  wheelPrev: WheelEntry | undefined;

  inLine = false;
  readonly h2: Http2Connection;
  backlogged = false;
  readonly #deps: HttpPoolDeps;
  readonly #cluster: Cluster;
  readonly #endpoint: Endpoint;
  readonly #events: HttpConnectionEvents;
  readonly #connection: Connection;
  /** Streams whose sources pause because of the socket. */
  readonly #paused = new Set<Http2EndpointStream>();
  /** What waits for the endpoint's windows. */
  readonly #unsent: UnsentShare;
  /** Of frames and heads that have not come whole. */
  readonly #held: BudgetShare;
  #state: State = 'connecting';
  #active = 0;
  #carried = 0;
  #reason = 'closed';
  /** Of the errors of its streams, when they are lost. */
  #code: 'connection_lost' | 'overload' = 'connection_lost';
  /** A PING has been sent, and nothing has been heard since. */
  #asked = false;
  /** The peer can hear it, and has time to say what it takes. */
  #greeting = false;
  #heard = false;

  constructor(deps: HttpPoolDeps, cluster: Cluster, endpoint: Endpoint, events: HttpConnectionEvents) {
    this.#deps = deps;
    this.#cluster = cluster;
    this.#endpoint = endpoint;
    this.#events = events;
    const { highWater, streamWindow, connectionWindow, maxHead, maxFields } = deps.http;
    // A client takes no streams of its peer.
    const limits = { maxStreams: 0, streamWindow, connectionWindow, maxHeaderList: maxHead, maxFields };
    this.h2 = new Http2Connection('client', limits, this, deps.clock);
    this.#unsent = new UnsentShare(deps.net);
    this.#held = new BudgetShare(deps.budget);
    const { host, port } = endpoint;
    const timeoutMs = cluster.policy.connectTimeout;
    this.#connection = connect(deps.net, deps.clock, { host, port, timeoutMs, highWater }, this);
  }

  get connecting(): boolean {
    return this.#state === 'connecting';
  }

  get room(): number {
    if (this.#state !== 'ready' || !this.h2.mayOpen) return 0;
    return this.h2.peer.maxConcurrentStreams - this.h2.open;
  }

  /** Whether its peer, or the way to it, has ended it: then a request on it may just have come too late. */
  get lostByItself(): boolean {
    return this.#state === 'closed' && this.h2.failure === undefined;
  }

  begin(call: HttpCall): EndpointStream {
    this.#active++;
    if (!this.#asked) this.#deps.slowWheel.clear(this);
    return new Http2EndpointStream(this, call, this.#carried++ > 0);
  }

  drain(): void {
    if (this.#state === 'connecting') return this.#connection.destroy('no longer needed');
    if (this.#state === 'closed') return;
    this.#state = 'leaving';
    this.#closeIfDone();
  }

  /** A stream has ended, or was given up. */
  ended(stream: Http2EndpointStream): void {
    this.#active--;
    this.#paused.delete(stream);
    this.countWaiting();
    if (this.#state === 'closed') return;
    if (this.#state === 'leaving') return this.#closeIfDone();
    if (this.#active === 0 && !this.#asked) this.#setAlarm(this.#cluster.policy.http.idleTimeout);
    if (!this.inLine && this.#state === 'ready') this.#events.onRoom(this);
  }

  /** Whether requests should wait where they are, as the endpoint does not take what waits for it here. */
  get crowded(): boolean {
    return this.backlogged || (this.#deps.net.full && this.#connection.queued > 0);
  }

  /** Whether there is room for no more than what is on its way. */
  get full(): boolean {
    return this.#deps.net.full;
  }

  /** More or less waits for the endpoint's windows than did. */
  countWaiting(): void {
    this.#unsent.set(this.#state === 'closed' ? 0 : this.h2.waitingBytes);
  }

  /** `stream` is told when the socket takes more. */
  pauseFor(stream: Http2EndpointStream): void {
    this.#paused.add(stream);
    if (this.#deps.net.full) this.#connection.whenBelow(0, this.#resume);
  }

  /** A request on it was given up for its time was over: asks whether the peer lives. */
  suspect(): void {
    if (this.#asked || this.#state === 'closed') return;
    this.#asked = true;
    this.h2.ping();
    this.#setAlarm(PONG_MS);
  }

  /** Why a stream on it has ended before its time. */
  lost(code: number, retriable: boolean): WeftError {
    const { address } = this.#endpoint;
    const why = this.#whyLost(code);
    return new WeftError(this.#code, `the stream to ${address} was lost: ${why}`, {
      side: 'upstream',
      retriable,
    });
  }

  get #howGone(): Gone {
    if (this.#state !== 'connecting') return 'ended';
    if (this.#heard) return 'foreign';
    return this.#greeting ? 'mute' : 'unreachable';
  }

  #whyLost(code: number): string {
    if (this.#state === 'closed') return this.#reason;
    return this.h2.failure?.message ?? `it was reset with code ${code}`;
  }

  /** It can be used once its peer has said what it takes: how many streams, and which (RFC 8441, section 3). */
  onConnect(): void {
    this.#greeting = true;
    this.h2.begin();
    this.#setAlarm(this.#cluster.policy.connectTimeout);
  }

  onBytes(chunk: Buffer, length: number): void {
    if (this.#asked) this.#onAlive();
    this.#heard = true;
    this.h2.read(chunk, 0, length);
    if (this.#held.set(this.h2.held)) return;
    this.#code = 'overload';
    this.h2.fail(new Http2Error(ErrorCode.enhanceYourCalm, NO_MEMORY));
    this.#held.set(0);
  }

  onEnd(): void {
    // It is gone at the end of this turn; until then nobody is to take it.
    if (this.#state === 'ready') this.#events.onLeaving(this);
    const wordless = this.#state === 'connecting' && !this.#heard;
    this.#connection.destroy(
      wordless ? `closed by the peer without a word: perhaps ${NO_HTTP2}` : 'closed by the peer',
    );
  }

  onBacklog(full: boolean): void {
    this.backlogged = full;
    if (!full) this.#resume();
  }

  onClose(reason: string): void {
    if (this.#reason === 'closed') this.#reason = reason;
    this.#deps.slowWheel.clear(this);
    this.#events.onGone(this, this.#reason, this.#howGone);
    this.#state = 'closed';
    this.h2.abandon();
    this.#unsent.set(0);
    this.#held.set(0);
  }

  // What the HTTP/2 connection asks for and tells.

  out(): ByteSink {
    return this.#connection.out();
  }

  onRequest(stream: Http2Stream): StreamHandler {
    // A server opens none where push is off: the codec has ended the connection before.
    stream.reset(ErrorCode.refusedStream);
    return NOBODY;
  }

  onGoaway(): void {
    if (this.#state !== 'ready') return;
    this.#state = 'leaving';
    this.#events.onLeaving(this);
    this.#closeIfDone();
  }

  onSettings(): void {
    if (this.#state === 'connecting') {
      this.#state = 'ready';
      this.#setAlarm(this.#cluster.policy.http.idleTimeout);
      return this.#events.onConnected(this);
    }
    if (!this.inLine && this.room > 0) this.#events.onRoom(this);
  }

  onFailed(error: Http2Error): void {
    this.#reason = this.h2.greeted ? error.message : NO_HTTP2;
    if (this.#state === 'ready') {
      // It may take a while until its peer has taken the last word.
      this.#state = 'leaving';
      this.#events.onLeaving(this);
    }
    this.#connection.close();
  }

  onDeadline(): void {
    if (this.#state === 'connecting') {
      this.#greeting = false;
      return this.#connection.destroy(
        `no settings of HTTP/2 in ${this.#cluster.policy.connectTimeout} ms; ${NO_HTTP2}`,
      );
    }
    if (this.#asked) return this.#connection.destroy(`no answer to a PING in ${PONG_MS} ms`);
    if (this.#active > 0 || this.#state !== 'ready') return;
    this.#events.onLeaving(this);
    this.drain();
  }

  readonly #resume = (): void => {
    const paused = [...this.#paused];
    this.#paused.clear();
    for (const stream of paused) stream.drained();
  };

  #onAlive(): void {
    this.#asked = false;
    this.#setAlarm(this.#cluster.policy.http.idleTimeout);
  }

  #setAlarm(ms: number): void {
    this.#deps.slowWheel.set(this, this.#deps.clock.now() + ms);
  }

  #closeIfDone(): void {
    if (this.#active > 0) return;
    this.h2.goaway(true);
    this.#connection.close();
  }
}

const NOBODY: StreamHandler = {
  onClosed: () => {},
  onHead: () => {},
  onData: () => {},
  onTrailers: () => {},
  onEnd: () => {},
  onReset: () => {},
  onWritable: () => {},
};
