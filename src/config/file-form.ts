import { formatAddress, type HostPort } from './address.ts';
import { formatDuration } from './duration.ts';
import { configSchema } from './schema.ts';
import { formatSize } from './size.ts';
import { factsOf, type SchemaNode } from './structure.ts';
import { isRecord } from './value.ts';

/**
 * An effective config as one writes it: durations as `3s`, sizes as `64KiB`, addresses as
 * `host:port`. Read as a file, it gives the same config again.
 */
export function toFileForm(config: unknown): unknown {
  return write(configSchema, config);
}

/** How the values of a kind, which the schema names in `title`, are written. */
const WRITERS: Readonly<Record<string, (value: never) => unknown>> = {
  duration: formatDuration,
  size: sizeOf,
  'host:port': formatAddress,
  'host:port,…': (list: readonly HostPort[]) => list.map(formatAddress).join(','),
};

function write(schema: SchemaNode, value: unknown): unknown {
  if (schema.wrapped !== undefined) return write(schema.wrapped, value);
  // As endpoints are kept, not as they may be written.
  if (schema.getter !== undefined) return write(schema.getter({}), value);
  if (Array.isArray(value) && schema.item !== undefined) return value.map((item) => write(schema.item!, item));
  const entries = schema.entries ?? variantOf(schema, value)?.entries;
  if (entries !== undefined && isRecord(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, entry]) => [
        key,
        entries[key] === undefined ? entry : write(entries[key], entry),
      ]),
    );
  }
  const writer = WRITERS[factsOf(schema).title ?? ''];
  return writer === undefined ? value : writer(value as never);
}

/** Bytes without a unit are a number. */
function sizeOf(bytes: number): string | number {
  const text = formatSize(bytes);
  return text === String(bytes) ? bytes : text;
}

function variantOf({ key, options }: SchemaNode, value: unknown): SchemaNode | undefined {
  if (key === undefined || !isRecord(value)) return undefined;
  return options?.find((option) => option.entries?.[key]?.literal === value[key]);
}
