import { createHash } from 'node:crypto';
import type { HttpReply } from '../../sdk/http/http-server.ts';
import type { ClusterList } from '../cluster-list.ts';
import { formatAge, formatTime } from '../format.ts';
import type { AdminEndpoint } from '../router.ts';
import type { AdminTarget, ClusterView } from '../target.ts';
import { appCard } from './app-card.ts';
import { clustersCard } from './clusters-card.ts';
import { html, Html, NOTHING } from './html.ts';
import { REFRESH_SCRIPT, REFRESH_SECONDS } from './refresh.ts';
import { routesCard } from './routes-card.ts';
import { endpointsCard, listenersCard, logCard } from './small-cards.ts';
import { STYLE } from './style.ts';
import { requestsCard, tiles } from './summary.ts';

export interface PageInput {
  readonly target: AdminTarget;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** All of them, for the sums. */
  readonly clusters: readonly ClusterView[];
  /** Those to show. */
  readonly list: ClusterList;
  readonly endpoints: readonly AdminEndpoint[];
}

/** The page for people. */
export function pageReply(input: PageInput): HttpReply {
  return { status: 200, headers: HEADERS, body: page(input).text };
}

const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  // Nothing from elsewhere, and of what stands in the page only what was written here.
  'content-security-policy': [
    "default-src 'none'",
    `style-src '${hashOf(STYLE)}'`,
    `script-src '${hashOf(REFRESH_SCRIPT)}'`,
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  // Not no-referrer, with which browsers send `Origin: null` also to the page's own server.
  'referrer-policy': 'same-origin',
} as const;

/** Apart from the markup around them, since the hashes count every space. */
const STYLE_ELEMENT = new Html(`<style>${STYLE}</style>`);
const SCRIPT_ELEMENT = new Html(`<script>${REFRESH_SCRIPT}</script>`);

function hashOf(source: string): string {
  return `sha256-${createHash('sha256').update(source).digest('base64')}`;
}

function page(input: PageInput): Html {
  const { node, version } = input.target;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <noscript><meta http-equiv="refresh" content="${REFRESH_SECONDS}" /></noscript>
        <title>${node.id} · weft</title>
        ${STYLE_ELEMENT}
      </head>
      <body>
        <div class="wide">
          <p class="card note stale">
            The proxy does not answer since <span id="since"></span>. What is shown below is older.
          </p>
          ${main(input)}
          <footer class="line dim">
            <span>weft ${version}</span>
            <label class="push" hidden
              ><input type="checkbox" id="live" checked /> refresh every ${REFRESH_SECONDS} s</label
            >
          </footer>
        </div>
        ${SCRIPT_ELEMENT}
      </body>
    </html> `;
}

function main({ target, now, clusters, list, endpoints }: PageInput): Html {
  const listeners = target.listeners();
  return html`<main>
    ${heading(target, now)} ${notes(target)} ${tiles(clusters, listeners)} ${requestsCard(clusters, listeners)}
    ${listenersCard(listeners)} ${routesCard(listeners)} ${clustersCard(list)} ${appCard(target.app())}
    ${logCard(target.log.level)} ${endpointsCard(endpoints)}
  </main>`;
}

function heading(target: AdminTarget, now: number): Html {
  const { node, startedAt } = target;
  const { ready } = target.ready();
  const registry = target.registry();
  const badge = ready ? html`<span class="badge good">ready</span>` : html`<span class="badge bad">not ready</span>`;
  const connected = registry?.state === 'connected' ? 'good' : 'warn';
  return html`<header>
    <h1>${node.id}</h1>
    ${badge} ${registry && html`<span class="badge ${connected}">${registry.type} registry ${registry.state}</span>`}
    <span class="dim">app ${node.app}${node.zone === '' ? '' : ` · zone ${node.zone}`}</span>
    <span class="dim push">up ${formatAge(now - startedAt)} · as of ${formatTime(now)}</span>
  </header>`;
}

function notes(target: AdminTarget): Html {
  const { ready, reason } = target.ready();
  const { lastError, file, loadedAt, pending } = target.config();
  const waiting = ready ? NOTHING : html`<div class="card note">Takes no requests: ${reason}</div>`;
  const refused = html`<div class="card note warn">
    The last reload of ${file} was refused; what was loaded at ${formatTime(loadedAt)} stays.${lines(lastError)}
  </div>`;
  const restart = html`<div class="card note warn">
    ${file} has changed in what takes effect only after a restart: ${pending.join(', ')}.
  </div>`;
  return html`${waiting}${lastError === '' ? NOTHING : refused}${pending.length === 0 ? NOTHING : restart}`;
}

/** A text of several lines; a line end within a value would be spelled out. */
function lines(text: string): Html[] {
  return text.split('\n').map((line) => html`<br />${line}`);
}
