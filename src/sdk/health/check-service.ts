import type { Clock, Timer } from '../../core/clock.ts';
import type { HttpAnswer, HttpProbe } from './http-probe.ts';
import { HEALTHY } from './verdict.ts';
import type { Check, Verdict } from './verdict.ts';

export interface CheckServiceSettings {
  /** The application's health url, such as `http://127.0.0.1:9500/checkService`; the config ensures that it is. */
  readonly url: string;
  /** Milliseconds. */
  readonly interval: number;
  /** Milliseconds. */
  readonly timeout: number;
}

/** A pause or a dropped connection is no verdict; the second silence in a row is. */
const SILENCES = 2;
const CONFIRM_DELAY = 1000;

/**
 * Polls SOFA's health url. The application is healthy while it answers 200 and its first line is
 * `passed:true`. An answer that says otherwise counts at once; no answer counts when it is confirmed.
 */
export class CheckService implements Check {
  readonly #url: URL;
  readonly #settings: CheckServiceSettings;
  readonly #clock: Clock;
  readonly #probe: HttpProbe;
  readonly #onVerdict: () => void;
  #verdict: Verdict = { state: 'unknown', reason: 'checkService has not answered yet' };
  #timer: Timer | undefined;
  #abort: AbortController | undefined;
  #silences = 0;
  #closed = false;

  constructor(
    settings: CheckServiceSettings,
    deps: { readonly clock: Clock; readonly probe: HttpProbe },
    onVerdict: () => void,
  ) {
    this.#url = new URL(settings.url);
    this.#settings = settings;
    this.#clock = deps.clock;
    this.#probe = deps.probe;
    this.#onVerdict = onVerdict;
  }

  get verdict(): Verdict {
    return this.#verdict;
  }

  checkNow(): void {
    if (this.#closed || this.#abort !== undefined) return;
    const abort = new AbortController();
    this.#abort = abort;
    this.#schedule(this.#settings.timeout, () => {
      abort.abort();
      this.#silent(abort, `no answer within ${this.#settings.timeout} ms`);
    });
    this.#probe.get(this.#url, abort.signal).then(
      (answer) => this.#answered(abort, answer),
      (error: NodeJS.ErrnoException) => this.#silent(abort, error.code ?? error.message),
    );
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#abort?.abort();
  }

  #answered(abort: AbortController, answer: HttpAnswer): void {
    if (!this.#finish(abort)) return;
    this.#silences = 0;
    this.#schedule(this.#settings.interval, () => this.checkNow());
    if (answer.status !== 200) this.#decide(this.#bad(`status ${answer.status}`));
    else if (/^passed\s*:\s*true$/i.test(answer.firstLine)) this.#decide(HEALTHY);
    else this.#decide(this.#bad(`it says ${JSON.stringify(answer.firstLine.slice(0, 80))}, not passed:true`));
  }

  #silent(abort: AbortController, reason: string): void {
    if (!this.#finish(abort)) return;
    this.#silences += 1;
    const confirmed = this.#silences >= SILENCES;
    const delay = confirmed ? this.#settings.interval : Math.min(CONFIRM_DELAY, this.#settings.interval);
    this.#schedule(delay, () => this.checkNow());
    if (confirmed) this.#decide(this.#bad(reason));
  }

  /** Whether `abort` belongs to the poll under way, which is then over. */
  #finish(abort: AbortController): boolean {
    if (this.#closed || this.#abort !== abort) return false;
    this.#abort = undefined;
    return true;
  }

  #bad(reason: string): Verdict {
    return { state: 'unhealthy', reason: `checkService at ${this.#url.host}: ${reason}` };
  }

  #decide(verdict: Verdict): void {
    const same = verdict.state === this.#verdict.state && verdict.reason === this.#verdict.reason;
    this.#verdict = verdict;
    if (!same) this.#onVerdict();
  }

  #schedule(ms: number, task: () => void): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.after(ms, task);
  }
}
