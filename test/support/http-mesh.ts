import { freePorts, type Owner } from './children.ts';
import { startSidecar, type TestSidecar } from './mesh.ts';
import { parsePrometheus } from './prometheus-text.ts';

export interface HttpProxySpec {
  readonly name?: string;
  /** Added to the egress listener (`http`, `tcp`, `protocol`, …). */
  readonly listener?: object;
  readonly clusters: readonly object[];
  readonly clusterDefaults?: object;
  /** Where the app listens: then there is an ingress listener as well, with `ingress` added. */
  readonly appPort?: number;
  readonly ingress?: object;
  /** Other top-level sections. */
  readonly extra?: object;
}

export interface HttpProxy {
  readonly sidecar: TestSidecar;
  /** Of the egress listener. */
  readonly port: number;
  readonly ingressPort: number;
  readonly pid: number;
  /** Sum of the samples of a metric that have these labels; 0 when there are none. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
}

/** `weft proxy` with a listener for all protocols, or what `spec.listener` makes of it. */
export async function startHttpProxy(owner: Owner, spec: HttpProxySpec): Promise<HttpProxy> {
  const [port, ingressPort, admin] = (await freePorts(3)) as [number, number, number];
  const listeners: object[] = [
    { name: 'web', address: `127.0.0.1:${port}`, direction: 'egress', protocol: 'http', ...spec.listener },
  ];
  if (spec.appPort !== undefined) {
    const app = `127.0.0.1:${spec.appPort}`;
    const address = `127.0.0.1:${ingressPort}`;
    listeners.push({ name: 'app', address, direction: 'ingress', protocol: 'http', app, ...spec.ingress });
  }
  const sidecar = await startSidecar(owner, {
    name: spec.name ?? 'proxy',
    addresses: { admin: `127.0.0.1:${admin}` },
    clusters: spec.clusters,
    ...(spec.clusterDefaults && { clusterDefaults: spec.clusterDefaults }),
    extra: { listeners, shutdown: { propagation: '0s', drain: '100ms' }, ...spec.extra },
  });
  return {
    sidecar,
    port,
    ingressPort,
    pid: sidecar.child.pid,
    async metric(name, labels = {}) {
      const samples = parsePrometheus(await sidecar.metrics()).get(name)?.samples ?? [];
      const wanted = samples.filter((sample) =>
        Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
      );
      return wanted.reduce((sum, { value }) => sum + value, 0);
    },
  };
}

/** A static cluster. */
export function cluster(name: string, ports: number | readonly number[], policy: object = {}): object {
  const endpoints = [ports].flat().map((port) => `127.0.0.1:${port}`);
  return { name, endpoints, ...policy };
}
