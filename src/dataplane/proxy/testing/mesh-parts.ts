import { Budget } from '../../../core/budget.ts';
import { ManualClock } from '../../../core/manual-clock.ts';
import { TimerWheel } from '../../../core/timer-wheel.ts';
import { createLogger, type LogControl } from '../../../telemetry/log.ts';
import { Metrics } from '../../../telemetry/metrics.ts';
import { boltCodec } from '../../codec/bolt/codec.ts';
import { NetContext } from '../../net/net-context.ts';
import type { HttpUpstreamDeps, HttpUpstreamLimits } from '../../upstream/http/http-deps.ts';
import type { UpstreamDeps } from '../../upstream/upstream-deps.ts';
import type { ProxyDeps } from '../listener-scope.ts';
import type { ListenerSpec } from '../proxy-listener.ts';

export const HTTP_LIMITS: HttpUpstreamLimits = {
  maxHead: 65_536,
  maxFields: 100,
  highWater: 1 << 20,
  streamWindow: 1 << 18,
  connectionWindow: 1 << 20,
};

export const LIMITS: ListenerSpec['limits'] = {
  maxFrame: 1 << 20,
  maxHeader: 0xffff,
  maxPending: 100,
  maxOutput: 1 << 20,
  stallTimeout: 5000,
  maxConnections: 100,
};

/** A tick of the slow wheel. */
export const TICK_MS = 250;

/** What the listeners and clusters of one mesh under test are made of; its clock stands still until it is moved. */
export interface MeshParts {
  readonly clock: ManualClock;
  readonly metrics: Metrics;
  readonly net: NetContext;
  /** For requests. */
  readonly budget: Budget;
  readonly upstream: UpstreamDeps & HttpUpstreamDeps;
  readonly proxy: ProxyDeps;
  readonly wheels: readonly TimerWheel[];
  /** Off until a test wants to know. */
  readonly logControl: LogControl;
  /** Lines of JSON. */
  readonly logged: string[];
}

export function meshParts(): MeshParts {
  const clock = new ManualClock();
  const net = new NetContext(clock);
  const budget = new Budget(1 << 24);
  const [wheel, slowWheel] = [new TimerWheel(clock), new TimerWheel(clock, TICK_MS)];
  let lastId = 0;
  const upstream = {
    net,
    clock,
    slowWheel,
    budget: new Budget(1 << 24),
    codec: boltCodec,
    chance: () => 0.5,
    limits: { maxFrame: LIMITS.maxFrame, maxHeader: LIMITS.maxHeader, highWater: 1 << 20 },
    http: HTTP_LIMITS,
    nextId: () => ++lastId,
  };
  const logControl: LogControl = { level: 'off' };
  const logged: string[] = [];
  const log = createLogger({ control: logControl, format: 'json', write: (line) => logged.push(line) });
  const proxy = { net, clock, chance: seeded(1), wheel, slowWheel, budget, log };
  const wheels = [wheel, slowWheel];
  return { clock, metrics: new Metrics(), net, budget, upstream, proxy, wheels, logControl, logged };
}

/** Numbers that look like chance and are the same in every run (a linear congruential generator). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
}
