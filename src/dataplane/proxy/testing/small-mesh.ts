import { POLICY } from '../../cluster/testing/policy.ts';
import type { Budget } from '../../../core/budget.ts';
import type { ManualClock } from '../../../core/manual-clock.ts';
import type { TimerWheel } from '../../../core/timer-wheel.ts';
import type { Metrics } from '../../../telemetry/metrics.ts';
import type { Endpoint, EndpointAddress } from '../../cluster/endpoint.ts';
import type { ClusterPolicy } from '../../cluster/policy.ts';
import { boltCodec } from '../../codec/bolt/codec.ts';
import type { NetContext } from '../../net/net-context.ts';
import { ClusterStats } from '../cluster-stats.ts';
import { ListenerStats } from '../listener-stats.ts';
import { ManagedCluster } from '../managed-cluster.ts';
import { ProxyListener, type ListenerSpec } from '../proxy-listener.ts';
import { Caller, Provider } from './bolt-peer.ts';
import { LIMITS, type MeshParts, meshParts, TICK_MS } from './mesh-parts.ts';
import { settled } from '../../../core/testing/settled.ts';

export const SERVICE = 'com.demo.Echo:1.0';

export interface SmallMeshOptions {
  readonly policy?: Partial<ClusterPolicy>;
  readonly limits?: Partial<ListenerSpec['limits']>;
  readonly idleTimeout?: number;
}

/** A listener in front of one cluster, on real sockets and a clock that stands still until it is moved. */
export class SmallMesh {
  readonly clock: ManualClock;
  readonly cluster: ManagedCluster;
  readonly metrics: Metrics;
  readonly net: NetContext;
  /** For requests. */
  readonly budget: Budget;
  readonly listener: ProxyListener;
  readonly parts: MeshParts = meshParts();
  readonly #wheels: readonly TimerWheel[];
  readonly #providers: Provider[] = [];
  readonly #callers: Caller[] = [];

  private constructor({ policy, limits, idleTimeout = 0 }: SmallMeshOptions) {
    const { clock, metrics, net, budget, upstream, proxy, wheels } = this.parts;
    this.clock = clock;
    this.metrics = metrics;
    this.net = net;
    this.budget = budget;
    this.#wheels = wheels;
    const stats = new ClusterStats(metrics, { cluster: SERVICE });
    const options = { name: SERVICE, origin: 'static', policy: { ...POLICY, ...policy } } as const;
    this.cluster = new ManagedCluster(options, upstream, stats);
    this.listener = new ProxyListener(
      {
        name: 'egress',
        host: '127.0.0.1',
        bolt: { codec: boltCodec, route: (service) => (service === SERVICE ? this.cluster : undefined) },
        limits: { ...LIMITS, ...limits },
        idleTimeout,
        detectTimeout: 0,
      },
      proxy,
      new ListenerStats(metrics, 'egress'),
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
