import { WeftError } from '../../core/errors.ts';
import { NOT_SET, type WheelEntry } from '../../core/timer-wheel.ts';
import type { Endpoint } from '../cluster/endpoint.ts';
import type { HeartbeatPolicy } from '../cluster/policy.ts';
import { FrameKind, type FrameDecoder, type FrameSink, type FrameView, type RejectReason } from '../message/frame.ts';
import { connect, type ConnectHandler } from '../net/connect.ts';
import type { Connection } from '../net/connection.ts';
import { NO_ROOM, PendingTable } from '../stream/pending-table.ts';
import { Liveness } from './liveness.ts';
import type { UpstreamCall } from './upstream-call.ts';
import type { UpstreamDeps } from './upstream-deps.ts';

export interface UpstreamEvents {
  /** A connection has become ready, takes calls again, or is known to be alive or silent. */
  onChange(): void;
  /** The peer takes no new calls on it, and finishes those that it has. */
  onGoaway(connection: UpstreamConnection): void;
  /** It is gone; the calls on it are about to hear of it. */
  onGone(connection: UpstreamConnection, reason: string): void;
}

/** Somebody who must stop sending while a connection cannot take more. */
export interface Blocked {
  unblock(): void;
}

export interface UpstreamOptions {
  readonly connectTimeout: number;
  readonly maxPending: number;
  readonly heartbeat: HeartbeatPolicy;
}

type State = 'connecting' | 'ready' | 'draining' | 'closed';

/** How often a connection that cannot take more is looked at, and found stalled if it stood still. */
const STALL_CHECK_MS = 1000;

/**
 * One connection to an endpoint, shared by many calls: gives each a request id of its own,
 * finds the call of a reply, keeps the connection alive and finds out when the peer is not.
 */
export class UpstreamConnection implements ConnectHandler, FrameSink, WheelEntry {
  deadline = 0;
  wheelSlot = NOT_SET;
  wheelNext: WheelEntry | undefined;
  wheelPrev: WheelEntry | undefined;

  readonly #deps: UpstreamDeps;
  readonly #events: UpstreamEvents;
  readonly #options: UpstreamOptions;
  readonly #endpoint: Endpoint;
  readonly #connection: Connection;
  readonly #decoder: FrameDecoder;
  readonly #pending: PendingTable<UpstreamCall>;
  readonly #liveness: Liveness;
  #state: State = 'connecting';
  #blocked: Blocked[] = [];
  #full = false;
  #stalled = false;
  #lastProgress = -1;
  #stallCheckAt = 0;
  /** How many callers want it not to be read from. */
  #holders = 0;

  constructor(deps: UpstreamDeps, endpoint: Endpoint, options: UpstreamOptions, events: UpstreamEvents) {
    this.#deps = deps;
    this.#endpoint = endpoint;
    this.#options = options;
    this.#events = events;
    this.#pending = new PendingTable(options.maxPending);
    this.#decoder = deps.codec.createDecoder(deps.limits, deps.budget, this);
    this.#liveness = new Liveness(options.heartbeat, deps.clock.now());
    const { host, port } = endpoint;
    const target = { host, port, timeoutMs: options.connectTimeout, highWater: deps.limits.highWater };
    this.#connection = connect(deps.net, deps.clock, target, this);
  }

  get state(): State {
    return this.#state;
  }

  /** Whether anything ever came on it. */
  get heard(): boolean {
    return this.#liveness.heard;
  }

  /** Why its peer is taken for silent, until it is heard again; '' when it is not. */
  get silence(): string {
    return this.#liveness.silence;
  }

  get pending(): number {
    return this.#pending.size;
  }

