import { formatCount } from '../format.ts';
import { failedOf, totalOf } from '../outcomes.ts';
import type { ListenerView, RouteView } from '../target.ts';
import { html, NOTHING } from './html.ts';
import type { Html } from './html.ts';
import { failures, troubles } from './outcome-bar.ts';

/** Routes shown of each listener; `/listeners` has them all. */
const MAX_ROUTES = 40;

/** The routes of all listeners, with what became of their requests. */
export function routesCard(listeners: readonly ListenerView[]): Html {
  const routed = listeners.filter(({ routes }) => routes.length > 0);
  if (routed.length === 0) return NOTHING;
  return html`<section class="card">
    <div class="line">
      <h2>Routes</h2>
      <span class="dim">the first that fits is taken</span>
    </div>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th>Listener</th>
            <th>Route</th>
            <th>Leads to</th>
            <th class="num">Requests</th>
            <th class="num">Failed</th>
            <th>Not ok</th>
          </tr>
        </thead>
        <tbody>
          ${routed.map(listenerRows)}
        </tbody>
      </table>
    </div>
  </section>`;
}

function listenerRows({ name, routes }: ListenerView): Html {
  const shown = mostTelling(routes);
  const hidden = routes.length - shown.length;
  const more = html`<tr>
    <td colspan="6"><a href="/listeners?format=text">… ${formatCount(hidden)} more, with fewer requests</a></td>
  </tr>`;
  return html`${shown.map((route) => routeRow(name, route))}${hidden > 0 ? more : NOTHING}`;
}

function routeRow(listener: string, { name, kind, to, totals }: RouteView): Html {
  return html`<tr>
    <td class="name">${listener}</td>
    <td class="name">${name}</td>
    <td>${ACTIONS[kind]} <span class="name">${to}</span></td>
    <td class="num">${formatCount(totalOf(totals))}</td>
    <td class="num">${failures(totals)}</td>
    <td class="chips">${troubles(totals)}</td>
  </tr>`;
}

const ACTIONS: Readonly<Record<RouteView['kind'], string>> = {
  cluster: 'cluster',
  redirect: 'answered here by redirect',
  respond: 'answered here with',
};

/** Of too many those with failures and the busiest, in the order in which they are tried. */
function mostTelling(routes: readonly RouteView[]): readonly RouteView[] {
  if (routes.length <= MAX_ROUTES) return routes;
  const ranked = routes.map((route) => ({ route, failed: failedOf(route.totals), total: totalOf(route.totals) }));
  ranked.sort((a, b) => b.failed - a.failed || b.total - a.total);
  const chosen = new Set(ranked.slice(0, MAX_ROUTES).map(({ route }) => route));
  return routes.filter((route) => chosen.has(route));
}
