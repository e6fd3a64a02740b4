/** The middle of the values; the mean of the two middle ones when their number is even. NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  if (upper === undefined) return Number.NaN;
  const lower = sorted[middle - 1];
  return sorted.length % 2 === 1 || lower === undefined ? upper : (lower + upper) / 2;
}

/** (max - min) / median: how far the rounds lie apart. NaN for fewer than two values. */
export function spread(values: readonly number[]): number {
  if (values.length < 2) return Number.NaN;
  return (Math.max(...values) - Math.min(...values)) / median(values);
}

/**
 * The median of the ratios a[i] / b[i]. Both values of a pair come from the same round, so a machine that is slower
 * for a while slows both and the ratio holds. NaN when there is no complete pair.
 */
export function medianRatio(a: readonly number[], b: readonly number[]): number {
  return median(pairs(a, b).map(([x, y]) => x / y));
}

/** The median of the differences a[i] - b[i], paired by round like `medianRatio`. */
export function medianDifference(a: readonly number[], b: readonly number[]): number {
  return median(pairs(a, b).map(([x, y]) => x - y));
}

function pairs(a: readonly number[], b: readonly number[]): [number, number][] {
  const length = Math.min(a.length, b.length);
  return Array.from({ length }, (_, i): [number, number] => [a[i] ?? Number.NaN, b[i] ?? Number.NaN]);
}
