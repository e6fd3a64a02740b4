import type { Clock, Timer } from '../../core/clock.ts';
import type { Endpoint } from './endpoint.ts';
import type { OutlierPolicy } from './policy.ts';

/** What an endpoint's requests say of it. */
class Record {
  /** Failures since the last success. */
  consecutive = 0;
  /** Since the last look. */
  requests = 0;
  failures = 0;
  /** How often it was ejected, less the times in which it was well. */
  ejections = 0;
  /** While it is ejected, by the clock. */
  until: number | undefined;
}

export interface OutlierDeps {
  readonly clock: Clock;
  /** Takes an endpoint out, with the reason, or, with '', back in. */
  setEjected(endpoint: Endpoint, reason: string): void;
  /** All endpoints of the cluster. */
  endpoints(): Iterable<Endpoint>;
}

/**
 * Takes endpoints out whose requests fail more than those of the others, for a time that grows each time. After
 * Envoy's outlier detection. Sets no timer while there are no requests and nobody is out.
 */
export class OutlierDetector {
  readonly policy: OutlierPolicy;
  readonly #deps: OutlierDeps;
  readonly #records = new Map<Endpoint, Record>();
  #ejected = 0;
  #timer: Timer | undefined;

  constructor(policy: OutlierPolicy, deps: OutlierDeps) {
    this.policy = policy;
    this.#deps = deps;
  }

  /** A request to `endpoint` has ended. @param ok whether the endpoint did what it should. */
  record(endpoint: Endpoint, ok: boolean): void {
    let record = this.#records.get(endpoint);
    if (record === undefined) this.#records.set(endpoint, (record = new Record()));
    // What was under way when it was ejected says nothing new.
    if (record.until !== undefined) return;
    this.#timer ??= this.#deps.clock.every(this.policy.interval, () => this.#look());
    record.requests++;
    if (ok) {
      record.consecutive = 0;
      return;
    }
    record.failures++;
    const { consecutive } = this.policy;
    if (++record.consecutive >= consecutive && consecutive > 0 && record.until === undefined) {
      this.#eject(endpoint, record, `${record.consecutive} failures in a row`);
    }
  }

  /** An endpoint has left the cluster. */
  forget(endpoint: Endpoint): void {
    const record = this.#records.get(endpoint);
    if (record?.until !== undefined) this.#ejected--;
    this.#records.delete(endpoint);
  }

  /** Takes everybody back in. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const [endpoint, { until }] of this.#records) if (until !== undefined) this.#deps.setEjected(endpoint, '');
    this.#records.clear();
    this.#ejected = 0;
  }

  #look(): void {
    const now = this.#deps.clock.now();
    this.#judge();
    let busy = this.#ejected > 0;
    for (const [endpoint, record] of this.#records) {
      if (record.until !== undefined && now >= record.until) this.#takeBack(endpoint, record);
      // A time in which it was well makes up for an ejection.
      else if (record.until === undefined && record.failures === 0 && record.ejections > 0) record.ejections--;
      busy ||= record.requests > 0 || record.ejections > 0;
      record.requests = record.failures = 0;
    }
    if (busy) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    // Failures in a row count however far apart they are.
    for (const [endpoint, { consecutive }] of this.#records) if (consecutive === 0) this.#records.delete(endpoint);
  }

  /** Those that fail far more often than they should, and than the others do. */
  #judge(): void {
    const { failurePercentage, successRate } = this.policy;
    const judged = [...this.#records].filter(
      ([, { requests, until }]) => until === undefined && requests >= this.policy.minRequests,
    );
    if (judged.length < this.policy.minEndpoints) return;
    const rates = judged.map(([, { requests, failures }]) => 1 - failures / requests);
    const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
    const deviation = Math.sqrt(rates.reduce((sum, rate) => sum + (rate - mean) ** 2, 0) / rates.length);
    const least = mean - deviation * successRate;
    for (const [i, [endpoint, record]] of judged.entries()) {
      const percent = percentOf(1 - rates[i]!);
      if (failurePercentage > 0 && percent >= failurePercentage) {
        this.#eject(endpoint, record, `${percent} % of ${record.requests} requests failed`);
      } else if (successRate > 0 && rates[i]! < least) {
        const others = percentOf(1 - mean);
        this.#eject(endpoint, record, `${percent} % of ${record.requests} requests failed, of all ${others} %`);
      }
    }
  }

  #eject(endpoint: Endpoint, record: Record, reason: string): void {
    if (!this.#mayEject) return;
    const { baseEjection, maxEjection } = this.policy;
    record.ejections++;
    record.consecutive = 0;
    const ms = Math.min(maxEjection, baseEjection * record.ejections);
    record.until = this.#deps.clock.now() + ms;
    this.#ejected++;
    this.#deps.setEjected(endpoint, `${reason}; it rests for ${Math.round(ms / 1000)} s`);
  }

  /** One may always rest where there are others; more only up to the share that the policy allows. */
  get #mayEject(): boolean {
    let all = 0;
    for (const { weight } of this.#deps.endpoints()) if (weight > 0) all++;
    return all > 1 && this.#ejected < Math.max(1, Math.floor((all * this.policy.maxEjected) / 100));
  }

  #takeBack(endpoint: Endpoint, record: Record): void {
    record.until = undefined;
    record.consecutive = 0;
    this.#ejected--;
    this.#deps.setEjected(endpoint, '');
  }
}

/** In tenths. */
function percentOf(part: number): number {
  return Math.round(1000 * part) / 10;
}
