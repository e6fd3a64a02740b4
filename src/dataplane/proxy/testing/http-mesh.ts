import assert from 'node:assert/strict';
import { test } from 'node:test';
import { POLICY } from '../../cluster/testing/policy.ts';
import { createRequestIds } from '../../../core/request-ids.ts';
import type { Endpoint, EndpointAddress } from '../../cluster/endpoint.ts';
import type { ClusterPolicy } from '../../cluster/policy.ts';
import { boltCodec } from '../../codec/bolt/codec.ts';
import type { ForwardingSettings } from '../../message/forwarding.ts';
import type { Http2Limits } from '../../codec/http2/owner.ts';
import { HeadWriter, newHopFields } from '../../codec/http1/head-writer.ts';
import type { HttpPool } from '../../upstream/http/http-pool.ts';
import { compileRoutes, type RouteTable } from '../../route/route-table.ts';
import type { RouteSpec } from '../../route/route-spec.ts';
import { ClusterStats } from '../cluster-stats.ts';
import type { HttpSpec } from '../http/http-server.ts';
import { httpPoolOf } from '../http/http-pool-of.ts';
import type { HttpLimits } from '../http/http-scope.ts';
import { ListenerStats } from '../listener-stats.ts';
import { ManagedCluster } from '../managed-cluster.ts';
import { routeParts } from '../route-parts.ts';
import { ProxyListener, type ListenerSpec } from '../proxy-listener.ts';
import { Http2Peer, Http2Server } from '../../upstream/testing/http2-peer.ts';
import { LIMITS, type MeshParts, meshParts, TICK_MS } from './mesh-parts.ts';
import type { CertificateSource } from '../../net/tls-server.ts';
import { settled } from '../../../core/testing/settled.ts';
import { TextPeer, TextServer } from '../../upstream/testing/text-peer.ts';

const HTTP: HttpLimits = {
  maxHead: 65_536,
  maxFields: 100,
  maxBody: 0,
  maxStreams: 256,
  headTimeout: 10_000,
  bodyTimeout: 60_000,
  streamIdleTimeout: 300_000,
};

type PolicyChange = Partial<Omit<ClusterPolicy, 'http'>> & { readonly http?: Partial<ClusterPolicy['http']> };

export interface HttpMeshOptions {
  readonly policy?: PolicyChange;
  readonly limits?: Partial<HttpLimits>;
  readonly routes?: readonly RouteSpec[];
  readonly idleTimeout?: number;
  readonly detectTimeout?: number;
  /** What else the listener takes. */
  readonly bolt?: boolean;
  readonly tcp?: { readonly idleTimeout: number };
  /** No HTTP at all. */
  readonly http?: false;
  readonly versions?: HttpSpec['versions'];
  readonly tls?: CertificateSource;
  readonly upgrades?: readonly string[];
  readonly forwarding?: Partial<ForwardingSettings>;
}

export interface Asked {
  readonly server: TextServer;
  readonly caller: TextPeer;
  /** The server's side of the connection. */
  readonly endpoint: TextPeer;
}

/** A listener of HTTP in front of one cluster, `shop`, on real sockets and a clock that stands still until it is moved. */
export class HttpMesh {
  readonly parts: MeshParts;
  readonly cluster: ManagedCluster;
  /** Another one, `shadow`, which has no endpoints until it is given some. */
  readonly shadow: ManagedCluster;
  readonly listener: ProxyListener;
  readonly #closing: (() => Promise<void>)[] = [];
  readonly #endpoints = new Set<Endpoint>();

  private constructor(options: HttpMeshOptions, parts: MeshParts, listenerStats: ListenerStats, routes: RouteTable) {
    const { metrics, upstream, proxy } = (this.parts = parts);
    const { policy = {} } = options;
    const ofHttp = { ...POLICY.http, ...policy.http };
    const stats = new ClusterStats(metrics, { cluster: 'shop' });
    const managed = { name: 'shop', origin: 'static', policy: { ...POLICY, ...policy, http: ofHttp } } as const;
    this.cluster = new ManagedCluster(managed, upstream, stats);
    const shadowStats = new ClusterStats(metrics, { cluster: 'shadow' });
    this.shadow = new ManagedCluster({ ...managed, name: 'shadow' }, upstream, shadowStats);
    this.listener = new ProxyListener(this.#spec(options, routes), proxy, listenerStats);
  }

  static async open(options: HttpMeshOptions = {}): Promise<HttpMesh> {
    const parts = meshParts();
    const stats = new ListenerStats(parts.metrics, 'web');
    const routes = await compileRoutes(options.routes ?? [], routeParts(stats, parts.proxy));
    const mesh = new HttpMesh(options, parts, stats, routes);
    await mesh.listener.open(0);
    return mesh;
  }

  /** The listener goes by other options from now on; those of its cluster stay. */
  async adjust(options: HttpMeshOptions): Promise<void> {
    this.listener.adjust(
      this.#spec(options, await compileRoutes(options.routes ?? [], routeParts(this.listener.stats, this.parts.proxy))),
    );
  }

  async textServer(): Promise<TextServer> {
    const server = await TextServer.start();
    this.#closing.push(() => server.close());
    return server;
  }

  async http2Server(limits: Partial<Http2Limits> = {}): Promise<Http2Server> {
    const server = await Http2Server.start(limits);
    this.#closing.push(() => server.close());
    return server;
  }

  /** A server of HTTP/1, or of anything that is text, of which alone the cluster consists. */
  async textService(): Promise<TextServer> {
    const server = await this.textServer();
    this.endpoints(server);
    return server;
  }

  async http2Service(limits: Partial<Http2Limits> = {}): Promise<Http2Server> {
    const server = await this.http2Server(limits);
    this.endpoints(server);
    return server;
  }

  /** A caller that has sent `text`, and the connection that its service got for it. */
  async asked(text: string): Promise<Asked> {
    const server = await this.textService();
    const caller = await this.caller();
    caller.send(text);
    return { server, caller, endpoint: await server.peer(0) };
  }

  async caller(): Promise<TextPeer> {
    const caller = await TextPeer.connect(this.listener.port);
    this.#closing.push(async () => void caller.socket.destroy());
    return caller;
  }

  async http2Caller(limits: Partial<Http2Limits> = {}): Promise<Http2Peer> {
    const caller = await Http2Peer.connect(this.listener.port, limits);
    this.#closing.push(async () => void caller.socket.destroy());
    return caller;
  }

  /** The cluster consists of these from now on. */
  endpoints(...servers: readonly Pick<EndpointAddress, 'port' | 'metadata'>[]): void {
    this.#update(this.cluster, servers);
  }

  shadowEndpoints(...servers: readonly Pick<EndpointAddress, 'port' | 'metadata'>[]): void {
    this.#update(this.shadow, servers);
  }

  #update(managed: ManagedCluster, servers: readonly Pick<EndpointAddress, 'port' | 'metadata'>[]): void {
    const addresses = servers.map(({ port, metadata = {} }) => ({ host: '127.0.0.1', port, weight: 1, metadata }));
    managed.update(addresses);
    for (const endpoint of managed.cluster.endpoints) this.#endpoints.add(endpoint);
  }

