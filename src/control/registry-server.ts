/**
 * The embedded registry: registrations in memory that live exactly as long as the connection
 * of their holder, and watches that are pushed. See src/registry/embedded/protocol.ts for the
 * wire and docs/registries.md for what it promises.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { formatAddress, isLoopback } from '../config/address.ts';
import type { HostPort } from '../config/address.ts';
import type { Clock, Timer } from '../core/clock.ts';
import { WeftError } from '../core/errors.ts';
import { CONTENT_TYPE, encode, SESSION_PATH } from '../registry/embedded/protocol.ts';
import { keyText } from '../registry/registry.ts';
import type { ServiceKey } from '../registry/registry.ts';
import type { Logger } from '../telemetry/log.ts';
import { RegistrySession } from './registry-session.ts';
import type { SessionHost } from './registry-session.ts';
import { RegistryStore } from './registry-store.ts';

export interface RegistryServerOptions {
  /** Where to listen; port 0 lets the system choose. */
  readonly address: HostPort;
  readonly clock: Clock;
  readonly log: Logger;
  /** Listen also where other machines can connect. There is no authentication yet. */
  readonly allowRemote?: boolean;
  /** ms without a word from a client after which its registrations go. Default 6000. */
  readonly lease?: number;
  /**
   * ms after the start during which missing instances are not yet believed to be gone, because
   * their holders may not have reconnected. Must be above the clients' longest wait. Default 3000.
   */
  readonly settle?: number;
  /**
   * ms that registrations outlive a connection that broke without a farewell, in case their
   * holder comes back. Default 0: a killed process leaves the lists at once.
   */
  readonly grace?: number;
  /** ms that a connection gets to send the head of a request. Default 10000. */
  readonly headTimeout?: number;
  readonly maxSessions?: number;
  readonly maxPublications?: number;
  readonly maxWatches?: number;
}

export interface RegistryServer {
  /** Where it listens. */
  readonly address: HostPort;
  /** Ends all sessions, without telling watchers that anything is gone, and stops listening. */
  close(): Promise<void>;
}

/** Throws a WeftError when the address cannot be used. */
export async function startRegistryServer(options: RegistryServerOptions): Promise<RegistryServer> {
  const { address, log } = options;
  if (!isLoopback(address.host)) {
    if (options.allowRemote !== true) throw refuseRemote(address);
    log.warn('the registry listens where other machines can connect, and has no authentication yet', {
      address: formatAddress(address),
    });
  }
  const hub = new RegistryServerCore(options);
  const headersTimeout = options.headTimeout ?? 10_000;
  const server = createServer(
    {
      // A session is one request that lasts for as long as its client lives.
      requestTimeout: 0,
      headersTimeout,
      // Node looks for connections that are over their time every 30 s only, if it is not told.
      connectionsCheckingInterval: Math.min(1000, headersTimeout),
    },
    (request, response) => hub.route(request, response),
  );
  server.maxConnections = hub.maxSessions + 256;
  const bound = await listen(server, address);
  log.info('registry listening', { address: formatAddress(bound) });
  return {
    address: bound,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      hub.close();
      server.closeIdleConnections();
      const timer = options.clock.after(1000, () => server.closeAllConnections());
      await closed;
      timer.cancel();
    },
  };
}

