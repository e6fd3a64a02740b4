import { LOG_LEVELS } from '../telemetry/log.ts';
import type { LogLevel, Logger } from '../telemetry/log.ts';
import type { Clock } from '../core/clock.ts';
import type { HttpReply } from '../sdk/http/http-server.ts';
import { listClusters } from './cluster-list.ts';
import type { ClusterList, ClusterQuery, ListLimits } from './cluster-list.ts';
import { clusterTable } from './cluster-table.ts';
import { quantile } from './latency.ts';
import { listenerTable, unroutedNote } from './listener-table.ts';
import { json, seeOther, text } from './reply.ts';
import type { AdminRequest } from './reply.ts';
import { listText } from './router.ts';
import type { AdminEndpoint } from './router.ts';
import type { AdminTarget, ClusterView, ConfigView, LatencyView } from './target.ts';
import { visible } from './visible.ts';

export interface EndpointDeps {
  readonly target: AdminTarget;
  readonly clock: Clock;
  readonly log: Logger;
}

/** An answer is made in one go on the thread of the data path: a few milliseconds at most. */
const LISTED: ListLimits = { clusters: 200, endpoints: 100, endpointsOfOne: 5000 };
const ON_PAGE: ListLimits = { clusters: 50, endpoints: 4, endpointsOfOne: 200 };

/** Prometheus refuses a scrape whose type it does not know. */
const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** All that the admin interface answers, in the order in which people are told. */
export function createEndpoints(deps: EndpointDeps): readonly AdminEndpoint[] {
  const endpoints: AdminEndpoint[] = [
    {
      path: '/',
      purpose: 'the state of this proxy as a page for people',
      get: async ({ query }) => {
        const { pageReply } = await import('./page/page.ts');
        const clusters = deps.target.clusters();
        const list = listClusters(clusters, clusterQuery(query), ON_PAGE);
        return pageReply({ target: deps.target, now: deps.clock.wall(), clusters, list, endpoints });
      },
    },
    ...probes(deps.target),
    ...views(deps.target),
    logLevel(deps),
    { path: '/help', purpose: 'this list', get: () => text(200, listText(endpoints)) },
  ];
  return endpoints;
}

function probes(target: AdminTarget): AdminEndpoint[] {
  return [
    { path: '/live', purpose: '200 while the process answers at all', get: () => text(200, 'live') },
    {
      path: '/ready',
      purpose: '200 while requests are taken, else 503 and the reason',
      get: () => {
        const { ready, reason } = target.ready();
        return ready ? text(200, 'ready') : text(503, `not ready: ${visible(reason)}`);
      },
    },
    {
      path: '/metrics',
      purpose: 'metrics for Prometheus',
      get: () => text(200, target.metrics(), { 'content-type': METRICS_TYPE }),
    },
  ];
}

function views(target: AdminTarget): AdminEndpoint[] {
  return [
    {
      path: '/config',
      purpose: 'the effective config as JSON, without secrets, and how its last reload went',
      options: ['?format=yaml  the same as YAML'],
      get: ({ query }) =>
        byFormat(query, {
          json: () => json(configJson(target.config())),
          yaml: async () => (await import('./config-yaml.ts')).configYaml(target.config()),
        }),
    },
    {
      path: '/listeners',
      purpose: 'where this proxy listens, its routes, and what reached no cluster, as JSON',
      options: ['?format=text  a table for terminals'],
      get: ({ query }) =>
        byFormat(query, {
          json: () => json({ listeners: target.listeners() }),
          text: () => text(200, listenerTable(target.listeners())),
        }),
    },
    {
      path: '/clusters',
      purpose: 'services, their endpoints and the state of each, as JSON',
      options: [
        '?format=text  a table for terminals',
        '?name=TEXT    those with it in their name; a whole name finds that one alone',
        `?page=2       the next ${LISTED.clusters}`,
      ],
      get: ({ query }) => {
        const list = (): ClusterList => listClusters(target.clusters(), clusterQuery(query), LISTED);
        return byFormat(query, {
          json: () => json(listJson(list())),
          text: () => text(200, clusterTable(list()) + unroutedNote(target.listeners())),
        });
      },
    },
    {
      path: '/app',
      purpose: 'what the application has registered, as JSON; null without a local API',
      get: () => json({ registry: target.registry() ?? null, app: target.app() ?? null }),
    },
  ];
}

function logLevel({ target, log }: EndpointDeps): AdminEndpoint {
  const control = target.log;
  const current = (): HttpReply => json({ level: control.level, levels: LOG_LEVELS });
  return {
    path: '/log',
    purpose: 'the log level, as JSON',
    options: [`POST /log?level=LEVEL  changes it until the next start or reload: ${LOG_LEVELS.join(', ')}`],
    get: current,
    post: ({ query, browser }) => {
      const wanted = query.get('level') ?? '';
      const level = LOG_LEVELS.find((one) => one === wanted);
      if (level === undefined) return text(400, levelRefusal(wanted));
      const tell = (): void => log.warn('log level changed at the admin interface', { from, to: level });
      const from = control.level;
      // Told at the more talkative of the two, so that a log that falls silent says why.
      if (isQuieter(level, from)) tell();
      control.level = level;
      if (!isQuieter(level, from)) tell();
      return browser ? seeOther('/') : current();
    },
  };
}

function isQuieter(level: LogLevel, than: LogLevel): boolean {
  return LOG_LEVELS.indexOf(level) > LOG_LEVELS.indexOf(than);
}

function levelRefusal(wanted: string): string {
  const problem = wanted === '' ? 'no level named' : `there is no level ${visible(wanted, 40)}`;
  return `${problem}: POST /log?level= with one of ${LOG_LEVELS.join(', ')}`;
}

type Answers = Readonly<Record<string, () => HttpReply | Promise<HttpReply>>>;

/** The answer that `?format=` names, the first one when it names none. */
function byFormat(query: AdminRequest['query'], answers: Answers): HttpReply | Promise<HttpReply> {
  const formats = Object.keys(answers);
  const wanted = query.get('format') ?? formats[0] ?? '';
  const answer = Object.hasOwn(answers, wanted) ? answers[wanted] : undefined;
  return answer?.() ?? text(400, `there is no format ${visible(wanted, 40)} here, only ${formats.join(' and ')}`);
}

function clusterQuery(query: URLSearchParams): ClusterQuery {
  const page = Number(query.get('page') ?? 1);
  return { name: query.get('name') ?? '', page: Number.isSafeInteger(page) ? page : 1 };
}

function configJson(view: ConfigView): object {
  return { ...view, loadedAt: new Date(view.loadedAt).toISOString() };
}

function listJson({ query, total, pages, clusters }: ClusterList): object {
  return {
    total,
    page: query.page,
    pages,
    clusters: clusters.map(({ view, usable, endpoints }) => ({
      ...view,
      latency: latencyJson(view.latency),
      endpointCount: view.endpoints.length,
      usableCount: usable,
      endpoints,
    })) satisfies readonly Omit<ClusterView, 'latency'>[],
  };
}

/** In seconds. */
function latencyJson(latency: LatencyView | undefined): object | undefined {
  return latency && { p50: quantile(latency, 0.5), p99: quantile(latency, 0.99) };
}
