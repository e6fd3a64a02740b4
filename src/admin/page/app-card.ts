import { formatCount } from '../format.ts';
import type { AppView, PublicationView, SubscriptionView } from '../target.ts';
import { html, NOTHING } from './html.ts';
import type { Html } from './html.ts';

/** Rows of each table; `/app` has them all. */
const MAX_ROWS = 50;

/** What the application has registered at the local API. */
export function appCard(app: AppView | undefined): Html {
  if (app === undefined) return NOTHING;
  const { name, health, publications, subscriptions } = app;
  const tone = health.state === 'healthy' ? 'good' : health.state === 'unhealthy' ? 'bad' : 'warn';
  return html`<section class="card">
    <div class="line">
      <h2>Application</h2>
      ${name === undefined ? html`<span class="dim">has not introduced itself yet</span>` : html`<span class="name">${name}</span>`}
      <span class="badge ${tone}">${health.state}</span><span class="dim">${health.reasons.join('; ')}</span>
    </div>
    <h3>Publishes</h3>
    ${table(['Service', 'Protocol', 'Address in the registry', 'State'], publications, publicationRow)}
    <h3>Subscribes to</h3>
    ${table(['Service', 'Protocol', 'Instances'], subscriptions, subscriptionRow)}
  </section>`;
}

function table<T>(columns: readonly string[], all: readonly T[], row: (one: T) => Html): Html {
  if (all.length === 0) return html`<span class="dim">nothing</span>`;
  const hidden = all.length - MAX_ROWS;
  const more = html`<tr>
    <td colspan="${columns.length}"><a href="/app">… ${formatCount(hidden)} more</a></td>
  </tr>`;
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          ${columns.map((name) => html`<th>${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${all.slice(0, MAX_ROWS).map(row)}${hidden > 0 ? more : NOTHING}
      </tbody>
    </table>
  </div>`;
}

function publicationRow({ service, protocol, group, address, status, reason }: PublicationView): Html {
  const tone = status === 'published' ? 'good' : 'warn';
  return html`<tr>
    <td class="name">${service}${groupChip(group)}</td>
    <td>${protocol}</td>
    <td class="name">${address === '' ? '–' : address}</td>
    <td><span class="${tone}">${status}</span> <span class="dim">${reason}</span></td>
  </tr>`;
}

function subscriptionRow({ service, protocol, group, datas }: SubscriptionView): Html {
  const count =
    datas === undefined ? html`<span class="warn">the registry has not answered yet</span>` : formatCount(datas.length);
  return html`<tr>
    <td class="name">${service}${groupChip(group)}</td>
    <td>${protocol}</td>
    <td>${count}</td>
  </tr>`;
}

function groupChip(group: string): Html {
  return group === '' ? NOTHING : html` <span class="chip">${group}</span>`;
}
