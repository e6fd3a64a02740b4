/**
 * The urls that SOFARPC keeps in ZooKeeper as names of nodes:
 *
 *   /sofa-rpc/<interface>/providers/<encoded bolt://10.0.0.7:12200?version=1.0&uniqueId=&weight=100&…>
 *
 * Java writes and reads the query's values as they are, sofa-rpc-node as form values. So what
 * is written here escapes only what one of the two would trip over.
 */
import { formatAddress } from '../../config/address.ts';
import { isAddress, MAX_WEIGHT } from '../instances.ts';
import type { ServiceInstance, ServiceKey } from '../registry.ts';
import { DEFAULT_VERSION, keyGroup } from '../sofa-names.ts';

export interface ServiceName {
  readonly interfaceName: string;
  readonly version: string;
  readonly uniqueId: string;
}

/** Facts of the publishing process that SOFARPC's own clients publish too. */
export interface ProcessFacts {
  readonly pid: number;
  /** ms since 1970. */
  readonly startTime: number;
}

/** Marks the urls that are written here. */
const LANGUAGE = 'weft';
/** Marks those of SOFARPC's Java client. */
const JAVA = 'java';
/** The version of SOFARPC's wire that the peers may expect; the Java client compares it. */
const RPC_VERSION = '50400';
const DEFAULT_WEIGHT = 100;
/** Where a bolt url names no port. */
const DEFAULT_BOLT_PORT = 12200;

const PROTOCOL = /^[A-Za-z][A-Za-z0-9+.-]*$/;

/** Metadata with a name of its own in the url. */
const RENAMED: Readonly<Record<string, string>> = {
  app: 'appName',
  zone: 'zone',
  serialization: 'serialization',
  timeout: 'timeout',
  version: 'v',
};
const RENAMED_BACK = Object.fromEntries(Object.entries(RENAMED).map(([name, parameter]) => [parameter, name]));

/** Parameters that say something of the key, of the node or of the process, and are no metadata. */
const RESERVED = new Set([
  ...['version', 'uniqueId', 'interface', 'group', 'default.version', 'default.group', 'protocol', 'weight'],
  ...['category', 'enabled', 'dynamic', 'accepts', 'delay', 'id', 'startTime', 'pid', 'language', 'rpcVer'],
]);
/** Goes before metadata whose name means something else in a url. */
const ESCAPE = 'meta.';

/** Why a key cannot be in ZooKeeper, or `undefined` when it can. */
export function keyProblem(key: ServiceKey): string | undefined {
  if (parseServiceName(key.service) === undefined) return 'its interface cannot be the name of a ZooKeeper node';
  return PROTOCOL.test(key.protocol) ? undefined : 'its protocol cannot be the scheme of a url';
}

/** Reads `interface:version[:uniqueId]`. `undefined` when it cannot be the name of a node. */
export function parseServiceName(service: string): ServiceName | undefined {
  const [interfaceName = '', version = '', ...uniqueId] = service.split(':');
  if (!isNodeName(interfaceName)) return undefined;
  return { interfaceName, version: version === '' ? DEFAULT_VERSION : version, uniqueId: uniqueId.join(':') };
}

/** See ZooKeeper's PathUtils.validatePath. */
function isNodeName(text: string): boolean {
  return (
    text !== '' &&
    text !== '.' &&
    text !== '..' &&
    // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
    !/[/\u0000-\u001f\u007f-\u009f\ud800-\uf8ff\ufff0-\uffff]/.test(text)
  );
}

/** The name of a provider's node. */
export function providerNode(instance: ServiceInstance, name: ServiceName, facts: ProcessFacts): string {
  const { protocol, group, address, weight, metadata } = instance;
  const query = new Map<string, string>([
    ['version', name.version],
    // Java compares it with the consumer's own, which is an empty text and not nothing.
    ['uniqueId', name.uniqueId],
    ['interface', name.interfaceName],
    ['protocol', protocol],
    ...(group === '' ? [] : [['group', group] as const]),
    ['dynamic', 'true'],
    ['weight', String(weight)],
    ['accepts', '100000'],
    ['startTime', String(facts.startTime)],
    ['pid', String(facts.pid)],
    ['language', LANGUAGE],
    ['rpcVer', RPC_VERSION],
  ]);
  for (const [key, value] of Object.entries(metadata)) query.set(parameterName(key), value);
  return encodeURIComponent(`${protocol}://${address}?${formatQuery(query)}`);
}

