import { LOG_LEVELS } from '../../telemetry/log.ts';
import type { LogLevel } from '../../telemetry/log.ts';
import { formatCount } from '../format.ts';
import type { AdminEndpoint } from '../router.ts';
import type { ListenerView } from '../target.ts';
import { html } from './html.ts';
import type { Html } from './html.ts';
import { troubles } from './outcome-bar.ts';

export function listenersCard(listeners: readonly ListenerView[]): Html {
  const rows = listeners.map(
    ({ name, address, protocol, direction, connections, active, unrouted }) =>
      html`<tr>
        <td class="name">${name}</td>
        <td class="name">${address}</td>
        <td>${protocol}</td>
        <td>${DIRECTIONS.get(direction) ?? direction}</td>
        <td class="num">${formatCount(connections)}</td>
        <td class="num">${formatCount(active)}</td>
        <td class="chips">${troubles(unrouted)}</td>
      </tr>`,
  );
  const table = html`<div class="scroll">
    <table>
      <thead>
        <tr>
          <th>Name</th>
          <th>Address</th>
          <th>Protocol</th>
          <th>Direction</th>
          <th class="num">Connections</th>
          <th class="num">Under way</th>
          <th>Reached no cluster</th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
  return html`<section class="card">
    <div class="line"><h2>Listeners</h2></div>
    ${listeners.length === 0 ? html`<p class="dim">None.</p>` : table}
  </section>`;
}

const DIRECTIONS: ReadonlyMap<string, string> = new Map([
  ['egress', 'egress: from the app'],
  ['ingress', 'ingress: to the app'],
]);

/** A button for each level; the one that is set cannot be pressed. */
export function logCard(level: LogLevel): Html {
  const buttons = LOG_LEVELS.map((one) =>
    one === level
      ? html`<button disabled>${one}</button>`
      : html`<button formaction="/log?level=${one}">${one}</button>`,
  );
  return html`<section class="card">
    <div class="line">
      <h2>Log level</h2>
      <form method="post" action="/log">${buttons}</form>
      <span class="dim">until the next start, or a reload that changes it</span>
    </div>
  </section>`;
}

/** Where everything else is. */
export function endpointsCard(endpoints: readonly AdminEndpoint[]): Html {
  const entries = endpoints
    .filter(({ path }) => path !== '/')
    .map(({ path, purpose, options = [] }) => {
      const more = options.map((option) => html`<br /><code class="dim">${option}</code>`);
      return html`<dt>
          <a href="${path}"><code>${path}</code></a>
        </dt>
        <dd>${purpose}${more}</dd>`;
    });
  return html`<section class="card">
    <div class="line"><h2>More at this address</h2></div>
    <dl>${entries}</dl>
  </section>`;
}
