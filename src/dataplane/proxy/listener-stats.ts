import type { Counter, Gauge, Metrics } from '../../telemetry/metrics.ts';
import type { Outcome } from '../message/outcome.ts';
import { OutcomeCounters } from './outcome-counters.ts';
import { RouteRecord } from './route-record.ts';

/** What is counted of a listener, whichever of the listeners that had its name one after the other. */
export class ListenerStats {
  readonly name: string;
  /** Connections. */
  readonly accepted: Counter;
  readonly open: Gauge;
  readonly #metrics: Metrics;
  #tlsFailures: Counter | undefined;
  readonly #unrouted: OutcomeCounters;
  readonly #routes = new Map<string, RouteRecord>();

  constructor(metrics: Metrics, name: string) {
    const labels = { listener: name };
    this.name = name;
    this.#metrics = metrics;
    this.accepted = metrics.counter('weft_downstream_connections_total', 'Connections accepted.', labels);
    this.open = metrics.gauge('weft_downstream_connections', 'Connections open.', labels);
    this.#unrouted = new OutcomeCounters((outcome) =>
      metrics.counter('weft_unrouted_requests_total', 'Requests that reached no cluster.', { ...labels, outcome }),
    );
  }

  /** Handshakes of TLS that failed; asked for where TLS is terminated, and seen from then on. */
  get tlsFailures(): Counter {
    this.#tlsFailures ??= this.#metrics.counter('weft_tls_handshake_failures_total', 'TLS handshakes that failed.', {
      listener: this.name,
    });
    return this.#tlsFailures;
  }

  /** Counts a request that ended without a cluster, and was not answered by a route either. */
  unrouted(outcome: Outcome): void {
    this.#unrouted.ended(outcome);
  }

  /** Those so far, by outcome. */
  get unroutedTotals(): Partial<Record<Outcome, number>> {
    return this.#unrouted.totals();
  }

  /** What is known of the route of this name; asked for when the route is made, not per request. */
  route(name: string): RouteRecord {
    let record = this.#routes.get(name);
    if (record === undefined) {
      const labels = { listener: this.name, route: name };
      const counters = new OutcomeCounters((outcome) =>
        this.#metrics.counter('weft_route_requests_total', 'Requests by route and outcome.', { ...labels, outcome }),
      ).begin();
      record = new RouteRecord(counters);
      this.#routes.set(name, record);
    }
    return record;
  }

  /** There are no other routes than these any more; what the last requests of others count is seen by nobody. */
  keepRoutes(names: Iterable<string>): void {
    const kept = new Set(names);
    for (const [name, record] of this.#routes) {
      if (kept.has(name)) continue;
      record.close();
      this.#routes.delete(name);
      this.#metrics.remove({ listener: this.name, route: name });
    }
  }

  /** The last listener of the name is gone, and so are its series. */
  close(): void {
    this.#routes.clear();
    this.#metrics.remove({ listener: this.name });
  }
}
