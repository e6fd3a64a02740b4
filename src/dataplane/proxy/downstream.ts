import { WeftError } from '../../core/errors.ts';
import { NOT_SET, type WheelEntry } from '../../core/timer-wheel.ts';
import { FrameKind, type FrameDecoder, type FrameSink, type FrameView, type RejectReason } from '../message/frame.ts';
import type { Connection, ConnectionHandler } from '../net/connection.ts';
import type { Blocked, UpstreamConnection } from '../upstream/upstream-connection.ts';
import type { Exchange } from './exchange.ts';
import type { ListenerScope } from './listener-scope.ts';

/** After goaway a connection is closed once no request has come on it for this long. */
const QUIET_MS = 500;
/** How long a connection that broke the protocol may still take its last reply. */
const LAST_WORD_MS = 1000;
const STALL_CHECK_MS = 1000;
/**
 * Another sidecar stands still because one of its own callers does: it gets the time to close that
 * one first, as all of its callers share the connection.
 */
const SIDECAR_PATIENCE = 2;

/**
 * A caller's connection: decodes its requests, begins an exchange for each, and decides when to
 * stop reading, which is how a slow part of the mesh slows its callers down.
 */
export class Downstream implements ConnectionHandler, FrameSink, Blocked, WheelEntry {
  deadline = 0;
  wheelSlot = NOT_SET;
  wheelNext: WheelEntry | undefined;
  wheelPrev: WheelEntry | undefined;

  readonly connection: Connection;
  readonly #scope: ListenerScope;
  readonly #decoder: FrameDecoder;
  #first: Exchange | undefined;
  #active = 0;
  /** Upstream connections that cannot take more of its requests. */
  #waitingFor = 0;
  /** Upstream connections that stopped reading because this one's replies pile up. */
  #slowed: UpstreamConnection[] = [];
  #backlog = false;
  #peerEnded = false;
  #understandsGoaway = false;
  #draining = false;
  #heardAt: number;
  /** When a request last came. */
  #calledAt = 0;
  #lastProgress = 0;
  #movedAt = 0;

  constructor(scope: ListenerScope, attach: (handler: ConnectionHandler) => Connection) {
    this.#scope = scope;
    this.#decoder = scope.codec.createDecoder(scope.limits, scope.deps.budget, this);
    this.#heardAt = scope.deps.clock.now();
    this.connection = attach(this);
    this.#setAlarm();
    scope.opened(this);
  }

  /** Requests that wait for replies. */
  get active(): number {
    return this.#active;
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
    if (this.#active === 0 && this.#peerEnded) this.connection.close();
  }

  /** Says goodbye: the peer takes its new requests elsewhere, those under way are finished. */
  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    if (this.#understandsGoaway) this.#scope.codec.goaway(this.connection.out(), 0);
    this.#setAlarm();
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
    const { net, budget } = this.#scope.deps;
    const noRoom = net.unsent + budget.used > budget.limit;
    if ((this.connection.queued <= maxOutput && !noRoom) || this.#slowed.includes(upstream)) return;
    this.#watchProgress();
    // One that reads as fast as it should is at 0 after the next flush.
    this.connection.whenBelow(noRoom ? 0 : maxOutput / 2, this.#releaseSlowed);
    this.#slowed.push(upstream);
    upstream.hold();
    this.#setAlarm();
  }

  /** Replies wait that it does not take. */
  get #slow(): boolean {
    return this.#backlog || this.#slowed.length > 0;
  }

  #watchProgress(): void {
    if (this.#slow) return;
    this.#movedAt = this.#scope.deps.clock.now();
    this.#lastProgress = this.connection.progress;
  }

  onBytes(chunk: Buffer, length: number): void {
    this.#heardAt = this.#scope.deps.clock.now();
    try {
      this.#decoder.push(chunk, length);
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
        this.#calledAt = this.#heardAt;
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
    if (full) this.#watchProgress();
    this.#backlog = full;
    if (full) this.#setAlarm();
    this.#updateReading();
  }

  onEnd(): void {
    this.#peerEnded = true;
    if (this.#active === 0) this.connection.close();
  }

  onClose(reason: string): void {
    this.#scope.deps.slowWheel.clear(this);
    this.#decoder.close();
    this.#releaseSlowed();
    this.#peerEnded = false;
    while (this.#first !== undefined) this.#first.abandon();
    this.#scope.closed(this, reason);
  }

  /** Idle time, the quiet after goaway, and a reader that takes nothing. */
  onDeadline(): void {
    const now = this.#scope.deps.clock.now();
    if (this.#draining && this.#isQuiet(now)) return this.connection.close();
    const { idleTimeout, limits } = this.#scope;
    if (idleTimeout > 0 && this.#active === 0 && now - this.#heardAt >= idleTimeout) return this.connection.close();
    if (this.#slow) {
      const { progress } = this.connection;
      if (progress !== this.#lastProgress) this.#movedAt = now;
      this.#lastProgress = progress;
      const patience = limits.stallTimeout * (this.#understandsGoaway ? SIDECAR_PATIENCE : 1);
      if (now - this.#movedAt >= patience) {
        return this.connection.destroy(`took none of ${this.connection.queued} bytes of replies in ${patience} ms`);
      }
    }
    this.#setAlarm();
  }

  /** No request is under way, nor arriving. Heartbeats go on for as long as the peer keeps the connection. */
  #isQuiet(now: number): boolean {
    if (this.#active > 0 || now - this.#calledAt < QUIET_MS) return false;
    return this.#decoder.buffered === 0 || now - this.#heardAt >= QUIET_MS;
  }

  #setAlarm(): void {
    const now = this.#scope.deps.clock.now();
    const { idleTimeout } = this.#scope;
    let at = Number.POSITIVE_INFINITY;
    if (idleTimeout > 0) at = Math.max(this.#heardAt + idleTimeout, now + STALL_CHECK_MS);
    if (this.#draining) at = now + QUIET_MS;
    if (this.#slow) at = Math.min(at, now + STALL_CHECK_MS);
    if (at !== Number.POSITIVE_INFINITY) this.#scope.deps.slowWheel.set(this, at);
  }

  #updateReading(): void {
    this.connection.setReading(!this.#backlog && this.#waitingFor === 0);
  }

  readonly #releaseSlowed = (): void => {
    const slowed = this.#slowed;
    this.#slowed = [];
    for (const upstream of slowed) upstream.letGo();
  };

  #refuse(frame: FrameView, code: string, message: string): void {
    this.#scope.unrouted(code === 'checksum' ? 'malformed_frame' : (code as 'overload'));
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
    const { log, clock } = this.#scope.deps;
    log.warn("closing a connection that does not speak the listener's protocol", {
      listener: this.#scope.name,
      peer: this.connection.remote,
      protocol: this.#scope.codec.type,
      reason: message,
    });
    this.#decoder.close();
    // Closing with bytes unread would reset the connection and lose the last reply.
    this.connection.end();
    clock.after(LAST_WORD_MS, () => this.connection.destroy('broke the protocol'));
  }
}
