import { ErrorCode, Http2Error, MAX_WINDOW } from './protocol.ts';

/**
 * What the peer lets us send, of one stream or of the connection. RFC 9113, section 6.9. It may be
 * negative, after SETTINGS made it smaller.
 */
export class SendWindow {
  #left: number;

  constructor(size: number) {
    this.#left = size;
  }

  get left(): number {
    return this.#left;
  }

  take(octets: number): void {
    this.#left -= octets;
  }

  /** False, and nothing added, when that is beyond what a window may be: an error of the peer's. */
  add(octets: number): boolean {
    if (this.#left + octets > MAX_WINDOW) return false;
    this.#left += octets;
    return true;
  }
}

/**
 * What we let the peer send. Octets go on counting until they have been passed on, which is how a
 * slow reader slows the peer down; room is given back in portions, for each costs a frame.
 */
export class ReceiveWindow {
  readonly #size: number;
  /** What the peer may still send. */
  #left: number;
  /** What has been passed on, and not given back yet. */
  #freed = 0;

  /** @param size that has been announced. */
  constructor(size: number) {
    this.#size = size;
    this.#left = size;
  }

  /** Octets that have come and have not been passed on. */
  get held(): number {
    return this.#size - this.#left - this.#freed;
  }

  /** @throws Http2Error when the peer sends more than it may. */
  receive(octets: number): void {
    if (octets > this.#left) throw new Http2Error(ErrorCode.flowControlError, 'more DATA than the window allows');
    this.#left -= octets;
  }

  /**
   * So many octets have been passed on.
   *
   * @returns by how much to open the window with a WINDOW_UPDATE now; 0 to wait.
   */
  pass(octets: number): number {
    this.#freed += octets;
    if (this.#freed * 2 < this.#size) return 0;
    const increment = this.#freed;
    this.#left += increment;
    this.#freed = 0;
    return increment;
  }
}

/** What ends a connection whose window the peer opens too far. */
export function windowTooLarge(): Http2Error {
  return new Http2Error(ErrorCode.flowControlError, `a window of more than ${MAX_WINDOW}`);
}
