import { formatAddress, isLoopback } from '../config/address.ts';
import type { HostPort } from '../config/address.ts';
import { refusalOfOtherSites } from '../sdk/http/guard.ts';
import { HttpServer } from '../sdk/http/http-server.ts';
import { createEndpoints } from './endpoints.ts';
import type { EndpointDeps } from './endpoints.ts';
import { text } from './reply.ts';
import { route } from './router.ts';

export interface AdminServer {
  /** Where it listens. */
  readonly address: HostPort;
  close(): Promise<void>;
}

/** People, probes and scrapers; each keeps one connection or two. */
const MAX_CONNECTIONS = 64;

/**
 * Serves the admin interface; docs/admin.md describes it. Rejects with a WeftError `listen` when
 * the address cannot be had.
 */
export async function startAdminServer(
  { address }: { readonly address: HostPort },
  deps: EndpointDeps,
): Promise<AdminServer> {
  const { clock, log } = deps;
  const endpoints = createEndpoints(deps);
  const server = new HttpServer({
    address,
    name: 'the admin interface',
    setting: 'admin.address',
    maxConnections: MAX_CONNECTIONS,
    handle: (request) => {
      const refusal = refusalOfOtherSites(request.method ?? '', request.headers, address.host);
      return refusal === undefined ? route(endpoints, request) : text(403, refusal);
    },
    failed: text(500, 'the proxy failed to answer: its log says why'),
    clock,
    log,
  });
  await server.listen();
  const bound = server.address;
  if (!isLoopback(address.host)) {
    log.warn('other machines can reach the admin interface, which has no authentication: bind it to 127.0.0.1', {
      address: formatAddress(bound),
    });
  }
  return { address: bound, close: () => server.close() };
}
