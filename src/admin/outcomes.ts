import type { ClusterView, ListenerView } from './target.ts';
import { visible } from './visible.ts';

/**
 * What became of requests, for all that the admin interface shows:
 *
 *   good     carried out
 *   service  answered with an error of the service's own
 *   gone     its caller no longer waited: neither answered nor failed
 *   failed   all else: this proxy, or the next, has answered in the service's stead or broken off, and says why
 */
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

/** Every request once: those of clusters, those that reached none, and those that a route answered by itself. */
export function allTotals(clusters: readonly ClusterView[], listeners: readonly ListenerView[]): Totals {
  const answering = listeners.flatMap(({ routes }) => routes.filter(({ kind }) => kind !== 'cluster'));
  return sumTotals([
    ...clusters.map(({ totals }) => totals),
    ...listeners.map(({ unrouted }) => unrouted),
    ...answering.map(({ totals }) => totals),
  ]);
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

/** Requests that were answered, be it with an error of the service's own. */
export function answeredOf(totals: Totals): number {
  return countOf(totals, ['good', 'service']);
}

/** Requests that could not be carried out. */
export function failedOf(totals: Totals): number {
  return countOf(totals, ['failed']);
}

/** What there is to ask about: all but what was carried out. */
export function notOk(totals: Totals): OutcomeCount[] {
  return outcomeCounts(totals).filter(({ kind }) => kind !== 'good');
}

/** The same for a terminal: `error 1, timeout 2`; a dash when there is nothing to ask about. */
export function notOkText(totals: Totals): string {
  const all = notOk(totals).map(({ outcome, count }) => `${visible(outcome)} ${count}`);
  return all.length === 0 ? '–' : all.join(', ');
}

function countOf(totals: Totals, kinds: readonly OutcomeKind[]): number {
  return outcomeCounts(totals).reduce((sum, { kind, count }) => (kinds.includes(kind) ? sum + count : sum), 0);
}
