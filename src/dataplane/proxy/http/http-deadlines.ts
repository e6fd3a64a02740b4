import { NOT_SET, type WheelEntry } from '../../../core/timer-wheel.ts';
import { parseGrpcTimeout } from '../../codec/grpc/timeout.ts';
import { Known } from '../../message/http-fields.ts';
import type { RequestHead } from '../../message/http-head.ts';
import type { HttpScope } from './http-scope.ts';

const NEVER = Number.POSITIVE_INFINITY;

/**
 * What came too late, `message` for people: the caller's own body, one try of several, or anything else. Or, when a
 * `pause` is over, that it has come.
 */
export interface Late {
  readonly kind: 'caller' | 'try' | 'pause' | 'all';
  readonly message: string;
}

/**
 * The times that one exchange may take: for a place in line, for the head of the response, for each
 * move of its content, and altogether where its caller says so. One entry in the wheel serves all: it
 * is set for the next of them, and only ever moved to come earlier; when it comes for nothing, it is
 * set anew.
 */
export class HttpDeadlines {
  readonly #owner: WheelEntry;
  readonly #scope: HttpScope;
  #startedAt = 0;
  #timeout = 0;
  /** When its caller stops waiting. */
  #expiresAt = NEVER;
  #queueUntil = NEVER;
  #headUntil = NEVER;
  /** Of one try: how long, and until when. */
  #perTry = 0;
  #tryUntil = NEVER;
  #pauseUntil = NEVER;
  #movedAt = 0;
  /** It is held, and not for its content. */
  #held = false;
  /** Content of the request is waited for. */
  #inRequest = false;
  /** The caller may not send more of it: the endpoint takes too little, or there is none yet. */
  #paused = false;
  #grpc = false;

  constructor(owner: WheelEntry, scope: HttpScope) {
    this.#owner = owner;
    this.#scope = scope;
  }

  /** @param timeout from the end of the request to the head of its response. */
  start(now: number, head: RequestHead, grpc: boolean, timeout: number): void {
    this.#startedAt = this.#movedAt = now;
    this.#grpc = grpc;
    this.#inRequest = true;
    this.#paused = this.#held = false;
    const own = grpc ? parseGrpcTimeout(head.get(Known.grpcTimeout) ?? '') : undefined;
    this.#expiresAt = own === undefined ? NEVER : now + own;
    // A call of gRPC takes as long as its caller says; one that says nothing waits.
    this.#timeout = grpc ? NEVER : timeout;
    this.#queueUntil = this.#headUntil = this.#tryUntil = this.#pauseUntil = NEVER;
    this.#perTry = 0;
    this.#set();
  }

