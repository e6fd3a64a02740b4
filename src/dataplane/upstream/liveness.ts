import type { HeartbeatPolicy } from '../cluster/policy.ts';

/** What to do about a peer: nothing, ask it whether it lives, or give it up. */
export type Verdict = 'wait' | 'ask' | 'dead';

/**
 * Whether the peer of one connection lives: it is asked after some time without a word, taken for
 * silent when its answer is late, and for dead when several are missing. Knows times only; whoever
 * has the connection sends the heartbeats and keeps the timer.
 */
export class Liveness {
  readonly #policy: HeartbeatPolicy;
  /** When bytes last came, by the clock, or when somebody last began to listen. */
  #heardAt: number;
  #heard = false;
  #silence = '';
  #interval: number;
  #asking = false;
  #askedAt = 0;
  #misses = 0;

  constructor(policy: HeartbeatPolicy, now: number) {
    this.#policy = policy;
    this.#heardAt = now;
    this.#interval = policy.interval;
  }

  /** Whether anything ever came. */
  get heard(): boolean {
    return this.#heard;
  }

  /** Why the peer is taken for silent, until it is heard again; '' when it is not. */
  get silence(): string {
    return this.#silence;
  }

  /** When `check` has something to say, by the clock, if nothing comes before. */
  get next(): number {
    return this.#asking ? this.#askedAt + this.#patience : this.#heardAt + this.#interval;
  }

  /** Nobody has listened until now, so that nothing came means nothing. */
  beginListening(now: number): void {
    this.#heardAt = now;
  }

  /** Bytes have come. Returns whether that is news: they are the first ones, or end a silence. */
  hear(now: number): boolean {
    this.#heardAt = now;
    if (this.#heard && this.#silence === '') return false;
    this.#heard = true;
    this.#silence = '';
    return true;
  }

  /** A heartbeat has been answered. */
  answered(): void {
    this.#asking = false;
    this.#misses = 0;
  }

  /** A call has been answered: heartbeats go back to their shortest interval. */
  exchanged(): void {
    this.#interval = this.#policy.interval;
  }

  /** Whether a call sent at `sentAt` that got no reply is a reason to ask. */
  doubts(sentAt: number): boolean {
    return this.#heardAt <= sentAt && !this.#asking;
  }

  /** A heartbeat has been sent. */
  asked(now: number): void {
    this.#asking = true;
    this.#askedAt = now;
    this.#interval = Math.min(this.#interval * 2, this.#policy.maxInterval);
  }

  check(now: number): Verdict {
    if (!this.#asking) return now - this.#heardAt >= this.#interval ? 'ask' : 'wait';
    if (this.#heardAt > this.#askedAt) {
      this.answered();
      return 'wait';
    }
    if (now - this.#askedAt < this.#patience) return 'wait';
    const { interval, misses, timeout } = this.#policy;
    this.#misses++;
    if (this.#misses >= misses) return 'dead';
    if (this.#silence === '') this.#silence = `no answer to a heartbeat for ${timeout} ms`;
    this.#interval = interval;
    return 'ask';
  }

  get #patience(): number {
    return this.#silence === '' ? this.#policy.timeout : this.#policy.interval;
  }
}
