import { DEFAULT_VERSION } from '../registry/sofa-names.ts';

/** SOFARPC's Bolt: what an SDK means that names no protocol, or `DEFAULT`. */
export const BOLT = 'bolt';
/** HTTP of every version, and what goes over it: one listener and one cluster carry it all. */
export const HTTP = 'http';

const SPELLINGS: ReadonlyMap<string, string> = new Map([
  ['', BOLT],
  ['default', BOLT],
  ['http1', HTTP],
  ['http2', HTTP],
  ['h2', HTTP],
  ['h2c', HTTP],
  ['grpc', HTTP],
  ['rest', HTTP],
]);

/**
 * One name for a protocol, however an SDK spells it: Node's sends `DEFAULT`, Java's `bolt`, some
 * nothing at all.
 */
export function normalizeProtocol(name: string | null | undefined): string {
  const text = (name ?? '').trim().toLowerCase();
  return SPELLINGS.get(text) ?? text;
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