  onRequestEnd(now: number): void {
    this.#inRequest = false;
    this.#movedAt = now;
    this.#startTry();
    if (this.#timeout === NEVER) return;
    this.#headUntil = now + this.#timeout;
    this.#set();
  }

  onQueued(ms: number): void {
    this.#queueUntil = this.#scope.deps.clock.now() + ms;
    this.#set();
  }

  onDequeued(): void {
    this.#queueUntil = NEVER;
  }

  /** It is on its way to an endpoint. @param ms for the head of its response; 0: as long as for all tries. */
  onTry(ms: number): void {
    this.#perTry = ms;
    this.#startTry();
  }

  onTryEnd(): void {
    this.#perTry = 0;
    this.#tryUntil = NEVER;
  }

  /** As that of all tries, its time begins when all of the request has gone. */
  #startTry(): void {
    this.#tryUntil = NEVER;
    if (this.#perTry === 0 || this.#inRequest) return;
    this.#tryUntil = this.#scope.deps.clock.now() + this.#perTry;
    this.#set();
  }

  /** Before the next try; meanwhile nothing has to move. */
  onPause(ms: number): void {
    this.#tryUntil = NEVER;
    this.#pauseUntil = this.#scope.deps.clock.now() + ms;
    this.#set();
  }

  /** It stops at a gate, where nothing has to move; or goes on from there. */
  onHeld(held: boolean): void {
    this.#held = held;
    if (held) return;
    this.moved();
    this.#set();
  }

  onResponse(): void {
    this.#headUntil = this.#tryUntil = this.#timeout = NEVER;
    this.#perTry = 0;
    this.moved();
  }

  /** It goes on in both directions, for as long as it likes. */
  onTunnel(): void {
    this.#inRequest = false;
    this.onResponse();
  }

  onPaused(): void {
    this.#paused = true;
    this.moved();
    this.#set();
  }

  onResumed(): void {
    this.#paused = false;
    this.moved();
    this.#set();
  }

  moved(): void {
    this.#movedAt = this.#scope.deps.clock.now();
  }

  stop(): void {
    this.#scope.deps.wheel.clear(this.#owner);
  }

  /** What the caller leaves of its time, in milliseconds; undefined when it does not say, or it has hardly changed. */
  remaining(): number | undefined {
    if (this.#expiresAt === NEVER) return undefined;
    const now = this.#scope.deps.clock.now();
    return now - this.#startedAt < 1 ? undefined : Math.max(0, this.#expiresAt - now);
  }

  /** What is too late by now. When nothing is, the wheel is set for the next. */
  check(): Late | undefined {
    const now = this.#scope.deps.clock.now();
    const waited = Math.round(now - this.#startedAt);
    if (now >= this.#expiresAt) return late(`the caller's deadline passed after ${waited} ms`);
    if (now >= this.#queueUntil) return late(`waited ${waited} ms for a connection`);
    if (now >= this.#headUntil) return late(`no response in ${this.#timeout} ms`);
    if (now >= this.#tryUntil) {
      this.#tryUntil = NEVER;
      this.#set();
      return late(`no response in ${this.#perTry} ms (perTryTimeout)`, 'try');
    }
    if (now >= this.#pauseUntil) {
      this.#pauseUntil = NEVER;
      this.#movedAt = now;
      this.#set();
      return late('', 'pause');
    }
    const idle = this.#idleLimit;
    if (now >= this.#movedAt + idle) {
      if (this.#waitsForBody) return late(`the body stood still for ${idle} ms (bodyTimeout)`, 'caller');
      if (this.#waitsForEndpoint) return late(`the endpoint took none of the body for ${idle} ms`);
      return late(`nothing moved for ${idle} ms (streamIdleTimeout)`);
    }
    this.#set();
    return undefined;
  }

  /** A stream of gRPC messages may pause for as long as it likes; a body is on its way. */
  get #waitsForBody(): boolean {
    return this.#inRequest && !this.#grpc && !this.#paused;
  }

  get #waitsForEndpoint(): boolean {
    return this.#inRequest && !this.#grpc && this.#paused && this.#queueUntil === NEVER;
  }

  get #idleLimit(): number {
    if (this.#pauseUntil !== NEVER || this.#held) return NEVER;
    const { bodyTimeout, streamIdleTimeout } = this.#scope.limits;
    if (this.#waitsForBody) return bodyTimeout;
    if (streamIdleTimeout > 0) return streamIdleTimeout;
    // A body that stands still is no stream that is idle.
    return this.#waitsForEndpoint ? bodyTimeout : NEVER;
  }

  #set(): void {
    const { wheel } = this.#scope.deps;
    const onTheWay = Math.min(this.#queueUntil, this.#headUntil, this.#tryUntil, this.#pauseUntil);
    const next = Math.min(this.#expiresAt, onTheWay, this.#movedAt + this.#idleLimit);
    if (next === NEVER) return;
    if (this.#owner.wheelSlot === NOT_SET || next < this.#owner.deadline) wheel.set(this.#owner, next);
  }
}

function late(message: string, kind: Late['kind'] = 'all'): Late {
  return { kind, message };
}
