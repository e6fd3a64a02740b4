import { DEFAULT_VERSION } from '../registry/sofa-names.ts';

/** SOFARPC's Bolt: what an SDK means that names no protocol, or `DEFAULT`. */
export const BOLT = 'bolt';
/** HTTP of every version, and what goes over it: one listener and one cluster carry it all. */
export const HTTP = 'http';

/** How SDKs spell what they mean: Node's and Python's send `DEFAULT`, Java's the protocol of its server. */
const SPELLINGS: ReadonlyMap<string, string> = new Map([
  [BOLT, BOLT],
  ['default', BOLT],
  ...['http', 'http1', 'http2', 'h2', 'h2c', 'grpc', 'rest'].map((name) => [name, HTTP] as const),
  // Kept apart by their own names, for those who look for them: tr, tri, xfire and https are SOFARPC's for Java.
  ...['tcp', 'tr', 'tri', 'xfire', 'https', 'dubbo', 'springcloud'].map((name) => [name, name] as const),
]);

/** What may be published and subscribed to, in every spelling. */
export const PROTOCOL_NAMES: readonly string[] = [...SPELLINGS.keys()];

/** One name for a protocol, however an SDK spells it, or undefined for one that nobody knows. None at all is Bolt. */
export function normalizeProtocol(name: string | null | undefined): string | undefined {
  const text = (name ?? '').trim().toLowerCase();
  return text === '' ? BOLT : SPELLINGS.get(text);
}

/**
 * The name that callers use. SOFARPC's always have a version. A service of HTTP is called by its host, whose case
 * does not count; a name with a colon cannot be one, and is reached by a route that names it.
 */
export function normalizeService(name: string, protocol: string): string {
  if (name.includes(':')) return name;
  return protocol === HTTP ? name.toLowerCase() : `${name}:${DEFAULT_VERSION}`;
}

/** Protocols have numbers in SOFARPC's urls (`p=1`): its RemotingConstants. Others go by name. */
const CODES: Readonly<Record<string, string>> = { bolt: '1', tr: '13' };

export function protocolCode(protocol: string): string {
  return CODES[protocol] ?? protocol;
}

/** Numbers that stand for a serialization in `_SERIALIZETYPE`: SOFARPC's RemotingConstants. */
const SERIALIZATIONS: ReadonlyMap<string, string> = new Map([
  ['1', 'hessian'],
  ['2', 'java'],
  ['4', 'hessian2'],
  ['11', 'protobuf'],
  ['12', 'json'],
]);

export function normalizeSerialization(name: string): string {
  return SERIALIZATIONS.get(name) ?? name;
}
