import type { Budget } from '../../core/budget.ts';
import type { Chance, Clock } from '../../core/clock.ts';
import type { TimerWheel } from '../../core/timer-wheel.ts';
import type { Logger } from '../../telemetry/log.ts';
import type { CorrelatedCodec } from '../message/correlated-codec.ts';
import type { FrameLimits } from '../message/frame.ts';
import type { Outcome } from '../message/outcome.ts';
import type { NetContext } from '../net/net-context.ts';
import type { Exchange } from './exchange.ts';
import type { ManagedCluster } from './managed-cluster.ts';

export interface DownstreamLimits extends FrameLimits {
  /** Requests of one connection that wait for replies. */
  readonly maxPending: number;
  /** Bytes of replies that may wait for a slow reader before its upstreams are slowed too. */
  readonly maxOutput: number;
  /** Milliseconds after which a caller that stands still, or makes others stand still, is closed. */
  readonly stallTimeout: number;
}

export interface ProxyDeps {
  readonly net: NetContext;
  readonly clock: Clock;
  readonly chance: Chance;
  /** For deadlines of requests. */
  readonly wheel: TimerWheel;
  /** For all that is measured in seconds. */
  readonly slowWheel: TimerWheel;
  /** For requests: incomplete ones, and copies of those that wait. */
  readonly budget: Budget;
  readonly log: Logger;
}

/** What the Bolt connections and exchanges of one listener share. */
export interface ListenerScope {
  readonly name: string;
  readonly codec: CorrelatedCodec;
  readonly deps: ProxyDeps;
  readonly limits: DownstreamLimits;
  /** Milliseconds without a request, part of one, or reply after which a connection is closed; 0 for never. */
  readonly idleTimeout: number;
  /** The cluster of a service; undefined when there is none. */
  route(service: string): ManagedCluster | undefined;
  takeExchange(): Exchange;
  recycle(exchange: Exchange): void;
  /** Counts a request that ended without a cluster. */
  unrouted(outcome: Outcome): void;
}