class RegistryServerCore implements SessionHost {
  readonly clock: Clock;
  readonly log: Logger;
  readonly lease: number;
  readonly limits: { publications: number; watches: number };
  readonly maxSessions: number;
  readonly store = new RegistryStore((key) => this.#changed(key));
  readonly #grace: number;
  readonly #remote: boolean;
  readonly #sessions = new Set<RegistrySession>();
  /** Sessions whose connection broke and whose registrations wait for their holder. */
  readonly #orphans = new Map<RegistrySession, Timer>();
  readonly #watchers = new Map<string, Set<RegistrySession>>();
  readonly #lines = new Map<string, string>();
  readonly #settleTimer: Timer;
  #settled = false;
  #closing = false;

  constructor(options: RegistryServerOptions) {
    this.clock = options.clock;
    this.log = options.log;
    this.lease = options.lease ?? 6000;
    this.limits = { publications: options.maxPublications ?? 4096, watches: options.maxWatches ?? 4096 };
    this.maxSessions = options.maxSessions ?? 10_000;
    this.#grace = options.grace ?? 0;
    this.#remote = !isLoopback(options.address.host);
    this.#settleTimer = this.clock.after(options.settle ?? 3000, () => this.#settle());
  }

  route(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url?.split('?', 1)[0];
    const reading = request.method === 'GET' || request.method === 'HEAD';
    // A load balancer may ask by any name, and learns nothing else.
    if (path === '/healthz' && reading) return answer(response, 200, 'ok\n');
    if (this.#foreign(request)) return answer(response, 403, 'not for other sites; ask by address or localhost\n');
    if (path === SESSION_PATH) return this.#open(request, response);
    if (!reading) return answer(response, 405, 'GET only\n');
    if (path === '/services') return answer(response, 200, `${JSON.stringify(this.#overview(), null, 2)}\n`, true);
    answer(response, 404, `nothing here; try /services, /healthz or POST ${SESSION_PATH}\n`);
  }

  watch(session: RegistrySession, key: ServiceKey): void {
    const text = keyText(key);
    const watchers = this.#watchers.get(text);
    if (watchers === undefined) this.#watchers.set(text, new Set([session]));
    else watchers.add(session);
  }

  unwatch(session: RegistrySession, key: ServiceKey): void {
    const text = keyText(key);
    const watchers = this.#watchers.get(text);
    watchers?.delete(session);
    if (watchers?.size !== 0) return;
    this.#watchers.delete(text);
    this.#lines.delete(text);
  }

  instancesLine(key: ServiceKey): string {
    const text = keyText(key);
    let line = this.#lines.get(text);
    if (line === undefined) {
      const { service, protocol, group } = key;
      const instances = [...this.store.instances(key)];
      line = encode({ op: 'instances', key: { service, protocol, group }, settled: this.#settled, instances });
      this.#lines.set(text, line);
    }
    return line;
  }

  resumed(session: RegistrySession): void {
    for (const other of [...this.#sessions, ...this.#orphans.keys()]) {
      if (other === session || other.client !== session.client) continue;
      this.#forget(other);
      other.destroy();
    }
  }

  ended(session: RegistrySession, clean: boolean): void {
    if (!this.#sessions.delete(session)) return;
    for (const key of session.watched.values()) this.unwatch(session, key);
    if (clean || this.#grace === 0 || this.#closing) return this.#forget(session);
    this.#orphans.set(
      session,
      this.clock.after(this.#grace, () => this.#forget(session)),
    );
  }

  /** What is gone because this server goes is no news: watchers keep what they know. */
  close(): void {
    this.#closing = true;
    this.#settleTimer.cancel();
    for (const timer of this.#orphans.values()) timer.cancel();
    for (const session of this.#sessions) session.end('the registry is closing');
  }

  #open(request: IncomingMessage, response: ServerResponse): void {
    if (request.method !== 'POST') return answer(response, 405, 'POST only\n');
    if (request.headers['content-type'] !== CONTENT_TYPE) {
      return answer(response, 415, `send content-type: ${CONTENT_TYPE}\n`);
    }
    if (this.#closing) return answer(response, 503, 'closing\n');
    if (this.#sessions.size >= this.maxSessions) {
      this.log.warn('registry session refused: too many sessions', { limit: this.maxSessions });
      return answer(response, 503, 'too many sessions\n');
    }
    this.#sessions.add(new RegistrySession(this, request, response));
  }

  /**
   * Whether a page of some site sends this out of a browser: it has an Origin then, or it reads from
   * a host name of its own that it made point here (DNS rebinding), which it cannot do with an
   * address. Sidecars on other machines may well use a name: their POST has no Origin, and that of
   * a page always has.
   */
  #foreign(request: IncomingMessage): boolean {
    if (request.headers.origin !== undefined) return true;
    if (this.#remote && request.method === 'POST') return false;
    const host = URL.parse(`http://${request.headers.host ?? 'localhost'}`)?.hostname.replace(/^\[|\]$/g, '');
    return host === undefined || !(isLoopback(host) || (this.#remote && isIP(host) !== 0));
  }

  #forget(session: RegistrySession): void {
    this.#orphans.get(session)?.cancel();
    this.#orphans.delete(session);
    this.store.drop(session);
  }

  #changed(key: ServiceKey): void {
    if (this.#closing) return;
    const text = keyText(key);
    this.#lines.delete(text);
    for (const session of this.#watchers.get(text) ?? []) session.touch(key);
  }

  #settle(): void {
    this.#settled = true;
    this.#lines.clear();
    for (const session of this.#sessions) {
      for (const key of session.watched.values()) session.touch(key);
    }
  }

  #overview(): unknown {
    const services = this.store.services().map(({ key, instances }) => ({
      ...key,
      watchers: this.#watchers.get(keyText(key))?.size ?? 0,
      instances: instances.map(({ address, weight, metadata }) => ({ address, weight, metadata })),
    }));
    return { settled: this.#settled, sessions: this.#sessions.size, services };
  }
}

function answer(response: ServerResponse, status: number, body: string, json = false): void {
  response.writeHead(status, {
    'content-type': json ? 'application/json' : 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    connection: 'close',
  });
  response.end(body);
}

function refuseRemote(address: HostPort): WeftError {
  return new WeftError(
    'registry_remote',
    `the registry will not listen at ${formatAddress(address)}: other machines could connect, and it has no ` +
      'authentication yet; listen at 127.0.0.1, or allow it with --allow-remote on a network that you trust',
    { side: 'local' },
  );
}

function listen(server: Server, address: HostPort): Promise<HostPort> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'something else listens there' : error.message;
      reject(new WeftError('listen_failed', `cannot listen at ${formatAddress(address)}: ${why}`, { side: 'local' }));
    });
    server.listen({ host: address.host, port: address.port }, () => {
      const bound = server.address();
      resolve(bound !== null && typeof bound === 'object' ? { host: bound.address, port: bound.port } : address);
    });
  });
}
