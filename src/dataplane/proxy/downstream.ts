import { WeftError } from '../../core/errors.ts';
import { FrameKind, type FrameDecoder, type FrameSink, type FrameView, type RejectReason } from '../message/frame.ts';
import type { Connection } from '../net/connection.ts';
import type { Blocked, UpstreamConnection } from '../upstream/upstream-connection.ts';
import { CallerWatch, type Watched } from './caller-watch.ts';
import type { Exchange } from './exchange.ts';
import type { ListenerPeer, PeerEvents } from './listener-peer.ts';
import type { ListenerScope } from './listener-scope.ts';

/**
 * Once a slow caller has taken this much, the upstream of its replies is read again. It is little,
 * as the peer there may be another sidecar, which closes a connection that does not move.
 */
const RELEASE_BYTES = 256 << 10;

/**
 * Another sidecar stands still because one of its own callers does: it gets the time to close that
 * one first, as all of its callers share the connection.
 */
const SIDECAR_PATIENCE = 2;

/**
 * A caller's connection: decodes its requests, begins an exchange for each, and decides when to
 * stop reading, which is how a slow part of the mesh slows its callers down.
 */
export class Downstream implements ListenerPeer, FrameSink, Blocked, Watched {
  readonly connection: Connection;
  readonly #scope: ListenerScope;
  readonly #events: PeerEvents;
  readonly #decoder: FrameDecoder;
  readonly #watch: CallerWatch;
  #first: Exchange | undefined;
  #active = 0;
  /** Upstream connections that cannot take more of its requests. */
  #waitingFor = 0;
  /** Upstream connections that stopped reading because this one's replies pile up. */
  #slowed: UpstreamConnection[] = [];
  #backlog = false;
  #understandsGoaway = false;
  #draining = false;
  /** Why it takes no more requests; undefined while it does. */
  #leaving: string | undefined;
  /** Nothing more is sent on it. */
  #ended = false;

  constructor(scope: ListenerScope, events: PeerEvents, connection: Connection) {
    this.#scope = scope;
    this.#events = events;
    this.#decoder = scope.codec.createDecoder(scope.limits, scope.deps.budget, this);
    this.connection = connection;
    this.#watch = new CallerWatch(this, scope);
  }

  /** Requests that wait for replies. */
  get active(): number {
    return this.#active;
  }

  get incomplete(): number {
    return this.#decoder.buffered;
  }

  get requestPatience(): number {
    return this.#patience;
  }

  get replyPatience(): number {
    return this.#patience;
  }

  get draining(): boolean {
    return this.#draining;
  }

  get holdsUpOthers(): boolean {
    return this.#slowed.some((upstream) => upstream.pending > this.#activeOn(upstream));
  }

