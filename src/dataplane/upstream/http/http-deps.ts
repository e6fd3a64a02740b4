import type { Budget } from '../../../core/budget.ts';
import type { Chance, Clock } from '../../../core/clock.ts';
import type { TimerWheel } from '../../../core/timer-wheel.ts';
import type { HeadWriter, HopFields } from '../../codec/http1/head-writer.ts';
import type { NetContext } from '../../net/net-context.ts';

/** What HTTP pools and their connections work with; one object for all of a thread's. */
export interface HttpUpstreamDeps {
  readonly net: NetContext;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly slowWheel: TimerWheel;
  readonly budget: Budget;
  readonly http: HttpUpstreamLimits;
}

/** And what only those load who speak HTTP. */
export interface HttpPoolDeps extends HttpUpstreamDeps {
  readonly http1Writer: HeadWriter;
  /** Filled in for each head that is written. */
  readonly hop: HopFields;
}

export interface HttpUpstreamLimits {
  /** Octets of a response's head, and how many fields it may have. */
  readonly maxHead: number;
  readonly maxFields: number;
  /** Octets that wait for an endpoint above which the sources of content pause. */
  readonly highWater: number;
  /** Octets of content that an endpoint may send ahead on one HTTP/2 stream, and have under way on a connection. */
  readonly streamWindow: number;
  readonly connectionWindow: number;
}
