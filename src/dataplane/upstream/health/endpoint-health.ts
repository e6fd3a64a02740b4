import type { Timer } from '../../../core/clock.ts';
import type { Endpoint } from '../../cluster/endpoint.ts';
import type { UpstreamDeps } from '../upstream-deps.ts';
import { HealthCheck, type HealthCheckOptions } from './health-check.ts';

/** How much longer or shorter than its interval a pause may be: sidecars that began together do not stay together. */
const JITTER = 0.2;

export interface EndpointHealthEvents {
  /** Whether another check is wanted; when not, none is made any more. */
  goesOn(): boolean;
  /** A check has ended. @param problem '' when all is well. */
  onChecked(problem: string): void;
  /** What counts from now on; perhaps what has counted already. */
  onVerdict(endpoint: Endpoint, problem: string): void;
}

/** One check of an endpoint after the other, and what follows from them. */
export class EndpointHealth {
  readonly #deps: UpstreamDeps;
  readonly #endpoint: Endpoint;
  readonly #options: HealthCheckOptions;
  readonly #events: EndpointHealthEvents;
  #timer: Timer | undefined;
  #check: HealthCheck | undefined;
  #startedAt = 0;
  /** Undefined until the first check has ended. */
  #well: boolean | undefined;
  /** Checks in a row that say otherwise. */
  #contrary = 0;

  /** @param delay ms until the first check. */
  constructor(
    deps: UpstreamDeps,
    endpoint: Endpoint,
    options: HealthCheckOptions,
    delay: number,
    events: EndpointHealthEvents,
  ) {
    this.#deps = deps;
    this.#endpoint = endpoint;
    this.#options = options;
    this.#events = events;
    if (delay > 0) this.#timer = deps.clock.after(delay, this.#begin);
    else this.#begin();
  }

  /** It ends without a word. */
  close(): void {
    this.#timer?.cancel();
    this.#check?.cancel();
  }

  readonly #begin = (): void => {
    if (!this.#events.goesOn()) return;
    this.#startedAt = this.#deps.clock.now();
    this.#check = new HealthCheck(this.#deps, this.#endpoint, this.#options, (problem) => this.#onAnswer(problem));
  };

  #onAnswer(problem: string): void {
    this.#check = undefined;
    const { clock, chance } = this.#deps;
    const pause = this.#options.policy.interval * (1 - JITTER + 2 * JITTER * chance());
    this.#timer = clock.after(Math.max(0, this.#startedAt + pause - clock.now()), this.#begin);
    this.#events.onChecked(problem);
    this.#judge(problem);
  }

  /** The first answer counts at once: nothing is known against it, or for it. */
  #judge(problem: string): void {
    const well = problem === '';
    if (well === this.#well) {
      this.#contrary = 0;
      // What is wrong may be something else by now.
      if (!well) this.#events.onVerdict(this.#endpoint, problem);
      return;
    }
    this.#contrary++;
    const { healthyThreshold, unhealthyThreshold } = this.#options.policy;
    if (this.#well !== undefined && this.#contrary < (well ? healthyThreshold : unhealthyThreshold)) return;
    this.#well = well;
    this.#contrary = 0;
    this.#events.onVerdict(this.#endpoint, problem);
  }
}
