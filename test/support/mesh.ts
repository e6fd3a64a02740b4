import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { ClusterView } from '../../src/admin/target.ts';
import { freePort, startChild, type Child, type Owner } from './children.ts';

/** The bundle: what is tested is what ships. */
export const WEFT = join(import.meta.dirname, '../../dist/weft.mjs');

const HOST = '127.0.0.1';

export interface SidecarAddresses {
  readonly admin: number;
  readonly sdk: number;
  readonly egress: number;
  readonly ingress: number;
}

export interface TestSidecar {
  readonly child: Child;
  readonly ports: SidecarAddresses;
  readonly configFile: string;
  /** The config as it was written; change it and call `writeConfig`. */
  readonly config: Record<string, unknown>;
  writeConfig(): Promise<void>;
  /** POST to the local API; the reply as JSON. Rejects when it says that it failed. */
  post(path: string, body: object): Promise<Record<string, unknown>>;
  clusters(): Promise<ClusterView[]>;
  metrics(): Promise<string>;
  /** Starts it again with the same config and state. */
  restart(): Promise<void>;
}

export interface SidecarSpec {
  readonly name: string;
  readonly registry?: object;
  /** The app's own port; with it the sidecar has an ingress listener. */
  readonly appPort?: number;
  readonly clusters?: readonly object[];
  readonly clusterDefaults?: object;
  readonly limits?: object;
  /** Other top-level sections, over the test's own. */
  readonly extra?: object;
}

/** A folder that goes with its owner. */
export async function temporaryFolder(owner: Owner): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'weft-test-'));
  owner.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export interface TestControl {
  readonly child: Child;
  /** As a sidecar's config names it. */
  readonly registry: object;
  /** Starts it again on the same address. */
  restart(): Promise<void>;
}

/** `weft control` on a free port. */
export async function startControl(owner: Owner): Promise<TestControl> {
  const address = `${HOST}:${await freePort()}`;
  const start = (): Promise<Child> =>
    startChild(process.execPath, [WEFT, 'control', '--address', address], {
      name: 'control',
      ready: /registry/i,
      owner,
    });
  let child = await start();
  return {
    get child() {
      return child;
    },
    registry: { type: 'embedded', address },
    async restart() {
      child = await start();
    },
  };
}

export async function startSidecar(owner: Owner, spec: SidecarSpec): Promise<TestSidecar> {
  const folder = await temporaryFolder(owner);
  const ports = { admin: await freePort(), sdk: await freePort(), egress: await freePort(), ingress: await freePort() };
  const configFile = join(folder, 'weft.yaml');
  const config = buildConfig(spec, ports);
  const writeConfig = (): Promise<void> => writeFile(configFile, stringify(config));
  await writeConfig();
  const start = (): Promise<Child> =>
    startChild(process.execPath, [WEFT, 'proxy', '-c', configFile], { name: spec.name, ready: / ready /, owner });
  let child = await start();
  const get = async (path: string): Promise<string> => {
    const response = await fetch(`http://${HOST}:${ports.admin}${path}`);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.text();
  };
  return {
    get child() {
      return child;
    },
    ports,
    configFile,
    config,
    writeConfig,
    post: (path, body) => post(ports.sdk, path, body),
    clusters: async () => (JSON.parse(await get('/clusters')) as { clusters: ClusterView[] }).clusters,
    metrics: () => get('/metrics'),
    async restart() {
      child = await start();
    },
  };
}

function buildConfig(spec: SidecarSpec, ports: SidecarAddresses): Record<string, unknown> {
  const at = (port: number): string => `${HOST}:${port}`;
  const limits = spec.limits === undefined ? {} : { limits: spec.limits };
  const listeners: object[] = [
    { name: 'egress', address: at(ports.egress), protocol: 'bolt', direction: 'egress', ...limits },
  ];
  if (spec.appPort !== undefined) {
    listeners.push({
      name: 'ingress',
      address: at(ports.ingress),
      protocol: 'bolt',
      direction: 'ingress',
      app: at(spec.appPort),
      ...limits,
    });
  }
  return {
    node: { id: spec.name, app: spec.name, zone: 'RZ01A' },
    admin: { address: at(ports.admin) },
    ...(spec.registry && { registry: spec.registry, sdk: { address: at(ports.sdk) } }),
    listeners,
    clusters: spec.clusters ?? [],
    ...(spec.clusterDefaults && { clusterDefaults: spec.clusterDefaults }),
    health: { heartbeat: { interval: '500ms', timeout: '500ms', misses: 2 } },
    shutdown: { propagation: '300ms', drain: '10s' },
    ...spec.extra,
  };
}

async function post(port: number, path: string, body: object): Promise<Record<string, unknown>> {
  const response = await fetch(`http://${HOST}:${port}${path}`, { method: 'POST', body: JSON.stringify(body) });
  const reply = (await response.json()) as Record<string, unknown>;
  if (reply['success'] !== true) throw new Error(`${path}: ${JSON.stringify(reply)}`);
  return reply;
}

/** Introduces the app and offers the test's service at its sidecar. */
export async function publishEcho(sidecar: TestSidecar, app: string, port: number, service = ECHO): Promise<void> {
  await sidecar.post('/configs/application', { appName: app });
  await sidecar.post('/services/publish', {
    serviceName: service,
    protocolType: 'DEFAULT',
    port,
    providerMetaInfo: { protocol: '1', version: '4.0', serializeType: 'hessian2', appName: app, properties: {} },
  });
}

/** Introduces the app and asks for the test's service; the provider urls that the sidecar knows. */
export async function subscribeEcho(sidecar: TestSidecar, app: string, service = ECHO): Promise<string[]> {
  await sidecar.post('/configs/application', { appName: app });
  const reply = await sidecar.post('/services/subscribe', { serviceName: service, protocolType: 'DEFAULT' });
  return reply['datas'] as string[];
}

export const ECHO = 'com.demo.Echo:1.0';
