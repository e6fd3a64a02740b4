import { ErrorCode, Http2Error } from './protocol.ts';

/** Frames without content that a peer may send in advance of work. */
const IDLE_FRAMES = 1000;
/** Streams that it may reset in advance of ones that it lets end. */
const RESETS = 200;

/**
 * Ends connections whose peer makes work without doing any: PING, SETTINGS and PRIORITY frames,
 * empty DATA (CVE-2019-9512, 9515, 9518), and requests that are reset at once (CVE-2023-44487).
 * Whoever does useful work earns more of them.
 */
export class FloodGuard {
  #idleFrames = 0;
  #resets = 0;

  /** A frame that carries nothing on. */
  idle(): void {
    if (++this.#idleFrames > IDLE_FRAMES) throw calm('too many frames that carry nothing');
  }

  /** The peer has reset a stream that it had opened. */
  reset(): void {
    if (++this.#resets > RESETS) throw calm('too many streams that are reset');
  }

  /** Content, or a stream that ended as it should. */
  worked(): void {
    if (this.#idleFrames > 0) this.#idleFrames--;
  }

  ended(): void {
    if (this.#resets > 0) this.#resets--;
  }
}

function calm(message: string): Http2Error {
  return new Http2Error(ErrorCode.enhanceYourCalm, message);
}
