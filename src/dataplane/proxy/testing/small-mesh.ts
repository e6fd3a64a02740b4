import { Budget } from '../../../core/budget.ts';
import { ManualClock } from '../../../core/manual-clock.ts';
import { TimerWheel } from '../../../core/timer-wheel.ts';
import { silentLogger } from '../../../telemetry/log.ts';
import { Metrics } from '../../../telemetry/metrics.ts';
import type { Endpoint, EndpointAddress } from '../../cluster/endpoint.ts';
import type { ClusterPolicy } from '../../cluster/policy.ts';
import { boltCodec } from '../../codec/bolt/codec.ts';
import { NetContext } from '../../net/net-context.ts';
import { ClusterStats } from '../cluster-stats.ts';
import { HeadWriter, newHopFields } from '../../codec/http1/head-writer.ts';
import type { HttpUpstreamLimits } from '../../upstream/http/http-deps.ts';
import { ManagedCluster } from '../managed-cluster.ts';
import { ProxyListener, type ListenerSpec } from '../proxy-listener.ts';
import { Caller, Provider } from './bolt-peer.ts';
import { settled } from './settled.ts';

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

export const POLICY: ClusterPolicy = {
  lb: 'round_robin',
  connectTimeout: 3000,
  timeout: 3000,
  connections: 1,
  maxPendingPerConnection: 100,
  queue: { max: 100, timeout: 3000 },
  heartbeat: { interval: 15_000, maxInterval: 90_000, misses: 6, timeout: 3000 },
  retries: { attempts: 0, on: [] },
  http: { version: 'same', connections: 1024, timeout: 15_000, idleTimeout: 60_000 },
};

export const SERVICE = 'com.demo.Echo:1.0';

export interface SmallMeshOptions {
  readonly policy?: Partial<ClusterPolicy>;
  readonly limits?: Partial<ListenerSpec['limits']>;
  readonly idleTimeout?: number;
}

/** A tick of the slow wheel. */
const TICK_MS = 250;

/** A listener in front of one cluster, on real sockets and a clock that stands still until it is moved. */
export class SmallMesh {
  readonly clock = new ManualClock();
  readonly cluster: ManagedCluster;
  readonly metrics = new Metrics();
  readonly net = new NetContext();
  /** For requests. */
  readonly budget = new Budget(1 << 24);
  readonly listener: ProxyListener;
  readonly #wheels: readonly TimerWheel[];
  readonly #providers: Provider[] = [];
  readonly #callers: Caller[] = [];

  private constructor({ policy, limits, idleTimeout = 0 }: SmallMeshOptions) {
    const { clock, metrics, net, budget } = this;
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
      http1Writer: new HeadWriter(),
      hop: newHopFields(),
      nextId: () => ++lastId,
    };
    const stats = new ClusterStats(metrics, { cluster: SERVICE });
    const options = { name: SERVICE, origin: 'static', policy: { ...POLICY, ...policy } } as const;
    this.cluster = new ManagedCluster(options, upstream, stats);
    this.#wheels = [wheel, slowWheel];
    this.listener = new ProxyListener(
      {
        name: 'egress',
        host: '127.0.0.1',
        bolt: { codec: boltCodec, route: (service) => (service === SERVICE ? this.cluster : undefined) },
        limits: { ...LIMITS, ...limits },
        idleTimeout,
        detectTimeout: 0,
      },
      { net, clock, wheel, slowWheel, budget, log: silentLogger },
      metrics,
    );
  }

  static async open(options: SmallMeshOptions = {}): Promise<SmallMesh> {
    const mesh = new SmallMesh(options);
    await mesh.listener.open(0);
    return mesh;
  }

  async provider(): Promise<Provider> {
    const provider = await Provider.start();
    this.#providers.push(provider);
    return provider;
  }

  /** @param options `allowHalfOpen`: it goes on when the listener has sent its last. */
  async caller(options: { readonly allowHalfOpen?: boolean } = {}): Promise<Caller> {
    const caller = await Caller.connect(this.listener.port, options);
    this.#callers.push(caller);
    return caller;
  }

  /** The cluster consists of these from now on. */
  endpoints(...providers: readonly { readonly port: number }[]): void {
    const addresses = providers.map(({ port }): EndpointAddress => ({ host: '127.0.0.1', port, weight: 1 }));
    this.cluster.update(addresses);
  }

  /** The endpoint of the cluster that `provider` is. */
  endpointOf(provider: { readonly port: number }): Endpoint {
    return [...this.cluster.cluster.endpoints].find(({ port }) => port === provider.port)!;
  }

  /** Moves the clock by `ms` in steps of `step`, after each of which everybody answers what there is to answer. */
  async pass(ms: number, step = TICK_MS): Promise<void> {
    for (let passed = 0; passed < ms; passed += step) {
      this.clock.advance(step);
      await settled();
    }
  }

  async close(): Promise<void> {
    for (const { socket } of this.#callers) socket.destroy();
    await this.listener.stopAccepting();
    const drained = this.listener.drain(1000);
    this.clock.advance(2000);
    await drained;
    this.cluster.close();
    await Promise.all(this.#providers.map((provider) => provider.close()));
    for (const wheel of this.#wheels) wheel.stop();
  }
}
