/** A proxy as the admin interface sees it, every value of which can be set. For tests. */
import { LATENCY_BUCKETS, Metrics } from '../../telemetry/metrics.ts';
import type { LogControl } from '../../telemetry/log.ts';
import type {
  AdminTarget,
  AppView,
  ClusterView,
  ConfigView,
  EndpointView,
  ListenerView,
  ReadyView,
} from '../target.ts';

export interface FakeTarget extends AdminTarget {
  readonly metricsOf: Metrics;
  readyView: ReadyView;
  configView: ConfigView;
  listenerViews: ListenerView[];
  clusterViews: ClusterView[];
  appView: AppView | undefined;
  readonly log: LogControl;
}

const STARTED_AT = 1_700_000_000_000;

export function fakeTarget(): FakeTarget {
  const metricsOf = new Metrics();
  const target: FakeTarget = {
    version: '0.1.0',
    node: { id: 'shop-1', app: 'shop', zone: 'RZ01A' },
    startedAt: STARTED_AT,
    metricsOf,
    readyView: { ready: true, reason: '' },
    configView: {
      config: { node: { id: 'shop-1' }, registry: { type: 'zookeeper', auth: { credential: '[redacted]' } } },
      file: '/etc/weft/weft.yaml',
      loadedAt: STARTED_AT,
      lastError: '',
      pending: [],
    },
    listenerViews: [listenerView('egress', 12220), listenerView('ingress', 12200)],
    clusterViews: [],
    appView: undefined,
    log: { level: 'info' },
    ready: () => target.readyView,
    metrics: () => metricsOf.render(),
    config: () => target.configView,
    listeners: () => target.listenerViews,
    clusters: () => target.clusterViews,
    registry: () => ({ type: 'zookeeper', state: 'connected' }),
    app: () => target.appView,
  };
  return target;
}

export function clusterView(name: string, fields: Partial<ClusterView> = {}): ClusterView {
  const base = { origin: 'registry', lb: 'least-request', known: true, active: 0, totals: {}, endpoints: [] };
  return { name, ...base, ...fields };
}

export function endpointView(address: string, fields: Partial<EndpointView> = {}): EndpointView {
  return { address, weight: 1, usable: true, reason: '', active: 0, connections: 1, metadata: {}, ...fields };
}

/** Counts by upper bound in seconds, over the buckets of a proxy's request times. */
export function latencyView(counts: Readonly<Record<number, number>>, max = 20): NonNullable<ClusterView['latency']> {
  return {
    bounds: LATENCY_BUCKETS,
    counts: [...LATENCY_BUCKETS, Infinity].map((bound) => counts[bound] ?? 0),
    max,
  };
}

export function listenerView(name: string, port: number, fields: Partial<ListenerView> = {}): ListenerView {
  const address = `127.0.0.1:${port}`;
  return {
    name,
    protocol: 'bolt',
    direction: name,
    address,
    connections: 2,
    active: 1,
    unrouted: {},
    routes: [],
    ...fields,
  };
}
