import type { Detected } from '../codec/detect.ts';
import type { Connection, ConnectionHandler } from '../net/connection.ts';
import { listen, type Listener } from '../net/listener.ts';
import type { CertificateSource, TlsServerOptions } from '../net/tls-server.ts';
import { type BoltSpec, BoltServer } from './bolt-server.ts';
import type { HttpServer, HttpSpec, HttpVersionName } from './http/http-server.ts';
import type { ListenerPeer, PeerEvents } from './listener-peer.ts';
import type { DownstreamLimits, ProxyDeps } from './listener-scope.ts';
import type { ListenerStats } from './listener-stats.ts';
import type { ProtocolServer } from './protocol-server.ts';
import { TcpServer, type TcpSpec } from './tcp/tcp-server.ts';
import { type Chooser, Undecided } from './undecided.ts';

export interface ListenerSpec {
  readonly name: string;
  readonly host: string;
  readonly limits: DownstreamLimits & { readonly maxConnections: number };
  /** Milliseconds; 0 for never. */
  readonly idleTimeout: number;
  /** Milliseconds; see Chooser. 0 where only one protocol is spoken. */
  readonly detectTimeout: number;
  /** What is spoken on it: of several the first octets tell. */
  readonly bolt?: BoltSpec;
  readonly http?: HttpSpec;
  readonly tcp?: TcpSpec;
  /** Absent: clear text. */
  readonly tls?: CertificateSource;
}

/** What can change without a new socket. */
export type ListenerChange = Pick<ListenerSpec, 'limits' | 'idleTimeout' | 'detectTimeout' | 'bolt' | 'http' | 'tcp'>;

/** Replies that wait for a caller's connection: above this it is not read from. */
const DOWNSTREAM_HIGH_WATER = 1 << 20;

/** One listening socket and its connections. */
export class ProxyListener implements Chooser, PeerEvents {
  readonly name: string;
  readonly deps: ProxyDeps;
  readonly stats: ListenerStats;
  detectTimeout: number;
  idleTimeout: number;
  /** Always the same object, which decoders keep; what it says may change. */
  readonly #limits: ListenerSpec['limits'];
  readonly #host: string;
  readonly #certificate: CertificateSource | undefined;
  readonly #bolt: BoltServer | undefined;
  /** HTTP is loaded when its first connection comes: where only Bolt is spoken, nobody pays for it. */
  #httpSpec: HttpSpec | undefined;
  #http: HttpServer | undefined;
  readonly #tcp: TcpServer | undefined;
  /** The one who serves all connections, where there is but one. */
  readonly #only: ProtocolServer | undefined;
  readonly #peers = new Set<ListenerPeer>();
  #listener: Listener | undefined;
  #draining = false;
  #toldOfTls = false;
  /** What waits for the last connection to close. */
  readonly #drains = new Set<() => void>();

