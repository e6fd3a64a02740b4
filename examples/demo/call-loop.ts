import { setTimeout as delay } from 'node:timers/promises';

/** What has become of calls since they were last asked for. */
export interface Calls {
  /** One a call that was answered, in µs. */
  readonly micros: readonly number[];
  /** One a call that failed: why. */
  readonly failures: readonly string[];
  /** Answered calls by the name of the provider that answered. */
  readonly providers: Readonly<Record<string, number>>;
}

/** One way to call. */
export interface Caller {
  /** Resolves with the name of the provider that answered. Rejects after TIMEOUT_MS at the latest. */
  call(): Promise<string>;
  close(): Promise<void>;
}

export const TIMEOUT_MS = 3_000;
/** Calls beyond it are not made: against a peer that hangs they would pile up. */
const MAX_UNDER_WAY = 1_000;

/** Calls so many times a second, whatever the answers. */
export class CallLoop {
  readonly #caller: Caller;
  readonly #rate: number;
  readonly #startedAt: number;
  readonly #timer: NodeJS.Timeout;
  readonly #underWay = new Set<Promise<void>>();
  #made = 0;
  #micros: number[] = [];
  #failures: string[] = [];
  #providers: Record<string, number> = {};

  /**
   * @param rate calls a second
   * @param phase part of a period by which the first call comes later
   */
  constructor(caller: Caller, rate: number, phase = 0) {
    this.#caller = caller;
    this.#rate = rate;
    this.#startedAt = performance.now() + (phase * 1_000) / rate;
    this.#timer = setInterval(() => this.#catchUp(), Math.max(1, 500 / rate));
  }

  take(): Calls {
    const calls = { micros: this.#micros, failures: this.#failures, providers: this.#providers };
    this.#micros = [];
    this.#failures = [];
    this.#providers = {};
    return calls;
  }

  /** Makes no more calls; resolves when those under way have ended. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.race([Promise.all(this.#underWay), delay(TIMEOUT_MS, undefined, { ref: false })]);
    await this.#caller.close();
  }

  #catchUp(): void {
    const due = Math.floor(((performance.now() - this.#startedAt) * this.#rate) / 1_000);
    // After a pause of the machine, go on from here instead of making up for it in one burst.
    if (due - this.#made > this.#rate / 2) this.#made = due - 1;
    for (; this.#made < due; this.#made++) {
      if (this.#underWay.size >= MAX_UNDER_WAY) continue;
      const call = this.#call().finally(() => this.#underWay.delete(call));
      this.#underWay.add(call);
    }
  }

  async #call(): Promise<void> {
    const startedAt = performance.now();
    try {
      const provider = await this.#caller.call();
      this.#micros.push(Math.round((performance.now() - startedAt) * 1_000));
      this.#providers[provider] = (this.#providers[provider] ?? 0) + 1;
    } catch (error) {
      this.#failures.push(error instanceof Error ? error.message : String(error));
    }
  }
}