/** The name of a consumer's node, by which people see who listens. */
export function consumerNode(
  key: ServiceKey,
  name: ServiceName,
  host: string,
  app: string,
  facts: ProcessFacts,
): string {
  const query = new Map([
    ['version', name.version],
    ['uniqueId', name.uniqueId],
    ['interface', name.interfaceName],
    ['appName', app],
    ['startTime', String(facts.startTime)],
    ['pid', String(facts.pid)],
    ['language', LANGUAGE],
    ['rpcVer', RPC_VERSION],
    ...(key.group === '' ? [] : [['group', key.group] as const]),
  ]);
  return encodeURIComponent(`${key.protocol}://${host}?${formatQuery(query)}`);
}

/** A provider as its node tells it. */
export interface Provider {
  readonly protocol: string;
  readonly address: string;
  readonly weight: number;
  readonly query: ReadonlyMap<string, string>;
}

/** Reads the name of a provider's node. `undefined`: it is none, or not one that can be called. */
export function parseProviderNode(node: string): Provider | undefined {
  const url = decode(node);
  const match = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?]+)[^?]*(?:\?(.*))?$/s.exec(url);
  if (match === null) return undefined;
  const protocol = (match[1] ?? '').toLowerCase();
  const address = withPort(match[2] ?? '', protocol);
  const query = parseQuery(match[3] ?? '');
  if (address === undefined) return undefined;
  if ((query.get('category') || 'providers') !== 'providers' || (query.get('enabled') || 'true') !== 'true')
    return undefined;
  const weight = Number(query.get('weight') || DEFAULT_WEIGHT);
  const sane = Number.isInteger(weight) && weight >= 0 && weight <= MAX_WEIGHT;
  return { protocol, address, weight: sane ? weight : DEFAULT_WEIGHT, query };
}

/**
 * Whether a provider offers what `key` asks for. A group of a key never reaches providers of
 * another; SOFARPC's default group and no group are the same. Java always writes version=1.0,
 * whatever the service's own version is, and does not compare it: nor is it compared here.
 */
export function offers(provider: Provider, key: ServiceKey, name: ServiceName): boolean {
  const { query } = provider;
  const version = query.get('version') || query.get('default.version') || '';
  const sameVersion = version === '' || version === name.version || query.get('language') === JAVA;
  return (
    provider.protocol === key.protocol.toLowerCase() &&
    (query.get('interface') || name.interfaceName) === name.interfaceName &&
    (query.get('uniqueId') ?? '') === name.uniqueId &&
    sameVersion &&
    keyGroup(query.get('group') || query.get('default.group') || '') === keyGroup(key.group)
  );
}

export function toInstance(provider: Provider, { service, protocol, group }: ServiceKey): ServiceInstance {
  const metadata: Record<string, string> = {};
  for (const [parameter, value] of provider.query) {
    const name = metadataName(parameter);
    if (name !== undefined) metadata[name] = value;
  }
  // Java says 0 where no timeout is set.
  if (metadata['timeout'] === '0' && provider.query.get('language') === JAVA) delete metadata['timeout'];
  return { service, protocol, group, address: provider.address, weight: provider.weight, metadata };
}

function parameterName(metadataKey: string): string {
  if (Object.hasOwn(RENAMED, metadataKey)) return RENAMED[metadataKey] ?? metadataKey;
  const taken = RESERVED.has(metadataKey) || Object.hasOwn(RENAMED_BACK, metadataKey) || metadataKey.startsWith(ESCAPE);
  return taken ? ESCAPE + metadataKey : metadataKey;
}

function metadataName(parameter: string): string | undefined {
  if (parameter === '' || parameter === '__proto__' || RESERVED.has(parameter)) return undefined;
  if (parameter.startsWith(ESCAPE)) return parameter.slice(ESCAPE.length);
  return Object.hasOwn(RENAMED_BACK, parameter) ? RENAMED_BACK[parameter] : parameter;
}

/** A slash or a key without `=` makes Java's reader fail, for the whole list of providers. */
function formatQuery(query: ReadonlyMap<string, string>): string {
  return [...query].map(([name, value]) => `${escapeText(name)}=${escapeText(value)}`).join('&');
}

function escapeText(text: string): string {
  return text.replace(/[%&=+#?/\\\s\p{C}]/gu, (character) => encodeURIComponent(character.toWellFormed()));
}

function parseQuery(text: string): Map<string, string> {
  const raw = text.split('&').map((pair): [string, string] => {
    const at = pair.indexOf('=');
    return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
  });
  const fromJava = raw.some(([name, value]) => name === 'language' && value === JAVA);
  return new Map(fromJava ? raw : raw.map(([name, value]) => [decode(name), decode(value)]));
}

/** Form encoding, as Java's URLDecoder reads it. Text that is no valid encoding stays as it is. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

function withPort(host: string, protocol: string): string | undefined {
  if (isAddress(host)) return host;
  const address = formatAddress({ host, port: DEFAULT_BOLT_PORT });
  return protocol === 'bolt' && !host.includes(':') && isAddress(address) ? address : undefined;
}
