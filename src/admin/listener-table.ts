import { failedOf, notOkText, sumTotals, totalOf } from './outcomes.ts';
import type { ListenerView } from './target.ts';
import { MAX_CELL, textTable } from './text-table.ts';
import { visible } from './visible.ts';

const COLUMNS = ['LISTENER', 'ADDRESS', 'PROTOCOL', 'DIRECTION', 'CONNECTIONS', 'ACTIVE', 'REACHED NO CLUSTER'];
const ROUTE_COLUMNS = ['LISTENER', 'ROUTE', 'ACTION', 'REQUESTS', 'FAILED', 'NOT OK'];

/** Listeners for a terminal, and below them the routes of all. */
export function listenerTable(listeners: readonly ListenerView[]): string {
  if (listeners.length === 0) return 'no listeners\n';
  const table = textTable([COLUMNS, ...listeners.map(listenerRow)]);
  const routes = listeners.flatMap(routeRows);
  return routes.length === 0 ? table : `${table}\n${textTable([ROUTE_COLUMNS, ...routes])}`;
}

/** For whoever looks for requests among the clusters, but they reached none; empty when all did. */
export function unroutedNote(listeners: readonly ListenerView[]): string {
  const total = totalOf(sumTotals(listeners.map(({ unrouted }) => unrouted)));
  const what = total === 1 ? '1 request' : `${total} requests`;
  return total === 0 ? '' : `\n${what} reached no cluster: see /listeners?format=text\n`;
}

function listenerRow({ name, address, protocol, direction, connections, active, unrouted }: ListenerView): string[] {
  const words = [name, address, protocol, direction].map((word) => visible(word, MAX_CELL));
  return [...words, String(connections), String(active), notOkText(unrouted)];
}

function routeRows({ name: listener, routes }: ListenerView): string[][] {
  return routes.map(({ name, kind, to, totals }) => [
    visible(listener, MAX_CELL),
    visible(name, MAX_CELL),
    `${kind} ${visible(to, MAX_CELL)}`,
    String(totalOf(totals)),
    String(failedOf(totals)),
    notOkText(totals),
  ]);
}
