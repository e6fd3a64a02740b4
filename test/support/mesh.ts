import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { ClusterView, RegistryView } from '../../src/admin/target.ts';
import { freePort, freePorts, startChild, waitUntil, type Child, type Owner } from './children.ts';

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
  configText(): string;
  writeConfig(): Promise<void>;
  /** POST to the local API; the reply as JSON. Rejects when it says that it failed. */
  post(path: string, body: object): Promise<Record<string, unknown>>;
  /** What the app has registered at the local API. */
  services(): Promise<TestServices>;
  clusters(): Promise<ClusterView[]>;
  metrics(): Promise<string>;
  /** `connected` or what else its registry is. */
  registryState(): Promise<string>;
  /** Starts it again with the same config and state. */
  restart(): Promise<void>;
}

/** The part of GET /services that tests look at. */
export interface TestServices {
  readonly publications: readonly { readonly serviceName: string; readonly status: string }[];
  readonly subscriptions: readonly { readonly serviceName: string; readonly answered: boolean }[];
}

export interface SidecarSpec {
  readonly name: string;
  /** host:port of listeners, instead of a free port of 127.0.0.1. */
  readonly addresses?: Partial<Record<keyof SidecarAddresses, string>>;
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
  const addresses = await chooseAddresses(spec);
  const configFile = join(folder, 'weft.yaml');
  const config = buildConfig(spec, addresses);
  const configText = (): string => stringify(config);
  const writeConfig = (): Promise<void> => writeFile(configFile, configText());
  await writeConfig();
  const start = (): Promise<Child> =>
    startChild(process.execPath, [WEFT, 'proxy', '-c', configFile], { name: spec.name, ready: / ready /, owner });
  let child = await start();
  return {
    get child() {
      return child;
    },
    ports: {
      admin: portOf(addresses.admin),
      sdk: portOf(addresses.sdk),
      egress: portOf(addresses.egress),
      ingress: portOf(addresses.ingress),
    },
    configFile,
    config,
    configText,
    writeConfig,
    post: (path, body) => post(addresses.sdk, path, body),
    services: async () => JSON.parse(await get(addresses.sdk, '/services')) as TestServices,
    clusters: async () => (JSON.parse(await get(addresses.admin, '/clusters')) as { clusters: ClusterView[] }).clusters,
    metrics: () => get(addresses.admin, '/metrics'),
    registryState: async () =>
      (JSON.parse(await get(addresses.admin, '/app')) as { registry: RegistryView }).registry.state,
    async restart() {
      child = await start();
    },
  };
}

type Addresses = Record<keyof SidecarAddresses, string>;

async function chooseAddresses({ addresses = {} }: SidecarSpec): Promise<Addresses> {
  const [admin, sdk, egress, ingress] = (await freePorts(4)).map((port) => `${HOST}:${port}`) as [
    string,
    string,
    string,
    string,
  ];
  return { admin, sdk, egress, ingress, ...addresses };
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1));
}

function buildConfig(spec: SidecarSpec, addresses: Addresses): Record<string, unknown> {
  const limits = spec.limits === undefined ? {} : { limits: spec.limits };
  const listeners: object[] = [
    { name: 'egress', address: addresses.egress, protocol: 'bolt', direction: 'egress', ...limits },
  ];
  if (spec.appPort !== undefined) {
    listeners.push({
      name: 'ingress',
      address: addresses.ingress,
      protocol: 'bolt',
      direction: 'ingress',
      app: `${HOST}:${spec.appPort}`,
      ...limits,
    });
  }
  return {
    node: { id: spec.name, app: spec.name, zone: 'RZ01A' },
    admin: { address: addresses.admin },
    ...(spec.registry && { registry: spec.registry, sdk: { address: addresses.sdk } }),
    listeners,
    clusters: spec.clusters ?? [],
    ...(spec.clusterDefaults && { clusterDefaults: spec.clusterDefaults }),
    health: { heartbeat: { interval: '500ms', timeout: '500ms', misses: 2 } },
    shutdown: { propagation: '300ms', drain: '10s' },
    ...spec.extra,
  };
}

async function get(address: string, path: string): Promise<string> {
  const response = await fetch(`http://${address}${path}`);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.text();
}

async function post(address: string, path: string, body: object): Promise<Record<string, unknown>> {
  const response = await fetch(`http://${address}${path}`, { method: 'POST', body: JSON.stringify(body) });
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

/** Waits until the sidecar's cluster of the test's service has so many endpoints, and as many are usable. */
export function endpointsAre(sidecar: TestSidecar, count: number, usable = count): Promise<unknown> {
  const check = async (): Promise<boolean> => {
    const cluster = (await sidecar.clusters()).find(({ name }) => name === ECHO);
    const endpoints = cluster?.endpoints ?? [];
    return endpoints.length === count && endpoints.filter((endpoint) => endpoint.usable).length === usable;
  };
  return waitUntil(check, { what: `${count} endpoints, ${usable} usable`, ms: 20_000 });
}

/** Waits until what the app offers at this sidecar is in the registry, or is not, for its health or since it left. */
export function publishedIs(sidecar: TestSidecar, published: boolean): Promise<unknown> {
  const check = async (): Promise<boolean> =>
    (await sidecar.services()).publications.some(({ status }) => status === 'published') === published;
  return waitUntil(check, { what: `the app's service is ${published ? '' : 'not '}published`, ms: 20_000 });
}

export const ECHO = 'com.demo.Echo:1.0';
