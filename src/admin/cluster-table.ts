import { queryString } from './cluster-list.ts';
import type { ClusterList, ShownCluster } from './cluster-list.ts';
import { quantileText } from './latency.ts';
import { failedOf, notOkText, totalOf } from './outcomes.ts';
import type { EndpointView } from './target.ts';
import { alignedRow, MAX_CELL, widthsOf } from './text-table.ts';
import { visible } from './visible.ts';

const COLUMNS = ['CLUSTER', 'ORIGIN', 'LB', 'USABLE', 'ACTIVE', 'REQUESTS', 'FAILED', 'P50', 'P99', 'NOT OK'];

/** One page of clusters for a terminal, each with its endpoints below it. */
export function clusterTable(list: ClusterList): string {
  if (list.total === 0) {
    return list.query.name === '' ? 'no clusters yet\n' : `no cluster has ${visible(list.query.name)} in its name\n`;
  }
  const rows = [COLUMNS, ...list.clusters.flatMap(clusterRows)];
  const widths = widthsOf(rows.filter((row) => row.length > 2));
  return `${rows.map((row) => line(row, widths)).join('\n')}\n${footer(list)}`;
}

/** A row of all columns; rows of two are an endpoint's address and what is said of it. */
function clusterRows({ view, usable, endpoints }: ShownCluster): string[][] {
  const head = [
    visible(view.name, MAX_CELL),
    view.origin,
    view.lb,
    view.known ? `${usable}/${view.endpoints.length}` : 'unknown',
    String(view.active),
    String(totalOf(view.totals)),
    String(failedOf(view.totals)),
    quantileText(view.latency, 0.5),
    quantileText(view.latency, 0.99),
    notOkText(view.totals),
  ];
  const hidden = view.endpoints.length - endpoints.length;
  const more = hidden > 0 ? [[`… ${hidden} more`, `ask for them with ?name=${encodeURIComponent(view.name)}`]] : [];
  return [head, ...endpoints.map((endpoint) => [visible(endpoint.address, MAX_CELL), endpointText(endpoint)]), ...more];
}

function endpointText({ usable, reason, weight, active, connections, metadata }: EndpointView): string {
  const state = usable ? 'usable' : `not usable${reason === '' ? '' : ` (${visible(reason, MAX_CELL)})`}`;
  const facts = Object.entries(metadata).map(([key, value]) => `${visible(key, MAX_CELL)}=${visible(value, MAX_CELL)}`);
  return [
    state,
    `weight ${weight}`,
    `${active} active`,
    `${connections} ${connections === 1 ? 'connection' : 'connections'}`,
    ...facts,
  ].join('  ');
}

function line(row: readonly string[], widths: readonly number[]): string {
  const [first = '', second = ''] = row;
  return row.length === 2 ? `  ${first.padEnd(22)}  ${second}` : alignedRow(row, widths);
}

function footer({ query, total, pages }: ClusterList): string {
  if (pages === 1) return '';
  const next =
    query.page < pages ? `; next: /clusters${queryString({ ...query, page: query.page + 1 }, { format: 'text' })}` : '';
  return `\npage ${query.page} of ${pages}, ${total} clusters${next}\n`;
}
