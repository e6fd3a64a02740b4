import { BudgetShare } from '../../../core/budget-share.ts';
import { Http2Connection } from '../../codec/http2/connection.ts';
import type { Http2Owner } from '../../codec/http2/owner.ts';
import type { AdjustableLimits } from '../../codec/http2/own-settings.ts';
import type { Http2Head } from '../../codec/http2/head.ts';
import { ErrorCode, Http2Error } from '../../codec/http2/protocol.ts';
import type { Http2Stream, StreamHandler } from '../../codec/http2/stream.ts';
import type { ConnectionForwarding } from '../../message/forwarding.ts';
import type { ByteSink } from '../../message/frame.ts';
import type { Connection } from '../../net/connection.ts';
import { UnsentShare } from '../../net/unsent-share.ts';
import { CallerWatch, type Watched } from '../caller-watch.ts';
import type { ListenerPeer, PeerEvents } from '../listener-peer.ts';
import { Http2CallerStream } from './http2-caller-stream.ts';
import { logRefusal } from './failure-log.ts';
import type { HttpScope } from './http-scope.ts';
import { NO_MEMORY } from './local-answer.ts';

/** Content of all streams that waits for the caller's windows: above this their sources pause. */
const MAX_WAITING = 1 << 20;

/** A caller's HTTP/2 connection, and the streams on it. RFC 9113. */
export class Http2Caller implements Http2Owner, Watched, ListenerPeer {
  readonly connection: Connection;
  readonly forwarding: ConnectionForwarding;
  readonly scope: HttpScope;
  /** Each stream has windows of its own: a slow one holds up itself. */
  readonly holdsUpOthers = false;
  /** Whether more waits for the caller's socket than should. */
  backlogged = false;
  /** It was given up for want of memory. */
  overflowed = false;
  readonly #events: PeerEvents;
  readonly #scheme: 'http' | 'https';
  readonly #h2: Http2Connection;
  readonly #watch: CallerWatch;
  /** Streams whose sources pause because of the socket. */
  readonly #paused = new Set<Http2CallerStream>();
  /** What waits for the caller's windows. */
  readonly #unsent: UnsentShare;
  /** Of frames and heads that have not come whole. */
  readonly #held: BudgetShare;
  #active = 0;
  #draining = false;
  /** Why it takes no more requests; undefined while it does. */
  #leaving: string | undefined;
  #ended = false;

  constructor(scope: HttpScope, events: PeerEvents, connection: Connection, forwarding: ConnectionForwarding) {
    this.scope = scope;
    this.#events = events;
    this.connection = connection;
    this.#scheme = connection.encrypted ? 'https' : 'http';
    this.forwarding = forwarding;
    const { streamWindow, connectionWindow } = scope;
    const extendedConnect = scope.upgrades.includes('websocket');
    const limits = { ...adjustable(scope), streamWindow, connectionWindow, extendedConnect };
    this.#h2 = new Http2Connection('server', limits, this, scope.deps.clock);
    this.#unsent = new UnsentShare(scope.deps.net);
    this.#held = new BudgetShare(scope.deps.budget);
    this.#watch = new CallerWatch(this, scope);
    this.#h2.begin();
  }

  get active(): number {
    return this.#active;
  }

  get incomplete(): number {
    return this.#h2.incomplete;
  }

