import { Budget } from '../../../core/budget.ts';
import { ManualClock } from '../../../core/manual-clock.ts';
import { settled } from '../../../core/testing/settled.ts';
import { TimerWheel } from '../../../core/timer-wheel.ts';
import { Cluster } from '../../cluster/cluster.ts';
import type { Endpoint } from '../../cluster/endpoint.ts';
import type { HealthPolicy, HttpPolicy } from '../../cluster/policy.ts';
import { POLICY } from '../../cluster/testing/policy.ts';
import { boltCodec } from '../../codec/bolt/codec.ts';
import { NetContext } from '../../net/net-context.ts';
import { HealthChecks } from '../health/health-checks.ts';
import { loadAsk } from '../health/questions.ts';
import type { UpstreamDeps } from '../upstream-deps.ts';

export const HEALTH: HealthPolicy = {
  type: 'tcp',
  interval: 10_000,
  timeout: 3000,
  unhealthyThreshold: 3,
  healthyThreshold: 2,
};

export function healthDeps(clock: ManualClock, chance = (): number => 0.5): UpstreamDeps {
  let lastId = 0;
  return {
    net: new NetContext(clock),
    clock,
    chance,
    slowWheel: new TimerWheel(clock, 250),
    codec: boltCodec,
    limits: { maxFrame: 1 << 20, maxHeader: 0xffff, highWater: 1 << 20 },
    budget: new Budget(1 << 20),
    nextId: () => ++lastId,
  };
}

/** A cluster whose endpoints are checked, on a clock that stands still until it is moved. */
export class TestHealth {
  readonly clock = new ManualClock();
  readonly cluster: Cluster;
  readonly checks: HealthChecks;
  /** How each check went, in order. */
  readonly results: boolean[] = [];
  /** `up` and `down` with the reason, each time that an endpoint has become usable or has stopped being. */
  readonly changes: string[] = [];

  constructor(health: Partial<HealthPolicy>, ports: readonly number[], chance?: () => number) {
    const onUsable = ({ usable, reason }: Endpoint): void => void this.changes.push(usable ? 'up' : `down: ${reason}`);
    this.cluster = new Cluster('shop', POLICY, { clock: this.clock, chance: () => 0.5, onUsable });
    const deps = healthDeps(this.clock, chance);
    this.checks = new HealthChecks(this.cluster, { ...HEALTH, ...health }, deps, (ok) => void this.results.push(ok));
    this.endpoints(...ports);
  }

  get usable(): boolean[] {
    return [...this.cluster.endpoints].map(({ usable }) => usable);
  }

  endpoints(...ports: readonly number[]): void {
    this.cluster.update(ports.map((port) => ({ host: '127.0.0.1', port, weight: 1 })));
    this.checks.sync();
  }

  adjust(health: Partial<HealthPolicy>, http: Partial<HttpPolicy> = {}): void {
    this.cluster.setPolicy({ ...POLICY, http: { ...POLICY.http, ...http } });
    this.checks.adjust({ ...HEALTH, ...health });
  }

  /** A request asks for the cluster, and what follows from it has happened. */
  async use(): Promise<void> {
    // Loading takes as long as it takes; what has been loaded is there at once.
    for (const version of ['http1', 'http2'] as const) await loadAsk('http', version);
    this.cluster.use(this.clock.now());
    await settled();
    await this.pass(20);
  }

  /** Moves the clock in one step, and lets everybody answer. */
  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    await settled();
  }

  close(): void {
    this.cluster.close();
    this.checks.close();
  }
}
