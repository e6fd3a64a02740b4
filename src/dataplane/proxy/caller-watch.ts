import type { Clock } from '../../core/clock.ts';
import { NOT_SET, type TimerWheel, type WheelEntry } from '../../core/timer-wheel.ts';
import type { Connection } from '../net/connection.ts';

/** How often a connection is looked at while there is something to watch. */
const LOOK_MS = 500;
/** The most that one look counts for: while this process itself stood still, no peer could move. */
const MAX_STEP_MS = 2 * LOOK_MS;
/** After goaway a connection is quiet once no request has come on it for this long. */
const QUIET_MS = 500;
/** How long a peer may take to close its side, and one that broke the protocol to get its last replies. */
const LAST_WORD_MS = 1000;
/** A request that arrives in parts has to gain this much in its caller's `requestPatience`, or to be complete. */
const REQUEST_PACE = 256 << 10;
/** A caller's connection as its watch sees it. */
export interface Watched {
  readonly connection: Connection;
  /** Requests that wait for replies. */
  readonly active: number;
  /** Bytes of a request that has not come whole. */
  readonly incomplete: number;
  /** Octets that wait for its windows, where its protocol has such, and how many have ever passed through them. */
  readonly windowed?: { readonly waiting: number; readonly passed: number };
  /** Milliseconds for which it may open no window; 0 for any time. */
  readonly windowPatience?: number;
  /** Whether calls of others wait because it does not read its replies fast enough. */
  readonly holdsUpOthers: boolean;
  /** Milliseconds that a request may take to arrive, or to gain REQUEST_PACE. */
  readonly requestPatience: number;
  /** Milliseconds for which it may take nothing of what waits for it, or hold up others. */
  readonly replyPatience: number;
  /** Goodbye has been said: quiet is a reason to leave. */
  readonly draining: boolean;
  /** Takes no more requests, and ends the connection when those under way are answered. */
  leave(reason: string): void;
  /** The time for last words is over. */
  cutShort(): void;
}

/** What a watch needs of the listener. */
export interface WatchScope {
  /** Milliseconds; 0 for never. */
  readonly idleTimeout: number;
  readonly deps: { readonly clock: Clock; readonly slowWheel: TimerWheel };
}

/** Time without progress, as far as looks at it can tell. */
class Stall {
  #last: number | undefined;
  #ms = 0;

  /**
   * @param value what changes with progress; undefined when there is nothing to wait for.
   * @returns for how many milliseconds it has not changed.
   */
  look(value: number | undefined, step: number): number {
    this.#ms = value === undefined || value !== this.#last ? 0 : this.#ms + step;
    this.#last = value;
    return this.#ms;
  }
}

/**
 * Ends what lasts too long on a caller's connection: idleness, replies that it does not take or
 * takes so slowly that others wait, a request that does not come to its end, and a goodbye. Sets
 * no alarm while there is nothing to wait for.
 */
export class CallerWatch implements WheelEntry {
  deadline = 0;
  wheelSlot = NOT_SET;
  wheelNext: WheelEntry | undefined;
  wheelPrev: WheelEntry | undefined;

  /** When bytes last came, or the connection last had a reason not to be idle. */
  heardAt: number;
  /** When a request last came. */
  calledAt = 0;
  readonly #caller: Watched;
  readonly #scope: WatchScope;
  readonly #output = new Stall();
  readonly #request = new Stall();
  readonly #windows = new Stall();
  /** Changes whenever an incomplete request begins or has gained enough. */
  #requestMark = 0;
  #requestMarkedAt = 0;
  /** For how many milliseconds it has held others up; time in which it does not is taken off. */
  #heldUp = 0;
  #lookedAt = 0;
  #closely = false;
  /** Since when the peer has had its last words; undefined before. */
  #lastWordFor: number | undefined;

  constructor(caller: Watched, scope: WatchScope) {
    this.#caller = caller;
    this.#scope = scope;
    this.heardAt = scope.deps.clock.now();
    this.rearm();
  }

