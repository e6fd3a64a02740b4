import { parseAddress, parseListenAddress, type HostPort } from './address.ts';
import type { Path } from './issue.ts';
import { isRecord, type Parsed } from './value.ts';

/**
 * The file as it was written, seen past what cannot be read in it: for checks of what relates one
 * key to another, whose errors show together with those of single values.
 */
export type Raw = Readonly<Record<string, unknown>>;

export interface ListenerView {
  readonly path: Path;
  readonly name: string | undefined;
  readonly direction: unknown;
  readonly protocol: unknown;
  readonly address: HostPort | undefined;
  readonly app: HostPort | undefined;
  readonly raw: Raw;
}

export interface Item {
  readonly value: Raw;
  readonly index: number;
}

export function items(list: unknown): Item[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((value: unknown, index) => (isRecord(value) ? [{ value, index }] : []));
}

export function listenerViews(file: Raw): ListenerView[] {
  return items(file['listeners']).map(({ value, index }) => viewListener(value, index));
}

function viewListener(raw: Raw, index: number): ListenerView {
  return {
    path: ['listeners', index],
    name: asText(raw['name']),
    direction: raw['direction'],
    protocol: raw['protocol'] ?? 'auto',
    address: read(parseListenAddress(raw['address'])),
    app: read(parseAddress(raw['app'])),
    raw,
  };
}

export function read<T>(parsed: Parsed<T>): T | undefined {
  return parsed.ok ? parsed.value : undefined;
}

export function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export function section(parent: unknown, key: string): unknown {
  return isRecord(parent) && Object.hasOwn(parent, key) ? parent[key] : undefined;
}
