import { queryString } from '../cluster-list.ts';
import type { ClusterList, ShownCluster } from '../cluster-list.ts';
import { formatCount } from '../format.ts';
import { quantileText } from '../latency.ts';
import { totalOf } from '../outcomes.ts';
import type { EndpointView } from '../target.ts';
import { html, NOTHING } from './html.ts';
import type { Html } from './html.ts';
import { failures, troubles } from './outcome-bar.ts';

/** Endpoints carry what their app said of itself; the JSON has it all. */
const MAX_METADATA = 8;

/** One page of clusters, each with its endpoints below it. */
export function clustersCard(list: ClusterList): Html {
  return html`<section class="card" id="clusters">
    <div class="line">
      <h2>Clusters</h2>
      <span class="dim">${countText(list)}</span>${pager(list)}
      <form class="push" action="/#clusters">
        <input
          type="search"
          name="name"
          value="${list.query.name}"
          placeholder="part of a name"
          aria-label="Part of a cluster's name"
        /><button>Filter</button>
      </form>
    </div>
    ${list.total === 0 ? empty(list) : table(list)}
  </section>`;
}

function table(list: ClusterList): Html {
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          <th>Service</th>
          <th>From</th>
          <th>Balancer</th>
          <th class="num">Usable</th>
          <th class="num">Under way</th>
          <th class="num">Requests</th>
          <th class="num">Failed</th>
          <th>Not ok</th>
          <th class="num">p50</th>
          <th class="num">p99</th>
        </tr>
      </thead>
      <tbody>
        ${list.clusters.map(clusterRows)}
      </tbody>
    </table>
  </div>`;
}

function clusterRows({ view, usable, endpoints }: ShownCluster): Html {
  const hidden = view.endpoints.length - endpoints.length;
  // Weights say something only where they differ.
  const weighted = view.endpoints.some(({ weight }) => weight !== view.endpoints[0]?.weight);
  const only = queryString({ name: view.name, page: 1 });
  const more = html`<tr class="part last">
    <td colspan="10"><a href="/${only}#clusters">… ${formatCount(hidden)} more</a></td>
  </tr>`;
  return html`<tr class="${view.endpoints.length > 0 ? 'group' : ''}">
      <td class="name"><a href="/${only}#clusters">${view.name}</a></td>
      <td>${view.origin}</td>
      <td class="keep">${view.lb}</td>
      <td class="num">${usableText(view, usable)}</td>
      <td class="num">${formatCount(view.active)}</td>
      <td class="num">${formatCount(totalOf(view.totals))}</td>
      <td class="num">${failures(view.totals)}</td>
      <td class="chips">${troubles(view.totals)}</td>
      <td class="num">${quantileText(view.latency, 0.5)}</td>
      <td class="num">${quantileText(view.latency, 0.99)}</td>
    </tr>
    ${endpoints.map((endpoint, index) => endpointRow(endpoint, { weighted, last: hidden === 0 && index === endpoints.length - 1 }))}${hidden > 0 ? more : NOTHING}`;
}

function usableText({ known, endpoints }: ShownCluster['view'], usable: number): Html {
  if (!known) return html`<span class="warn">not known yet</span>`;
  const tone = usable === 0 ? 'bad' : usable < endpoints.length ? 'warn' : 'good';
  return html`<span class="${tone}">${formatCount(usable)} of ${formatCount(endpoints.length)}</span>`;
}

function endpointRow(
  { address, usable, reason, weight, active, connections, metadata }: EndpointView,
  { weighted, last }: { readonly weighted: boolean; readonly last: boolean },
): Html {
  const facts = Object.entries(metadata).slice(0, MAX_METADATA);
  const state = usable
    ? html`<span class="good">usable</span>`
    : html`<span class="bad">not usable${reason === '' ? '' : `: ${reason}`}</span>`;
  return html`<tr class="part${last ? ' last' : ''}">
    <td class="name">${address}</td>
    <td colspan="3">${state}</td>
    <td class="num">${formatCount(active)}</td>
    <td colspan="5">
      <span class="chip">${formatCount(connections)} ${connections === 1 ? 'connection' : 'connections'}</span
      >${weighted ? html`<span class="chip">weight ${weight}</span>` : NOTHING}${facts.map(([key, value]) => html`<span class="chip">${key} ${value}</span>`)}
    </td>
  </tr>`;
}

function countText({ query, total, pages }: ClusterList): string {
  const all = query.name === '' ? '' : ` with “${query.name}”`;
  return pages === 1 ? `${formatCount(total)}${all}` : `${formatCount(total)}${all}, page ${query.page} of ${pages}`;
}

function pager({ query, pages }: ClusterList): Html {
  const link = (page: number, label: string): Html =>
    page < 1 || page > pages ? NOTHING : html`<a href="/${queryString({ ...query, page })}#clusters">${label}</a>`;
  const all = query.name === '' ? NOTHING : html`<a href="/#clusters">show all</a>`;
  return html`${link(query.page - 1, '← previous')}${link(query.page + 1, 'next →')}${all}`;
}

function empty({ query }: ClusterList): Html {
  const why =
    query.name === ''
      ? 'None yet: services come from the config, and from the registry when the application first asks for one.'
      : 'No cluster has this in its name.';
  return html`<p class="dim">${why}</p>`;
}
