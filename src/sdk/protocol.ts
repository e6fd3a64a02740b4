/** SOFARPC's Bolt: what an SDK means that names no protocol, or `DEFAULT`. */
export const BOLT = 'bolt';

/**
 * One name for a protocol, however an SDK spells it: Node's sends `DEFAULT`, Java's `bolt`, some
 * nothing at all.
 */
export function normalizeProtocol(name: string | null | undefined): string {
  const text = (name ?? '').trim().toLowerCase();
  return text === '' || text === 'default' ? BOLT : text;
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
