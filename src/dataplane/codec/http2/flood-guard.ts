import type { Clock } from '../../../core/clock.ts';
import { ErrorCode, Http2Error } from './protocol.ts';

/** Frames without content that a peer may send in advance of work. */
const IDLE_FRAMES = 1000;
/** Streams that it may reset in advance of ones that it lets end. */
const RESETS = 200;
/** What time alone gives back, each second: a quiet connection may live for years on its PINGs. */
const IDLE_FRAMES_A_SECOND = 10;
const RESETS_A_SECOND = 2;
/** Frames that answer the peer's own while it reads nothing. */
const UNREAD_ANSWERS = 1000;

/**
 * Ends connections whose peer makes work without doing any: PING, SETTINGS and PRIORITY frames,
 * empty DATA (CVE-2019-9512, 9515, 9518), and requests that are reset at once (CVE-2023-44487).
 * Whoever does useful work earns more of them; the clock is asked only at the limits.
 */
export class FloodGuard {
  readonly #clock: Pick<Clock, 'now'>;
  #idleFrames = 0;
  #idleSince: number;
  #resets = 0;
  #resetsSince: number;
  #unread = 0;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
    this.#idleSince = this.#resetsSince = clock.now();
  }

  /** A frame that carries nothing on. */
  idle(): void {
    if (++this.#idleFrames <= IDLE_FRAMES) return;
    const now = this.#clock.now();
    this.#idleFrames = earned(this.#idleFrames, now - this.#idleSince, IDLE_FRAMES_A_SECOND);
    this.#idleSince = now;
    if (this.#idleFrames > IDLE_FRAMES) throw calm('too many frames that carry nothing');
  }

  /** The peer has reset a stream that it had opened, or has opened one that it may not. */
  reset(): void {
    if (++this.#resets <= RESETS) return;
    const now = this.#clock.now();
    this.#resets = earned(this.#resets, now - this.#resetsSince, RESETS_A_SECOND);
    this.#resetsSince = now;
    if (this.#resets > RESETS) throw calm('too many streams that are reset');
  }

  /** A frame is about to be answered. @param backlogged whether what was written before waits for the peer still. */
  answer(backlogged: boolean): void {
    if (!backlogged) this.#unread = 0;
    else if (++this.#unread > UNREAD_ANSWERS) throw calm('too many answers that are not read');
  }

  /** Content, or a stream that ended as it should. */
  worked(): void {
    if (this.#idleFrames > 0) this.#idleFrames--;
  }

  ended(): void {
    if (this.#resets > 0) this.#resets--;
  }
}

function earned(count: number, ms: number, aSecond: number): number {
  return Math.max(0, count - Math.floor((ms * aSecond) / 1000));
}

function calm(message: string): Http2Error {
  return new Http2Error(ErrorCode.enhanceYourCalm, message);
}
