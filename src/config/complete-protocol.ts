import { resolve } from 'node:path';
import * as v from 'valibot';
import type { HttpConfig, TlsConfig } from './config.ts';
import { http as httpSection } from './http-schema.ts';
import { tcp as tcpSection } from './listener-schema.ts';
import type { ParsedFile } from './schema.ts';

type ParsedListener = ParsedFile['listeners'][number];
type ParsedHttp = NonNullable<ParsedListener['http']>;

const DETECT_TIMEOUT = 3000;

interface ProtocolKeys {
  readonly detectTimeout?: number;
  readonly tls?: TlsConfig;
  readonly http?: HttpConfig;
}

/** The keys of a listener that depend on its protocol. */
export function completeProtocol(listener: ParsedListener, folder: string): ProtocolKeys {
  const { protocol, tls, detectTimeout = DETECT_TIMEOUT } = listener;
  const carriesHttp = protocol === 'http' || protocol === 'auto';
  return {
    ...(protocol === 'auto' && { detectTimeout }),
    ...(tls && { tls: { certificate: resolve(folder, tls.certificate), key: resolve(folder, tls.key) } }),
    ...(carriesHttp && { http: completeHttp(listener.http ?? v.parse(httpSection, {}), listener.direction) }),
  };
}

function completeHttp(http: ParsedHttp, direction: ParsedListener['direction']): HttpConfig {
  return {
    ...http,
    forwarding: { for: direction === 'ingress' ? 'append' : 'keep', ...http.forwarding },
    routes: http.routes.map((route, index) => ({ ...route, name: route.name ?? defaultRouteName(index) })),
  };
}

/** What a route without a name is called. */
export function defaultRouteName(index: number): string {
  return `routes[${index}]`;
}

/** The cross-check has refused a tunnel that leads nowhere. */
export function tunnelToCluster(tcp: ParsedListener['tcp']): { tcp?: { cluster: string; idleTimeout: number } } {
  const { cluster, idleTimeout } = tcp ?? {};
  return cluster === undefined || idleTimeout === undefined ? {} : { tcp: { cluster, idleTimeout } };
}

export function tunnelToApp({ protocol, tcp }: ParsedListener): { tcp?: { idleTimeout: number } } {
  if (protocol !== 'tcp' && protocol !== 'auto') return {};
  return { tcp: { idleTimeout: (tcp ?? v.parse(tcpSection, {})).idleTimeout } };
}
