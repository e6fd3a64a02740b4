import { accept, refuse, show, type Parsed } from './value.ts';

const BYTES_PER_UNIT: Readonly<Record<string, number>> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/** More than any machine has; a limit above it is a slip of the hand. */
export const MAX_SIZE = 1024 ** 4;

export const SIZE_PATTERN = String.raw`^\d+(\.\d+)?(B|KiB|MiB|GiB)$`;
const SIZE = /^(\d+(?:\.\d+)?)(B|KiB|MiB|GiB)$/;
const NEAR_MISS = /^(\d+(?:\.\d+)?)\s*([kmg])?(?:i?b)?$/i;

export interface SizeBounds {
  /** In bytes. Default: 1. */
  readonly min?: number;
  /** In bytes. Default: MAX_SIZE. */
  readonly max?: number;
}

/** Reads a whole number of bytes, or `512B`, `64KiB`, `16MiB`, `1GiB`. */
export function parseSize(value: unknown, bounds: SizeBounds = {}): Parsed<number> {
  const bytes = readBytes(value);
  if (bytes === undefined) {
    return refuse(`expected a size in bytes or such as 64KiB or 16MiB, found ${show(value)}`, unitHint(value));
  }
  if (!Number.isInteger(bytes)) return refuse(`${show(value)} is not a whole number of bytes`);
  const min = bounds.min ?? 1;
  const max = bounds.max ?? MAX_SIZE;
  if (bytes < min) return refuse(`${show(value)} is too small`, `write ${formatSize(min)} or more`);
  if (bytes > max) return refuse(`${show(value)} is too large`, `write ${formatSize(max)} or less`);
  return accept(bytes);
}

/** The shortest exact text: 16777216 is `16MiB`, 65535 is `65535`. */
export function formatSize(bytes: number): string {
  for (const unit of ['GiB', 'MiB', 'KiB']) {
    const amount = bytes / (BYTES_PER_UNIT[unit] ?? 1);
    if (amount >= 1 && Number.isInteger(amount)) return `${amount}${unit}`;
  }
  return `${bytes}`;
}

function readBytes(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  const match = typeof value === 'string' ? SIZE.exec(value) : null;
  return match === null ? undefined : Number(match[1]) * (BYTES_PER_UNIT[match[2] ?? ''] ?? 0);
}

function unitHint(value: unknown): string | undefined {
  const match = typeof value === 'string' ? NEAR_MISS.exec(value) : null;
  if (match === null) return undefined;
  const prefix = match[2]?.toUpperCase();
  return prefix === undefined ? `write ${match[1]} without quotes` : `write ${match[1]}${prefix}iB (powers of 1024)`;
}
