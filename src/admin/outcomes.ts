import type { ClusterView } from './target.ts';

/** `good`: answered. `service`: the service's own error. `gone`: the caller no longer waited. `failed`: ours to explain. */
export type OutcomeKind = 'good' | 'service' | 'gone' | 'failed';

export type Totals = ClusterView['totals'];

export interface OutcomeCount {
  readonly outcome: string;
  readonly kind: OutcomeKind;
  readonly count: number;
}

const KINDS: ReadonlyMap<string, OutcomeKind> = new Map([
  ['ok', 'good'],
  ['oneway', 'good'],
  ['error', 'service'],
  ['abandoned', 'gone'],
]);

const ORDER: readonly OutcomeKind[] = ['good', 'service', 'gone', 'failed'];

/** What happened at all, good ones first. */
export function outcomeCounts(totals: Totals): OutcomeCount[] {
  return Object.entries(totals)
    .filter(([, count]) => count > 0)
    .map(([outcome, count]) => ({ outcome, kind: KINDS.get(outcome) ?? ('failed' as const), count }))
    .sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind));
}

export function sumTotals(all: Iterable<Totals>): Totals {
  const sums: Record<string, number> = {};
  for (const totals of all) {
    for (const [outcome, count] of Object.entries(totals)) sums[outcome] = (sums[outcome] ?? 0) + count;
  }
  return sums;
}

export function totalOf(totals: Totals): number {
  return Object.values(totals).reduce((sum, count) => sum + count, 0);
}

export function countOf(totals: Totals, kind: OutcomeKind): number {
  return outcomeCounts(totals).reduce((sum, one) => (one.kind === kind ? sum + one.count : sum), 0);
}
