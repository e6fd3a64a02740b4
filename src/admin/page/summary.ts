import { usableOf } from '../cluster-list.ts';
import { formatCount, formatShare } from '../format.ts';
import { mergeLatency, quantileText } from '../latency.ts';
import { allTotals, answeredOf, failedOf, totalOf } from '../outcomes.ts';
import type { ClusterView, ListenerView } from '../target.ts';
import { html, NOTHING } from './html.ts';
import type { Html } from './html.ts';
import { outcomeBar, outcomeLegend } from './outcome-bar.ts';

/** The figures to look at first. */
export function tiles(clusters: readonly ClusterView[], listeners: readonly ListenerView[]): Html {
  const totals = allTotals(clusters, listeners);
  const total = totalOf(totals);
  // Who no longer waits says nothing of how well the others are served.
  const answered = answeredOf(totals);
  const waited = answered + failedOf(totals);
  const latency = mergeLatency(clusters.map((one) => one.latency));
  const endpoints = clusters.reduce((sum, one) => sum + one.endpoints.length, 0);
  const usable = clusters.reduce((sum, one) => sum + usableOf(one), 0);
  const active = clusters.reduce((sum, one) => sum + one.active, 0);
  return html`<div class="tiles">
    ${tile(formatCount(total), 'requests since the start')}
    ${tile(formatShare(answered, waited), 'answered', shareTone(answered, waited))}
    ${tile(formatCount(active), 'under way now')}
    ${latency === undefined ? NOTHING : [tile(quantileText(latency, 0.5), 'p50'), tile(quantileText(latency, 0.99), 'p99')]}
    ${tile(formatCount(clusters.length), clusters.length === 1 ? 'cluster' : 'clusters')}
    ${tile(`${formatCount(usable)} / ${formatCount(endpoints)}`, 'endpoints usable', usable < endpoints ? 'warn' : '')}
  </div>`;
}

/** All requests by outcome, those that reached no cluster among them. */
export function requestsCard(clusters: readonly ClusterView[], listeners: readonly ListenerView[]): Html {
  const totals = allTotals(clusters, listeners);
  const body =
    totalOf(totals) === 0 ? html`<p class="dim">None so far.</p>` : html`${outcomeBar(totals)}${outcomeLegend(totals)}`;
  return html`<section class="card">
    <div class="line"><h2>Requests by outcome</h2></div>
    ${body}
  </section>`;
}

/** A few failures in a long life alarm nobody; each is told in the list of outcomes. */
function shareTone(answered: number, total: number): string {
  if (answered >= total * 0.999) return '';
  return answered >= total * 0.99 ? 'warn' : 'bad';
}

function tile(value: string, label: string, tone = ''): Html {
  return html`<div class="tile"><b class="${tone}">${value}</b><span class="dim">${label}</span></div>`;
}