  /** There is something that may not last: looks at it often from now on. */
  closely(): void {
    if (this.#closely) return;
    this.#closely = true;
    const now = this.#scope.deps.clock.now();
    this.#heldUp = Math.max(0, this.#heldUp - (now - this.#lookedAt));
    this.#lookedAt = now;
    this.#setAlarm(now);
  }

  /** `idleTimeout` may have changed. */
  rearm(): void {
    this.#setAlarm(this.#scope.deps.clock.now());
  }

  /** Nothing could be heard until now. */
  resumed(): void {
    this.heardAt = this.calledAt = this.#scope.deps.clock.now();
  }

  /** Of a request `bytes` are there and more are to come; what came last is a chunk of `length`. */
  cameInPart(bytes: number, length: number): void {
    const beganInChunk = bytes <= length;
    if (beganInChunk || bytes - this.#requestMarkedAt >= REQUEST_PACE) {
      this.#requestMark++;
      this.#requestMarkedAt = bytes;
    }
    this.closely();
  }

  /** The last request under way has been answered. */
  answered(): void {
    if (this.#scope.idleTimeout > 0) this.heardAt = this.#scope.deps.clock.now();
  }

  /** Calls `cutShort` after LAST_WORD_MS in which nothing waited to be sent; the last call of this counts. */
  lastWord(): void {
    this.#lastWordFor = 0;
    this.closely();
  }

  stop(): void {
    this.#scope.deps.slowWheel.clear(this);
  }

  onDeadline(): void {
    const now = this.#scope.deps.clock.now();
    const step = Math.min(now - this.#lookedAt, MAX_STEP_MS);
    this.#lookedAt = now;
    const stuck = this.#stuck(step);
    if (stuck !== undefined) return this.#caller.connection.destroy(stuck);
    this.#endWhatHasEnded(now, step);
    if (this.#requestStalls(step)) {
      this.#caller.leave(`a request of which ${this.#caller.incomplete} bytes had come did not go on`);
      this.lastWord();
    }
    this.#closely = this.#mayNotLast;
    this.#setAlarm(now);
  }

  get #mayNotLast(): boolean {
    const { connection, incomplete, draining, windowed } = this.#caller;
    return (
      (windowed?.waiting ?? 0) > 0 ||
      connection.queued > 0 ||
      incomplete > 0 ||
      draining ||
      this.#lastWordFor !== undefined
    );
  }

  /** Why it cannot go on like this with what the caller does not read; undefined when it can. */
  #stuck(step: number): string | undefined {
    const { connection, holdsUpOthers, replyPatience } = this.#caller;
    const { queued, progress } = connection;
    if (this.#output.look(queued > 0 ? progress : undefined, step) >= replyPatience) {
      return `took none of ${queued} bytes of replies in ${replyPatience} ms`;
    }
    const shut = this.#shut(step);
    if (shut !== undefined) return shut;
    this.#heldUp = Math.max(0, this.#heldUp + (holdsUpOthers ? step : -step));
    if (this.#heldUp < replyPatience) return undefined;
    return `has held up calls of others for ${replyPatience} ms: it asks for more than it reads`;
  }

  /** Replies whose exchanges are over wait here for windows, and nobody else has an eye on them. */
  #shut(step: number): string | undefined {
    const { windowed, windowPatience = 0 } = this.#caller;
    if (windowed === undefined || windowPatience === 0) return undefined;
    const shutFor = this.#windows.look(windowed.waiting > 0 ? windowed.passed : undefined, step);
    if (shutFor < windowPatience) return undefined;
    return `has opened no window for ${windowed.waiting} octets in ${windowPatience} ms`;
  }

  #requestStalls(step: number): boolean {
    const { incomplete, connection } = this.#caller;
    const mark = incomplete > 0 && connection.reading ? this.#requestMark : undefined;
    return this.#request.look(mark, step) >= this.#caller.requestPatience;
  }

  #endWhatHasEnded(now: number, step: number): void {
    const caller = this.#caller;
    if (this.#lastWordFor !== undefined) {
      if (caller.connection.queued === 0) this.#lastWordFor += step;
      if (this.#lastWordFor >= LAST_WORD_MS) caller.cutShort();
    } else if (caller.draining && this.#isQuiet(now)) {
      caller.leave('drained');
    } else if (this.#isIdle(now)) {
      caller.leave(`idle for ${this.#scope.idleTimeout} ms`);
    }
  }

  /** Nothing is under way in either direction. While it is not read from, silence says nothing. */
  get #settled(): boolean {
    const { active, connection } = this.#caller;
    return active === 0 && connection.queued === 0 && connection.reading;
  }

  /** No request has come, nor more of one. Heartbeats go on for as long as the peer keeps the connection. */
  #isQuiet(now: number): boolean {
    if (!this.#settled || now - this.calledAt < QUIET_MS) return false;
    return this.#caller.incomplete === 0 || now - this.heardAt >= QUIET_MS;
  }

  #isIdle(now: number): boolean {
    const { idleTimeout } = this.#scope;
    return idleTimeout > 0 && this.#settled && now - this.heardAt >= idleTimeout;
  }

  #setAlarm(now: number): void {
    const { idleTimeout, deps } = this.#scope;
    const look = now + LOOK_MS;
    if (this.#closely) deps.slowWheel.set(this, look);
    else if (idleTimeout > 0) deps.slowWheel.set(this, Math.max(this.heardAt + idleTimeout, look));
  }
}
