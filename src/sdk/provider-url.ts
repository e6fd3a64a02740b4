import { MAX_WEIGHT } from '../registry/instances.ts';
import type { ServiceInstance } from '../registry/registry.ts';
import { BOLT, normalizeSerialization, protocolCode } from './protocol.ts';

/** Where the names in `ServiceInstance.metadata` and those of SOFARPC's urls differ. */
const URL_NAMES: readonly (readonly [metadata: string, url: string])[] = [
  ['timeout', '_TIMEOUT'],
  ['serialization', '_SERIALIZETYPE'],
  ['app', 'app_name'],
  ['zone', 'zone'],
  ['version', 'v'],
];

const KNOWN: ReadonlySet<string> = new Set(URL_NAMES.map(([name]) => name));

/**
 * An instance as SOFARPC's SDKs read it:
 * `ip:port?_TIMEOUT=3000&p=1&_SERIALIZETYPE=hessian2&app_name=…&zone=…&v=4.0&…`.
 */
export function providerUrl(instance: ServiceInstance): string {
  const { metadata } = instance;
  const pairs: string[] = [];
  for (const [name, urlName] of URL_NAMES) {
    const value = metadata[name];
    if (value !== undefined && value !== '') pairs.push(`${urlName}=${encode(value)}`);
    if (name === 'timeout') pairs.push(`p=${encode(protocolCode(instance.protocol))}`);
  }
  for (const [name, value] of Object.entries(metadata)) {
    if (!KNOWN.has(name)) pairs.push(`${encode(name).replaceAll('=', '%3D')}=${encode(value)}`);
  }
  return `${instance.address}?${pairs.join('&')}`;
}

/**
 * Percent-encodes no more than it must: Java's SDK takes the query apart at `&` and `=` and does
 * not decode what it finds, Node's does.
 */
function encode(text: string): string {
  return text.toWellFormed().replace(/[^!$'()*,\-./0-9:;=@A-Z[\]_a-z{|}~]+/g, (part) => encodeURIComponent(part));
}

/** `providerMetaInfo` of a publish request, with its nulls gone. */
export interface ProviderMeta {
  readonly version?: string;
  readonly serializeType?: string;
  readonly appName?: string;
  readonly properties: Readonly<Record<string, string>>;
}

const DEFAULT_WEIGHT = 100;

/** Property names that say what a field of `providerMetaInfo` or of the instance says. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  timeout: ['_TIMEOUT', 'timeout'],
  serialization: ['_SERIALIZETYPE', 'serialization'],
  app: ['app_name', 'appName', 'app'],
  zone: ['zone'],
  version: ['v', 'version'],
  weight: ['_WEIGHT', 'weight'],
};

/** `p` is derived from the protocol; letting a property contradict it would mix protocols. */
const DROPPED: ReadonlySet<string> = new Set(['p', ...Object.values(ALIASES).flat()]);

/** Metadata and weight of an instance, out of what an SDK says of its provider. */
export function metadataOf(meta: ProviderMeta, protocol: string): { metadata: Record<string, string>; weight: number } {
  // What SOFARPC takes for granted says nothing of a service of another kind.
  const usual = protocol === BOLT ? { serialization: 'hessian2', version: '4.0' } : { serialization: '', version: '' };
  const property = (name: string): string => {
    for (const alias of ALIASES[name] ?? []) {
      const value = meta.properties[alias];
      if (value !== undefined && value !== '') return value;
    }
    return '';
  };
  const known: Record<string, string> = {
    app: meta.appName || property('app'),
    zone: property('zone'),
    serialization: normalizeSerialization(meta.serializeType || property('serialization') || usual.serialization),
    timeout: /^\d{1,9}$/.test(property('timeout')) ? property('timeout') : '',
    version: meta.version || property('version') || usual.version,
  };
  const entries = Object.entries(known).filter(([, value]) => value !== '');
  for (const entry of Object.entries(meta.properties)) if (!DROPPED.has(entry[0])) entries.push(entry);
  return { metadata: Object.fromEntries(entries), weight: weightOf(property('weight')) };
}

function weightOf(text: string): number {
  return /^\d{1,9}$/.test(text) ? Math.min(Number(text), MAX_WEIGHT) : DEFAULT_WEIGHT;
}
