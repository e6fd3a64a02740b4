import { formatSeconds } from './format.ts';
import type { LatencyView } from './target.ts';

/**
 * The value in seconds below which the share `q` of all requests lies, read off between the
 * bounds of its bucket as Prometheus' `histogram_quantile` does, but never above the largest
 * value. Undefined without requests.
 */
export function quantile({ bounds, counts, max }: LatencyView, q: number): number | undefined {
  let total = 0;
  for (let i = 0; i < counts.length; i++) total += counts[i] ?? 0;
  if (total === 0) return undefined;
  const rank = q * total;
  let below = 0;
  for (let i = 0; i < bounds.length; i++) {
    const count = counts[i] ?? 0;
    if (count > 0 && below + count >= rank) {
      const low = i === 0 ? 0 : (bounds[i - 1] ?? 0);
      return Math.min(max, low + ((bounds[i] ?? low) - low) * Math.max(0, (rank - below) / count));
    }
    below += count;
  }
  return max;
}

/** All of them as one; those with other bounds than the first are left out. Undefined without any. */
export function mergeLatency(views: Iterable<LatencyView | undefined>): LatencyView | undefined {
  let bounds: readonly number[] | undefined;
  const counts: number[] = [];
  let max = 0;
  for (const view of views) {
    if (view === undefined) continue;
    bounds ??= view.bounds;
    if (!sameBounds(bounds, view.bounds)) continue;
    for (let i = 0; i < view.counts.length; i++) counts[i] = (counts[i] ?? 0) + (view.counts[i] ?? 0);
    max = Math.max(max, view.max);
  }
  return bounds === undefined ? undefined : { bounds, counts, max };
}

/** `0.84 ms`, or a dash when there is nothing to tell. */
export function quantileText(view: LatencyView | undefined, q: number): string {
  const value = view === undefined ? undefined : quantile(view, q);
  return value === undefined ? '–' : formatSeconds(value);
}

function sameBounds(a: readonly number[], b: readonly number[]): boolean {
  return a === b || (a.length === b.length && a.every((bound, index) => bound === b[index]));
}
