import { Counter, Histogram, type Labels, type Metrics } from '../../telemetry/metrics.ts';
import type { Outcome } from '../message/outcome.ts';
import { OutcomeCounters } from './outcome-counters.ts';

const SECONDS = 1 / 1000;

/**
 * What is counted of a cluster's requests. A series is made when its outcome first happens, so
 * a cluster costs what it uses; from then on counting is an addition.
 */
export class ClusterStats {
  active = 0;
  readonly #metrics: Metrics;
  readonly #labels: Labels;
  readonly #outcomes: OutcomeCounters;
  readonly #statuses = new Map<number, Counter>();
  #latency: Histogram | undefined;
  #retries: Counter | undefined;
  #closed = false;

  constructor(metrics: Metrics, labels: Labels) {
    this.#metrics = metrics;
    this.#labels = labels;
    this.#outcomes = new OutcomeCounters((outcome) =>
      this.#bind('weft_requests_total', 'Requests by cluster and outcome.', { ...this.#labels, outcome }),
    ).begin();
  }

  /** @param ms from the request's arrival to its reply. */
  ended(outcome: Outcome, ms: number): void {
    this.#outcomes.ended(outcome);
    // How fast the service is is not to be judged by what never comes to it.
    if (outcome === 'limited') return;
    this.#latency ??= this.#histogram();
    this.#latency.observe(ms * SECONDS);
  }

  /** A response of HTTP has come from an endpoint. */
  responded(status: number): void {
    let counter = this.#statuses.get(status);
    if (counter === undefined) {
      const labels = { ...this.#labels, code: String(status) };
      counter = this.#bind('weft_http_responses_total', 'Responses of HTTP from endpoints, by status.', labels);
      this.#statuses.set(status, counter);
    }
    counter.inc();
  }

  /** @param sent octets to the endpoint; `received` those from it. */
  tunnelEnded(outcome: Outcome, sent: number, received: number): void {
    this.#outcomes.ended(outcome);
    const help = 'Bytes carried through tunnels that have ended.';
    this.#bind('weft_tunnel_bytes_total', help, { ...this.#labels, direction: 'sent' }).add(sent);
    this.#bind('weft_tunnel_bytes_total', help, { ...this.#labels, direction: 'received' }).add(received);
  }

  /** An endpoint rests because of how its requests ended. */
  ejected(): void {
    this.#bind('weft_outlier_ejections_total', 'Endpoints ejected by outlier detection.', this.#labels).inc();
  }

  /** A health check of an endpoint has ended. */
  checked(ok: boolean): void {
    const result = ok ? 'ok' : 'failed';
    this.#bind('weft_health_checks_total', 'Health checks of endpoints, by result.', { ...this.#labels, result }).inc();
  }

  retried(): void {
    this.#retries ??= this.#bind('weft_retries_total', 'Tries beyond the first one.', this.#labels);
    this.#retries.inc();
  }

  /** Seconds from request to reply, of every outcome but `limited`; undefined before the first. */
  get latency(): Histogram | undefined {
    return this.#latency;
  }

  /** Requests by outcome so far. */
  totals(): Partial<Record<Outcome, number>> {
    return this.#outcomes.totals();
  }

  /** The cluster is gone, and so are its series; what its last requests count is seen by nobody. */
  close(): void {
    this.#closed = true;
    this.#metrics.remove(this.#labels);
  }

  #bind(name: string, help: string, labels: Labels): Counter {
    return this.#closed ? new Counter() : this.#metrics.counter(name, help, labels);
  }

  #histogram(): Histogram {
    if (this.#closed) return new Histogram();
    return this.#metrics.histogram('weft_request_seconds', 'Time from request to reply.', this.#labels);
  }
}