  get windowed(): { readonly waiting: number; readonly passed: number } {
    return { waiting: this.#h2.waitingBytes, passed: this.#h2.sentContent };
  }

  get windowPatience(): number {
    return this.scope.limits.streamIdleTimeout;
  }

  get draining(): boolean {
    return this.#draining;
  }

  get requestPatience(): number {
    return this.scope.limits.headTimeout;
  }

  get replyPatience(): number {
    return this.scope.stallTimeout;
  }

  /** The exchange of a stream is over. */
  ended(stream: Http2CallerStream): void {
    this.#active--;
    this.#paused.delete(stream);
    this.countWaiting();
    if (this.#active > 0) return;
    if (this.#leaving === undefined) this.#watch.answered();
    else this.#end();
  }

  /** Whether its responses should wait where they are, as the peer does not take what waits for it here. */
  get crowded(): boolean {
    if (this.backlogged || this.#h2.waitingBytes > MAX_WAITING) return true;
    return this.scope.deps.net.full && this.connection.queued > 0;
  }

  /** More or less waits for the caller's windows than did: it counts as what peers have not read. */
  countWaiting(): void {
    const waiting = this.#ended ? 0 : this.#h2.waitingBytes;
    this.#unsent.set(waiting);
    if (waiting > 0) this.#watch.closely();
    if (!this.crowded) this.#resume();
  }

  /** `stream` is told when the socket takes more. */
  pauseFor(stream: Http2CallerStream): void {
    this.#paused.add(stream);
    // Where memory is short, whoever has nothing of his own waiting goes on.
    if (this.scope.deps.net.full) this.connection.whenBelow(0, this.#resume);
  }

  onBytes(chunk: Buffer, length: number): void {
    this.#watch.heardAt = this.scope.deps.clock.now();
    this.#h2.read(chunk, 0, length);
    const { incomplete } = this.#h2;
    if (!this.#held.set(this.#h2.held)) this.#overflow();
    if (incomplete > 0) this.#watch.cameInPart(incomplete, length);
  }

  /** There is no memory for what has come and is not complete. Its requests end for the same reason. */
  #overflow(): void {
    this.overflowed = true;
    const { scope } = this;
    scope.unrouted('overload');
    logRefusal(scope, { peer: this.connection.remote, outcome: 'overload', status: undefined, reason: NO_MEMORY });
    this.#h2.fail(new Http2Error(ErrorCode.enhanceYourCalm, NO_MEMORY));
    this.#held.set(0);
  }

  /** A peer that sends no more opens no more windows and reads no goodbye: its requests are given up. */
  onEnd(): void {
    this.#leaving ??= 'closed by the caller';
    this.#h2.abandon();
    this.#end();
  }

  onClose(reason: string): void {
    this.#watch.stop();
    this.#ended = true;
    this.#h2.abandon();
    this.countWaiting();
    this.#held.set(0);
    this.#events.closed(this, this.#leaving ?? reason);
  }

  onBacklog(full: boolean): void {
    this.backlogged = full;
    if (!full) this.#resume();
  }

  onUnsent(): void {
    this.#watch.closely();
  }

  out(): ByteSink {
    return this.connection.out();
  }

  onRequest(stream: Http2Stream, head: Http2Head, endStream: boolean): StreamHandler {
    this.#watch.calledAt = this.#watch.heardAt;
    this.#active++;
    // What a peer says of it is not to be believed: RFC 9110, section 4.2.2.
    head.scheme = this.#scheme;
    const caller = new Http2CallerStream(this, stream);
    // It may be answered before this returns.
    stream.handler = caller;
    caller.begin(head, endStream);
    return caller;
  }

  onGoaway(): void {
    this.drain();
  }

  onSettings(): void {}

  onFailed(error: Http2Error): void {
    if (error.code !== ErrorCode.noError) {
      this.scope.deps.log.warn('closing an HTTP/2 connection', {
        listener: this.scope.name,
        peer: this.connection.remote,
        reason: error.message,
      });
    }
    this.#leaving ??= error.message;
    this.#end();
  }

  /** In two phases, so that requests which are on their way are still taken. RFC 9113, section 6.8. */
  drain(): void {
    if (this.#draining || this.#leaving !== undefined) return;
    this.#draining = true;
    this.#h2.goaway(false);
    this.#watch.closely();
  }

  leave(reason: string): void {
    if (this.#leaving !== undefined) return;
    this.#leaving = reason;
    this.#h2.goaway(true);
    if (this.#active === 0) this.#end();
  }

  cutShort(): void {
    if (this.#ended) return this.connection.destroy(this.#leaving!);
    this.#h2.abandon();
    this.#end();
  }

  cut(reason: string): void {
    this.connection.destroy(reason);
  }

  adjusted(): void {
    this.#h2.adjust(adjustable(this.scope));
    this.#watch.rearm();
  }

  readonly #resume = (): void => {
    if (this.#paused.size === 0) return;
    const paused = [...this.#paused];
    this.#paused.clear();
    for (const stream of paused) stream.drained();
  };

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.connection.end();
    this.#watch.lastWord();
  }
}

/** What a peer is told again when it changes. */
function adjustable({ limits }: HttpScope): AdjustableLimits {
  const { maxStreams, maxHead, maxFields } = limits;
  return { maxStreams, maxHeaderList: maxHead, maxFields };
}
