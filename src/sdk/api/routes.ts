import { WeftError } from '../../core/errors.ts';
import { keyText } from '../../registry/registry.ts';
import type { RegistryState } from '../../registry/registry.ts';
import type { Logger } from '../../telemetry/log.ts';
import type { HealthView } from '../health/app-health.ts';
import type { RegistrationState, Subscription } from '../model.ts';
import type { PublicationView } from '../publisher.ts';
import { parseApplication, parsePublish, parseSelector, parseSubscribe } from '../requests.ts';
import type { Command } from '../state.ts';
import type { SubscriptionView } from '../subscriptions.ts';
import type { ApiHandler } from './http-server.ts';
import { failure, success } from './reply.ts';
import type { ApiReply } from './reply.ts';

/** What the API does and shows. */
export interface ApiTarget {
  readonly state: RegistrationState;
  readonly publications: readonly PublicationView[];
  readonly subscriptions: readonly SubscriptionView[];
  readonly health: HealthView;
  readonly registry: { readonly type: string; readonly state: RegistryState };
  /** Resolves when the change is safe on disk. Rejects with a WeftError when it is not made. */
  apply(command: Command): Promise<void>;
  /** The urls of a subscription, once the registry has answered or has had its time. */
  firstDatas(subscription: Subscription): Promise<readonly string[]>;
}

type Post = (body: object) => Promise<ApiReply>;
type Get = () => ApiReply;

const SERVICE = '/services/';

/** The paths of the local API; docs/local-api.md describes them. */
export function createRoutes(target: ApiTarget, log: Logger): ApiHandler {
  const posts = postRoutes(target);
  const gets = getRoutes(target);
  return async (method, path, body) => {
    const post = posts.get(path);
    const get = gets.get(path) ?? (post === undefined ? serviceRoute(path, target) : undefined);
    if (method === 'POST' && post !== undefined && body !== undefined) return carryOut(post, path, body, log);
    if (method === 'GET' && get !== undefined) return get();
    const allow = [get === undefined ? '' : 'GET', post === undefined ? '' : 'POST'].filter((name) => name !== '');
    if (allow.length === 0) return failure(404, `there is no ${path.slice(0, 200)} here: see docs/local-api.md`);
    return { ...failure(405, `${path.slice(0, 200)} takes ${allow.join(' or ')}`), allow: allow.join(', ') };
  };
}

async function carryOut(post: Post, path: string, body: object, log: Logger): Promise<ApiReply> {
  try {
    return await post(body);
  } catch (error) {
    if (!(error instanceof WeftError)) throw error;
    log.warn('local API request refused', { path, reason: error.message });
    return failure(200, error.message);
  }
}

function postRoutes(target: ApiTarget): ReadonlyMap<string, Post> {
  const change = (path: string, command: (body: object) => Command): [string, Post] => [
    path,
    async (body) => {
      await target.apply(command(body));
      return success();
    },
  ];
  return new Map([
    change('/configs/application', (body) => ({ kind: 'application', application: parseApplication(body) })),
    change('/services/publish', (body) => ({ kind: 'publish', publication: parsePublish(body) })),
    change('/services/unpublish', (body) => ({ kind: 'unpublish', selector: parseSelector(body) })),
    change('/services/unsubscribe', (body) => ({ kind: 'unsubscribe', selector: parseSelector(body) })),
    [
      '/services/subscribe',
      async (body) => {
        const subscription = parseSubscribe(body);
        await target.apply({ kind: 'subscribe', subscription });
        return success({ serviceName: subscription.service, datas: await target.firstDatas(subscription) });
      },
    ],
  ]);
}

function getRoutes(target: ApiTarget): ReadonlyMap<string, Get> {
  return new Map<string, Get>([
    [
      '/services',
      () =>
        success({
          health: target.health,
          publications: target.publications.map(publicationJson),
          subscriptions: target.subscriptions.map(subscriptionJson),
        }),
    ],
    ['/configs/registry', () => success({ type: target.registry.type, state: target.registry.state })],
    [
      '/configs/application',
      () => {
        const { application } = target.state;
        if (application === undefined) return failure(200, 'no application is known yet: POST /configs/application');
        return success({ ...application });
      },
    ],
  ]);
}

/** GET /services/:name, over all protocols and groups. */
function serviceRoute(path: string, target: ApiTarget): Get | undefined {
  if (!path.startsWith(SERVICE) || path.length === SERVICE.length) return undefined;
  return () => {
    const name = decoded(path.slice(SERVICE.length));
    if (name === undefined) return failure(400, 'the service name in the path is not well percent-encoded');
    const publications = target.publications.filter((one) => one.service === name);
    const subscriptions = target.subscriptions.filter((one) => one.service === name);
    if (publications.length + subscriptions.length === 0) {
      return failure(404, `${name.slice(0, 200)} is neither published nor subscribed to here`);
    }
    return success({
      serviceName: name,
      publications: publications.map(publicationJson),
      subscriptions: subscriptions.map(subscriptionJson),
    });
  };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function publicationJson(view: PublicationView): object {
  const { service: serviceName, protocol: protocolType, ...rest } = view;
  return { key: keyText(view), serviceName, protocolType, ...rest };
}

function subscriptionJson(view: SubscriptionView): object {
  const { service: serviceName, protocol: protocolType, datas, ...rest } = view;
  return { key: keyText(view), serviceName, protocolType, ...rest, answered: datas !== undefined, datas: datas ?? [] };
}