  add(exchange: Exchange): void {
    exchange.previous = undefined;
    exchange.next = this.#first;
    if (this.#first !== undefined) this.#first.previous = exchange;
    this.#first = exchange;
    this.#active++;
  }

  remove(exchange: Exchange): void {
    const { next, previous } = exchange;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next !== undefined) next.previous = previous;
    exchange.next = undefined;
    exchange.previous = undefined;
    this.#active--;
    if (this.#active > 0) return;
    if (this.#leaving === undefined) this.#watch.answered();
    else this.#end();
  }

  /** Says goodbye: the peer takes its new requests elsewhere, those under way are finished. */
  drain(): void {
    if (this.#draining || this.#leaving !== undefined) return;
    this.#draining = true;
    if (this.#understandsGoaway) this.#scope.codec.goaway(this.connection.out(), 0);
    this.#watch.closely();
  }

  leave(reason: string): void {
    if (this.#leaving !== undefined) return;
    this.#leaving = reason;
    this.#decoder.close();
    // What still comes is read and passed over: closed with bytes unread, the kernel would reset the
    // connection, and replies that are on their way would be lost.
    this.#updateReading();
    if (this.#active === 0) this.#end();
  }

  cutShort(): void {
    if (this.#ended) return this.connection.destroy(this.#leaving!);
    this.#abandonAll();
  }

  cut(reason: string): void {
    this.connection.destroy(reason);
  }

  /** The listener's limits or its `idleTimeout` have changed. */
  adjusted(): void {
    this.#watch.rearm();
  }

  /** No more of its requests until `connection` takes some again. */
  waitFor(connection: UpstreamConnection): void {
    this.#waitingFor++;
    connection.block(this);
    this.#updateReading();
  }

  unblock(): void {
    this.#waitingFor--;
    this.#updateReading();
  }

  /** A reply from `upstream` has been written here. */
  onReplied(upstream: UpstreamConnection): void {
    const { maxOutput } = this.#scope.limits;
    const { full } = this.#scope.deps.net;
    if ((this.connection.queued <= maxOutput && !full) || this.#slowed.includes(upstream)) return;
    // One that reads as fast as it should is at 0 after the next flush.
    const enough = Math.max(maxOutput / 2, maxOutput - RELEASE_BYTES);
    this.connection.whenBelow(full ? 0 : enough, this.#releaseSlowed);
    this.#slowed.push(upstream);
    upstream.hold();
  }

  onBytes(chunk: Buffer, length: number): void {
    this.#watch.heardAt = this.#scope.deps.clock.now();
    try {
      this.#decoder.push(chunk, length);
      const { buffered } = this.#decoder;
      if (buffered > 0) this.#watch.cameInPart(buffered, length);
    } catch (error) {
      if (!(error instanceof WeftError)) throw error;
      this.#protocolError(error.message);
    }
  }

  onFrame(frame: FrameView): void {
    const { codec } = this.#scope;
    switch (frame.kind) {
      case FrameKind.request:
      case FrameKind.oneway:
        this.#watch.calledAt = this.#watch.heardAt;
        if (this.#active >= this.#scope.limits.maxPending) {
          this.#refuse(frame, 'overload', `${this.#active} requests of this connection wait for replies already`);
        } else {
          this.#scope.takeExchange().start(this, frame);
        }
        return;
      case FrameKind.heartbeat:
        this.#understandsGoaway ||= codec.understandsGoaway(frame);
        codec.heartbeatAck(this.connection.out(), frame.id, frame.replyContext);
        return;
      case FrameKind.goaway:
        this.drain();
        return;
      case FrameKind.unknown:
        this.#refuse(frame, 'malformed_frame', 'unknown command');
        return;
      default:
        // A reply that nobody asked for; heartbeats are never sent downstream.
        return;
    }
  }

  onRejected(frame: FrameView, reason: RejectReason): void {
    if (frame.kind === FrameKind.request) {
      this.#refuse(frame, reason, this.#whyRejected(frame, reason));
    }
    if (reason === 'checksum') this.#protocolError('wrong checksum');
  }

  onBacklog(full: boolean): void {
    this.#backlog = full;
    this.#updateReading();
  }

  onUnsent(): void {
    this.#watch.closely();
  }

  onEnd(): void {
    this.leave('closed by the caller');
  }

  onClose(reason: string): void {
    this.#watch.stop();
    this.#decoder.close();
    this.#releaseSlowed();
    this.#ended = true;
    this.#abandonAll();
    this.#events.closed(this, this.#leaving ?? reason);
  }

  get #patience(): number {
    return this.#scope.limits.stallTimeout * (this.#understandsGoaway ? SIDECAR_PATIENCE : 1);
  }

  #activeOn(upstream: UpstreamConnection): number {
    let active = 0;
    for (let exchange = this.#first; exchange !== undefined; exchange = exchange.next) {
      if (exchange.upstream === upstream) active++;
    }
    return active;
  }

  #updateReading(): void {
    const reading = this.#leaving !== undefined || (!this.#backlog && this.#waitingFor === 0);
    if (reading && !this.connection.reading) this.#watch.resumed();
    this.connection.setReading(reading);
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.connection.end();
    this.#watch.lastWord();
  }

  #abandonAll(): void {
    while (this.#first !== undefined) this.#first.abandon();
  }

  readonly #releaseSlowed = (): void => {
    const slowed = this.#slowed;
    this.#slowed = [];
    for (const upstream of slowed) upstream.letGo();
  };

  #refuse(frame: FrameView, code: string, message: string): void {
    const outcome = code === 'checksum' ? 'malformed_frame' : (code as 'overload');
    const { name, deps } = this.#scope;
    this.#scope.unrouted(outcome);
    if (deps.log.debugging) {
      const peer = this.connection.remote;
      deps.log.debug('a request failed', { listener: name, outcome, reason: message, peer, requestId: frame.id });
    }
    if (frame.kind === FrameKind.oneway) return;
    const out = this.connection.out();
    this.#scope.codec.localReply(out, frame.id, frame.replyContext, { code, message, unsent: true });
  }

  #whyRejected(frame: FrameView, reason: RejectReason): string {
    const { maxFrame, maxHeader } = this.#scope.limits;
    const size = frame.end - frame.start;
    if (reason === 'too_large') {
      return `a frame of ${size} bytes is over the limits (maxFrame ${maxFrame}, maxHeader ${maxHeader})`;
    }
    if (reason === 'overload') return 'no memory left for incomplete frames (maxBuffered)';
    return 'the checksum is wrong';
  }

  /** What follows cannot be understood: answer what is under way as far as it goes, and close. */
  #protocolError(message: string): void {
    this.#scope.deps.log.warn("closing a connection that does not speak the listener's protocol", {
      listener: this.#scope.name,
      peer: this.connection.remote,
      protocol: this.#scope.codec.type,
      reason: message,
    });
    this.leave(message);
    this.#watch.lastWord();
  }
}