  constructor(spec: ListenerSpec, deps: ProxyDeps, stats: ListenerStats) {
    const { name, bolt, http, tcp } = spec;
    this.name = name;
    this.deps = deps;
    this.stats = stats;
    this.#limits = { ...spec.limits };
    this.detectTimeout = spec.detectTimeout;
    this.idleTimeout = spec.idleTimeout;
    this.#host = spec.host;
    this.#certificate = spec.tls;
    this.#bolt = bolt && new BoltServer(name, bolt, this.#limits, deps, stats);
    this.#httpSpec = http;
    this.#tcp = tcp && new TcpServer(name, tcp, deps, stats);
    const [first, ...others] = [this.#bolt, this.#tcp].filter((server) => server !== undefined);
    // HTTP/1 and HTTP/2 are told apart as well.
    this.#only = http === undefined && others.length === 0 ? first : undefined;
    this.#shareIdleTimeout();
  }

  get port(): number {
    return this.#listener?.port ?? 0;
  }

  get connections(): number {
    return this.#peers.size;
  }

  /** Requests under way. */
  get active(): number {
    let active = 0;
    for (const peer of this.#peers) active += peer.active;
    return active;
  }

  get silent(): ProtocolServer | undefined {
    return this.#tcp;
  }

  get headTimeout(): number {
    return this.#httpSpec?.limits.headTimeout ?? 0;
  }

  /**
   * @param port 0 takes a free one.
   * @throws WeftError `listen_failed`
   */
  async open(port: number): Promise<void> {
    const maxConnections = (): number => this.#limits.maxConnections;
    const options = { host: this.#host, port, maxConnections, highWater: DOWNSTREAM_HIGH_WATER, tls: this.#tls };
    this.#listener = await listen(this.deps.net, options, (attach) => {
      const connection = attach(NOBODY);
      const peer = this.#only?.serve(connection, this) ?? new Undecided(this, this, connection);
      connection.handOver(peer);
      this.#opened(peer);
    });
  }

  /** It counts for open connections too, but none is closed for their number. */
  adjust(change: ListenerChange): void {
    Object.assign(this.#limits, change.limits);
    this.idleTimeout = change.idleTimeout;
    this.detectTimeout = change.detectTimeout;
    if (change.bolt !== undefined) this.#bolt?.adjust(change.bolt);
    this.#httpSpec = change.http;
    if (change.http !== undefined) this.#http?.adjust(change.http);
    if (change.tcp !== undefined) this.#tcp?.adjust(change.tcp);
    this.#shareIdleTimeout();
    for (const peer of this.#peers) peer.adjusted();
  }

  /** Accepts no more connections. */
  async stopAccepting(): Promise<void> {
    // Closing waits for nothing: accepted sockets are not the server's.
    await this.#listener?.close();
  }

  /**
   * Says goodbye to every caller and lets requests under way finish. Resolves when all
   * connections are closed; after `ms` milliseconds the rest are cut. May be called again, to cut earlier.
   *
   * @returns how many requests were cut off by this call.
   */
  async drain(ms: number): Promise<number> {
    this.#draining = true;
    for (const peer of this.#peers) peer.drain();
    if (this.#peers.size === 0) return 0;
    let cut = 0;
    await new Promise<void>((resolve) => {
      const timer = this.deps.clock.after(ms, () => {
        for (const peer of this.#peers) {
          cut += peer.active;
          peer.cut('drain time is over');
        }
      });
      this.#drains.add(() => {
        timer.cancel();
        resolve();
      });
    });
    return cut;
  }

  choose(detected: Exclude<Detected, 'more'>): ProtocolServer | Promise<ProtocolServer> | undefined {
    const [bolt, tcp] = [this.#bolt, this.#tcp];
    switch (detected) {
      case 'bolt':
        return bolt ?? tcp ?? this.#anyHttp;
      case 'http1':
      case 'http2':
        if (this.#httpSpec?.versions.includes(detected) === true) return this.#httpFor(detected);
        // A version that is not taken is refused in the words of the other: it is not to find a way past the routes.
        return this.#anyHttp ?? tcp ?? bolt;
      case 'tls':
        // Nobody else could answer it so that its client understands. What is inside of TLS is answered like all else.
        if (tcp !== undefined || this.#certificate === undefined) return tcp;
        return this.#anyHttp ?? bolt;
      default:
        // Whoever is left says what is wrong with it, in its own words.
        return tcp ?? this.#anyHttp ?? bolt;
    }
  }

  tlsRefused({ remote: peer }: Connection): void {
    if (this.#toldOfTls) return;
    this.#toldOfTls = true;
    this.deps.log.warn('a caller speaks TLS to a listener without it, and is refused; told once', {
      listener: this.name,
      peer,
      hint:
        'add tls to the listener, or let the caller speak clear text; ' +
        'protocol auto passes TLS on unopened: on ingress to the app, on egress to tcp.cluster',
    });
  }

  decided(before: ListenerPeer, after: ListenerPeer): void {
    this.#peers.delete(before);
    this.#peers.add(after);
    if (this.#draining) after.drain();
  }

  closed(peer: ListenerPeer, reason: string): void {
    this.#peers.delete(peer);
    this.stats.open.value--;
    this.deps.log.debug('connection closed', { listener: this.name, peer: peer.connection.remote, reason });
    if (this.#peers.size > 0) return;
    for (const drained of this.#drains) drained();
    this.#drains.clear();
  }

  #opened(peer: ListenerPeer): void {
    this.#peers.add(peer);
    this.stats.accepted.inc();
    this.stats.open.value++;
    if (this.#draining) peer.drain();
  }

  get #tls(): TlsServerOptions | undefined {
    const certificate = this.#certificate;
    if (certificate === undefined) return undefined;
    const offered = (): readonly string[] => {
      const versions = this.#httpSpec?.versions ?? [];
      return ALPN.filter(({ version }) => versions.includes(version)).map(({ id }) => id);
    };
    const failures = this.stats.tlsFailures;
    return {
      get alpn() {
        return offered();
      },
      context: () => certificate.context(),
      onFailed: ({ reason, hint }, peer) => {
        failures.inc();
        this.deps.log.debug('a TLS handshake failed', { listener: this.name, peer, reason, hint });
      },
    };
  }

  get #anyHttp(): ProtocolServer | Promise<ProtocolServer> | undefined {
    return this.#httpFor(this.#httpSpec?.versions.includes('http1') === false ? 'http2' : 'http1');
  }

  #httpFor(version: HttpVersionName): ProtocolServer | Promise<ProtocolServer> | undefined {
    if (this.#http !== undefined) return this.#http[version];
    return this.#httpSpec === undefined ? undefined : this.#loadHttp().then((http) => http[version]);
  }

  async #loadHttp(): Promise<HttpServer> {
    const { HttpServer } = await import('./http/http-server.ts');
    if (this.#http === undefined) {
      this.#http = new HttpServer(this.name, this.#httpSpec!, this.deps, this.stats);
      this.#shareIdleTimeout();
    }
    return this.#http;
  }

  #shareIdleTimeout(): void {
    if (this.#bolt !== undefined) this.#bolt.idleTimeout = this.idleTimeout;
    if (this.#http !== undefined) this.#http.idleTimeout = this.idleTimeout;
  }
}

/** Protocol ids of RFC 7301, section 6; the best first. */
const ALPN = [
  { version: 'http2', id: 'h2' },
  { version: 'http1', id: 'http/1.1' },
] as const;

/** Until the one who serves a connection is made, in the same turn. */
const NOBODY: ConnectionHandler = {
  onBytes: () => {},
  onEnd: () => {},
  onClose: () => {},
  onBacklog: () => {},
};