  /** Whether a new call may be sent on it. */
  get available(): boolean {
    if (this.#state !== 'ready' || this.#stalled || this.#pending.full) return false;
    // Those who made it full wait already; the next ones may only while there is memory for what they send.
    return !(this.#full && this.#deps.net.full);
  }

  /** It takes calls, but whoever sends them should wait: see `block`. */
  get full(): boolean {
    return this.#full && !this.#stalled;
  }

  /** Only while `available`. */
  send(call: UpstreamCall, bytes: Buffer, start: number, end: number): void {
    if (call.oneway) {
      this.#deps.codec.forward(this.#connection.out(), bytes, start, end, this.#deps.nextId());
      call.onSent(this, NO_ROOM);
      return;
    }
    const id = this.#pending.add(call);
    this.#deps.codec.forward(this.#connection.out(), bytes, start, end, id);
    call.onSent(this, id);
  }

  /** Nobody waits for the reply `id` any more. */
  giveUp(id: number): void {
    this.#take(id);
    this.#closeIfDrained();
  }

  /** A call that was sent at `sentAt` has timed out: if nothing came since, ask whether the peer lives. */
  suspect(sentAt: number): void {
    if (this.#state !== 'ready' || !this.#liveness.doubts(sentAt)) return;
    const now = this.#deps.clock.now();
    this.#ask(now);
    this.#setAlarm(now);
  }

  /** `who` is told to go on when this connection takes more again, or is gone. */
  block(who: Blocked): void {
    this.#blocked.push(who);
  }

  /** Stops reading replies, which slows the peer down, until each of those who asked for it has let go. */
  hold(): void {
    this.#holders++;
    this.#connection.setReading(false);
  }

  letGo(): void {
    this.#holders--;
    if (this.#holders > 0) return;
    this.#liveness.beginListening(this.#deps.clock.now());
    this.#connection.setReading(true);
  }

  /** Takes no new calls and closes when those it has are answered. */
  drain(): void {
    if (this.#state === 'closed' || this.#state === 'draining') return;
    if (this.#state === 'connecting') return this.#connection.destroy('no longer needed');
    this.#state = 'draining';
    this.#closeIfDrained();
  }

  onConnect(): void {
    this.#state = 'ready';
    const now = this.#deps.clock.now();
    this.#liveness.beginListening(now);
    this.#setAlarm(now);
    // Tells the peer at once that this side understands goaway.
    this.#deps.codec.heartbeat(this.#connection.out(), this.#deps.nextId());
    this.#events.onChange();
  }

  onBytes(chunk: Buffer, length: number): void {
    if (this.#liveness.hear(this.#deps.clock.now())) this.#events.onChange();
    try {
      this.#decoder.push(chunk, length);
    } catch (error) {
      if (!(error instanceof WeftError)) throw error;
      this.#connection.destroy(`sent bytes that are not ${this.#deps.codec.type}: ${error.message}`);
    }
  }

  onFrame(frame: FrameView): void {
    switch (frame.kind) {
      case FrameKind.reply: {
        this.#liveness.exchanged();
        const call = this.#take(frame.id);
        if (call !== undefined) call.onReply(frame);
        if (this.#state === 'draining') this.#closeIfDrained();
        return;
      }
      case FrameKind.heartbeat:
        if (this.#mayAnswer) this.#deps.codec.heartbeatAck(this.#connection.out(), frame.id, frame.replyContext);
        return;
      case FrameKind.heartbeatAck:
        this.#liveness.answered();
        return;
      case FrameKind.goaway:
        if (this.#state !== 'ready') return;
        this.drain();
        this.#events.onGoaway(this);
        return;
      case FrameKind.request:
        // A server that calls back over its client's connection: nobody here takes calls.
        if (!this.#mayAnswer) return;
        this.#deps.codec.localReply(this.#connection.out(), frame.id, frame.replyContext, {
          code: 'no_route',
          message: 'a sidecar takes no calls on the connections that it opened',
          unsent: true,
        });
        return;
      default:
        return;
    }
  }

  /** Answers to a peer that asks and does not read would pile up; it misses nothing when there are none. */
  get #mayAnswer(): boolean {
    return this.#connection.queued < this.#deps.limits.highWater;
  }

  onRejected(frame: FrameView, reason: RejectReason): void {
    if (reason === 'checksum') return this.#connection.destroy('sent a frame with a wrong checksum');
    if (frame.kind !== FrameKind.reply) return;
    const size = frame.end - frame.start;
    const why = reason === 'too_large' ? 'is over the limits for a frame' : 'found no memory for it left';
    this.#take(frame.id)?.onFailure(
      new WeftError(reason, `the reply of ${size} bytes from ${this.#endpoint.address} ${why}`, { side: 'upstream' }),
    );
    this.#closeIfDrained();
  }

  onBacklog(full: boolean): void {
    this.#full = full;
    if (full) {
      this.#lastProgress = -1;
      this.#checkStallAt(this.#deps.clock.now());
    } else {
      this.#stalled = false;
      this.#unblockAll();
      // Calls may wait for room, not only for a peer that moves again.
      this.#events.onChange();
    }
  }

  onEnd(): void {
    this.#connection.destroy('closed by the peer');
  }

  onClose(reason: string): void {
    this.#state = 'closed';
    this.#deps.slowWheel.clear(this);
    this.#decoder.close();
    const lost = this.#pending.takeAll();
    this.#events.onGone(this, reason);
    if (lost.length > 0) {
      const error = new WeftError(
        'connection_lost',
        `the connection to ${this.#endpoint.address} was lost: ${reason}`,
        {
          side: 'upstream',
        },
      );
      for (const call of lost) call.onFailure(error);
    }
    this.#unblockAll();
  }

  /** Heartbeats and the look at a connection that does not move. */
  onDeadline(): void {
    const now = this.#deps.clock.now();
    const { silence } = this.#liveness;
    // A peer cannot be found silent by one that does not listen.
    if (this.#holders > 0) this.#liveness.beginListening(now);
    if (this.#full && now >= this.#stallCheckAt) this.#checkStall(now);
    const verdict = this.#liveness.check(now);
    if (verdict === 'dead') this.#connection.destroy(`${this.#options.heartbeat.misses} heartbeats unanswered`);
    else if (verdict === 'ask') this.#ask(now);
    this.#setAlarm(now);
    if (silence !== this.#liveness.silence) this.#events.onChange();
  }

  #setAlarm(now: number): void {
    const { next } = this.#liveness;
    this.#deps.slowWheel.set(this, Math.max(this.#full ? Math.min(next, this.#stallCheckAt) : next, now + 1));
  }

  #ask(now: number): void {
    this.#liveness.asked(now);
    this.#deps.codec.heartbeat(this.#connection.out(), this.#deps.nextId());
  }

  #checkStallAt(now: number): void {
    this.#stallCheckAt = now + STALL_CHECK_MS;
    this.#setAlarm(now);
  }

  /** A slow peer slows its senders; one that takes nothing at all must not hold them up for others. */
  #checkStall(now: number): void {
    const progress = this.#connection.progress;
    this.#stallCheckAt = now + STALL_CHECK_MS;
    const stood = this.#stalled;
    this.#stalled = progress === this.#lastProgress;
    this.#lastProgress = progress;
    if (this.#stalled) this.#unblockAll();
    else if (stood) this.#events.onChange();
  }

  /** What waits for the reply `id`, if anything does. Where there was no room for calls there is some now. */
  #take(id: number): UpstreamCall | undefined {
    const { full } = this.#pending;
    const call = this.#pending.take(id);
    if (full && call !== undefined) this.#events.onChange();
    return call;
  }

  #unblockAll(): void {
    if (this.#blocked.length === 0) return;
    const blocked = this.#blocked;
    this.#blocked = [];
    for (const who of blocked) who.unblock();
  }

  #closeIfDrained(): void {
    if (this.#state === 'draining' && this.#pending.size === 0) this.#connection.close();
  }
}
