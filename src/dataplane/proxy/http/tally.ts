import type { Outcome } from '../../message/outcome.ts';
import type { ClusterRoute } from '../../route/route.ts';
import type { ManagedCluster } from '../managed-cluster.ts';
import type { HttpScope } from './http-scope.ts';

/** What is counted of one request. */
export class Tally {
  startedAt = 0;
  /** Octets of content, those of the request and those of the response. */
  sent = 0;
  received = 0;

  begin(now: number): void {
    this.startedAt = now;
    this.sent = this.received = 0;
  }

  /**
   * The request is over.
   *
   * @param target undefined where it came to no cluster.
   */
  ended(
    scope: HttpScope,
    route: ClusterRoute | undefined,
    target: ManagedCluster | undefined,
    outcome: Outcome,
    tunnel: boolean,
  ): void {
    route?.stats.ended(outcome);
    if (target === undefined) {
      // What a route answers by itself needs no cluster.
      if (outcome !== 'ok') scope.unrouted(outcome);
      return;
    }
    target.stats.active--;
    // How long a tunnel lasts says nothing of how fast anybody is.
    if (tunnel) target.stats.tunnelEnded(outcome, this.sent, this.received);
    else target.stats.ended(outcome, scope.deps.clock.now() - this.startedAt);
  }
}