  endpointOf(server: { readonly port: number }): Endpoint {
    return [...this.#endpoints].find(({ port }) => port === server.port)!;
  }

  pool(server: { readonly port: number }, version: 1 | 2): HttpPool {
    const scope = { http1Writer: new HeadWriter(), hop: newHopFields() };
    return httpPoolOf(scope, this.cluster, this.endpointOf(server), version);
  }

  /** Moves the clock by `ms` in steps of `step`, after each of which everybody answers what there is to answer. */
  async pass(ms: number, step = TICK_MS): Promise<void> {
    for (let passed = 0; passed < ms; passed += step) {
      this.parts.clock.advance(Math.min(step, ms - passed));
      await settled();
    }
  }

  /** Nothing is under way, and nothing is kept for it. */
  async assertQuiet(): Promise<void> {
    await settled();
    for (const { stats, cluster } of [this.cluster, this.shadow]) {
      assert.equal(stats.active, 0, 'requests under way');
      assert.equal(cluster.waiting, 0, 'requests that wait for endpoints');
    }
    assert.equal(this.listener.active, 0, 'requests of callers');
    for (const { address, active } of this.#endpoints) assert.equal(active, 0, `requests at ${address}`);
    assert.equal(this.parts.budget.used, 0, 'octets kept of requests');
    assert.equal(this.parts.net.unsent, 0, 'octets that wait for peers');
    assert.equal(this.parts.net.held, 0, 'memory for octets that wait for peers');
  }

  async close(): Promise<void> {
    const { clock, wheels } = this.parts;
    await this.listener.stopAccepting();
    const drained = this.listener.drain(1000);
    clock.advance(2000);
    await drained;
    this.cluster.close();
    this.shadow.close();
    await Promise.all(this.#closing.map(async (close) => close()));
    for (const wheel of wheels) wheel.stop();
  }

  /** After `close`: no connection is left to anybody. */
  async assertGone(): Promise<void> {
    await settled();
    for (const { address, resources } of this.#endpoints) {
      assert.equal(resources?.connections ?? 0, 0, `connections to ${address}`);
    }
  }

  #spec(options: HttpMeshOptions, routes: RouteTable): ListenerSpec {
    const { idleTimeout = 0, detectTimeout = 0, bolt, tcp, http, tls } = options;
    return {
      name: 'web',
      host: '127.0.0.1',
      limits: LIMITS,
      idleTimeout,
      detectTimeout,
      ...(tls && { tls }),
      ...(http !== false && { http: this.#httpSpec(options, routes) }),
      ...(bolt === true && { bolt: { codec: boltCodec, route: () => this.cluster } }),
      ...(tcp && { tcp: { ...tcp, target: 'shop', cluster: () => this.cluster } }),
    };
  }

  #httpSpec(
    { versions = ['http1', 'http2'], limits, upgrades = ['websocket'], forwarding }: HttpMeshOptions,
    routes: RouteTable,
  ): HttpSpec {
    return {
      versions,
      limits: { ...HTTP, ...limits },
      upgrades,
      grpcWeb: true,
      forwarding: { for: 'keep', style: 'x-forwarded', via: '', requestId: false, ...forwarding },
      routes,
      cluster: (name) => (name === 'shop' ? this.cluster : name === 'shadow' ? this.shadow : undefined),
      fallback: (host) => (host === 'shop' ? this.cluster : undefined),
      makeRequestId: createRequestIds(() => 0.5),
    };
  }
}

/** Defines tests of `subject`; after each of them nothing may be under way. */
export function httpTests(subject: string) {
  return (name: string, options: HttpMeshOptions, run: (mesh: HttpMesh) => Promise<void>): void => {
    test(`${subject}: ${name}`, async () => {
      const mesh = await HttpMesh.open(options);
      try {
        await run(mesh);
        await mesh.assertQuiet();
      } finally {
        await mesh.close();
      }
      await mesh.assertGone();
    });
  };
}
