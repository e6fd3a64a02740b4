import { accept, refuse, show, type Parsed } from './value.ts';

const MS_PER_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** The longest wait that Node's timers can hold, in ms (24.8 days); beyond it they fire at once. */
export const MAX_DURATION = 2 ** 31 - 1;

export const DURATION_PATTERN = String.raw`^\d+(\.\d+)?(ms|s|m|h)$`;
const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/;

export interface DurationBounds {
  /** In ms. Default: 0. */
  readonly min?: number;
}

/** Reads `100ms`, `3s`, `1.5m`, `1h` or `0s` as whole milliseconds. */
export function parseDuration(value: unknown, bounds: DurationBounds = {}): Parsed<number> {
  const min = bounds.min ?? 0;
  if (typeof value === 'number') return refuse(`expected a duration such as 3s, found ${show(value)}`, unitHint(value));
  const match = typeof value === 'string' ? DURATION.exec(value) : null;
  if (match === null) return refuse(`expected a duration such as 100ms, 3s, 1.5m or 1h, found ${show(value)}`);
  const exact = Number(match[1]) * (MS_PER_UNIT[match[2] ?? ''] ?? 0);
  const ms = Math.round(exact);
  if (Math.abs(ms - exact) > 1e-6) return refuse(`${show(value)} is finer than a millisecond`, `write ${ms}ms`);
  if (ms < min) return refuse(`${show(value)} is too short`, `write ${formatDuration(min)} or more`);
  if (ms > MAX_DURATION) return refuse(`${show(value)} is too long`, 'write 596h (24 days) or less');
  return accept(ms);
}

/** The shortest exact text: 90000 is `1.5m`, 250 is `250ms`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  for (const unit of ['h', 'm', 's']) {
    const amount = ms / (MS_PER_UNIT[unit] ?? 1);
    if (amount >= 1 && Number.isInteger(amount * 10)) return `${amount}${unit}`;
  }
  return `${ms}ms`;
}

function unitHint(value: number): string {
  if (!Number.isFinite(value) || value < 0) return 'write a duration with a unit: ms, s, m or h';
  return value === 0 ? 'write 0s' : `a unit is missing: write ${value}s or ${value}ms`;
}
