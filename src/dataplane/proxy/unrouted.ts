import type { Metrics } from '../../telemetry/metrics.ts';
import type { Outcome } from '../message/outcome.ts';

/** Counts a request of a listener that ended without a cluster. */
export function countUnrouted(metrics: Metrics, listener: string, outcome: Outcome): void {
  const labels = { listener, outcome };
  metrics.counter('weft_unrouted_requests_total', 'Requests that reached no cluster.', labels).inc();
}
