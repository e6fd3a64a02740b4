import type { Budget } from '../../core/budget.ts';
import type { Chance, Clock } from '../../core/clock.ts';
import type { TimerWheel } from '../../core/timer-wheel.ts';
import type { CorrelatedCodec } from '../message/correlated-codec.ts';
import type { FrameLimits } from '../message/frame.ts';
import type { NetContext } from '../net/net-context.ts';

/** What pools and their connections work with; one object for all of a thread's upstreams of one protocol. */
export interface UpstreamDeps {
  readonly net: NetContext;
  readonly clock: Clock;
  readonly chance: Chance;
  /** For heartbeats and stalls: its ticks are a fraction of a second. */
  readonly slowWheel: TimerWheel;
  readonly codec: CorrelatedCodec;
  readonly limits: FrameLimits & { readonly highWater: number };
  /** Shared by all connections of the thread: bytes kept of incomplete frames. */
  readonly budget: Budget;
  /** Ids of frames that no table keeps: one-way requests and heartbeats. */
  nextId(): number;
}
