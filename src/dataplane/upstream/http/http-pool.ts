import type { Timer } from '../../../core/clock.ts';
import { WeftError } from '../../../core/errors.ts';
import { Line } from '../../../core/line.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import type { Endpoint, EndpointResources } from '../../cluster/endpoint.ts';
import { connectFailed, FAILED_FOR_MS, IDLE_MS } from '../connect-failure.ts';
import { ReconnectPacer } from '../reconnect-pacer.ts';
import type { HttpCall } from './http-call.ts';
import type { Gone, HttpConnection, HttpConnectionEvents } from './http-connection.ts';
import type { HttpPoolDeps } from './http-deps.ts';
import { Http1Upstream } from './http1-upstream.ts';
import { Http2Upstream } from './http2-upstream.ts';

/** Many things accept connections on behalf of who is gone; but a service may also die of one request. */
const MAX_MUTE = 3;
/** A new HTTP/2 connection takes about this many requests before its peer has said how many it allows. */
const EXPECTED_STREAMS = 100;

/**
 * The HTTP connections of one version to one endpoint. A request gets the connection that was used
 * last, so that those which are not needed grow idle and close; where none has room, it waits
 * until one has, and as many are opened as those who wait need and the policy allows.
 */
export class HttpPool implements EndpointResources, HttpConnectionEvents {
  readonly #deps: HttpPoolDeps;
  readonly #cluster: Cluster;
  readonly #endpoint: Endpoint;
  readonly #version: 1 | 2;
  readonly #pacer: ReconnectPacer;
  readonly #connections = new Set<HttpConnection>();
  readonly #leaving = new Set<HttpConnection>();
  /** Those with room, the last one first to be used. */
  #ready: HttpConnection[] = [];
  #connecting = 0;
  readonly #queue = new Line<HttpCall>();
  /** Set only while the endpoint is in trouble and nothing is being opened to it. */
  #retry: Timer | undefined;
  #notBefore = Number.NEGATIVE_INFINITY;
  #trouble = '';
  /** This pool has found that the endpoint is not usable. */
  #out = false;
  /** Connections in a row that ended without a word of their peer. */
  #mute = 0;
  #drained = false;

  constructor(deps: HttpPoolDeps, cluster: Cluster, endpoint: Endpoint, version: 1 | 2) {
    this.#deps = deps;
    this.#cluster = cluster;
    this.#endpoint = endpoint;
    this.#version = version;
    this.#pacer = new ReconnectPacer(deps.clock, deps.chance);
  }

  get connections(): number {
    return this.#connections.size + this.#leaving.size;
  }

  /** Gives `call` a stream at once, or later, or tells it why there is none. */
  acquire(call: HttpCall): void {
    const connection = this.#takeReady();
    if (connection !== undefined) return call.onStream(connection.begin(call));
    const failure = this.#whyNotQueue();
    if (failure !== undefined) return call.onUnavailable(failure);
    call.onQueued(this.#queue.join(call));
    this.#openAsNeeded();
  }

  drain(): void {
    this.#drained = true;
    this.#retry?.cancel();
    this.#ready = [];
    for (const connection of [...this.#connections]) {
      this.#connections.delete(connection);
      this.#leaving.add(connection);
      connection.drain();
    }
    this.#failQueued('the endpoint was taken out of the cluster');
  }

  onAlive(): void {
    this.#notBefore = Number.NEGATIVE_INFINITY;
    if (this.#retry !== undefined) this.#tryAgain();
  }

  onConnected(connection: HttpConnection): void {
    this.#connecting--;
    // Of HTTP/2 its peer has said something.
    if (this.#version === 2) {
      this.#mute = 0;
      this.#cluster.setHttp1(this.#endpoint, false);
    }
    this.#settle();
    this.#takeIn(connection);
  }

  onRoom(connection: HttpConnection): void {
    this.#mute = 0;
    this.#takeIn(connection);
  }

  #takeIn(connection: HttpConnection): void {
    if (!connection.inLine && connection.room > 0 && this.#connections.has(connection)) {
      connection.inLine = true;
      this.#ready.push(connection);
    }
    this.#pump();
  }

  onLeaving(connection: HttpConnection): void {
    if (!this.#connections.delete(connection)) return;
    this.#mute = 0;
    this.#leaving.add(connection);
    this.#leaveLine(connection);
    this.#pump();
  }

  onGone(connection: HttpConnection, reason: string, how: Gone): void {
    if (connection.connecting) this.#connecting--;
    this.#cluster.connections--;
    if (this.#leaving.delete(connection)) return this.#pump();
    if (!this.#connections.delete(connection)) return;
    this.#leaveLine(connection);
    if (how === 'foreign') this.#onForeign(reason);
    else if (how === 'unreachable') this.#onFailed(reason, true);
    else if (how === 'mute' && ++this.#mute >= MAX_MUTE) {
      this.#onFailed(`${MAX_MUTE} connections in a row ended without an answer`, true);
    } else if (connection.connecting) this.#onFailed(reason, false);
    this.#pump();
  }

  /** It lives, and speaks to others. */
  #onForeign(reason: string): void {
    this.#mute = 0;
    if (this.#out) this.#cluster.setUsable(this.#endpoint, true, '');
    this.#out = false;
    this.#cluster.setHttp1(this.#endpoint, true);
    this.#onFailed(reason, false);
  }

  /**
   * A connection could not be opened. Those that there are go on, but nobody waits for one of them.
   *
   * @param gone whether the endpoint is, and not only what this pool speaks: others may speak something else to it.
   */
  #onFailed(reason: string, gone: boolean): void {
    const now = this.#deps.clock.now();
    const wait = this.#pacer.wait(false);
    this.#notBefore = now + Math.min(wait, FAILED_FOR_MS);
    this.#trouble = reason;
    this.#out ||= gone;
    if (gone) this.#cluster.setUsable(this.#endpoint, false, reason);
    if (this.#connecting > 0) return;
    this.#failQueued(reason);
    // Nobody is sent to an endpoint that is out, so somebody has to look when it is back.
    if (!this.#out || this.#drained || this.#retry !== undefined) return;
    this.#retry = this.#deps.clock.after(wait, () => this.#tryAgain());
  }

  #tryAgain(): void {
    this.#retry?.cancel();
    this.#retry = undefined;
    const isIdle = this.#deps.clock.now() - this.#cluster.lastUsed > IDLE_MS;
    if (isIdle || this.#connections.size >= this.#cluster.policy.http.connections) return this.#settle();
    if (this.#connecting === 0) this.#open();
  }

  #settle(): void {
    if (this.#trouble === '') return;
    this.#trouble = '';
    this.#notBefore = Number.NEGATIVE_INFINITY;
    this.#out = false;
    this.#cluster.setUsable(this.#endpoint, true, '');
  }

  #pump(): void {
    while (this.#queue.length > 0) {
      const connection = this.#takeReady();
      if (connection === undefined) return this.#openAsNeeded();
      const call = this.#queue.shift()!;
      call.onStream(connection.begin(call));
    }
  }

  /** The connection to use now. It stays in line when it takes more after this. */
  #takeReady(): HttpConnection | undefined {
    const ready = this.#ready;
    for (let last = ready.length - 1; last >= 0; last--) {
      const connection = ready[last]!;
      if (connection.room <= 1) {
        ready.pop();
        connection.inLine = false;
      }
      if (connection.room > 0) return connection;
    }
    return undefined;
  }

  #leaveLine(connection: HttpConnection): void {
    if (!connection.inLine) return;
    connection.inLine = false;
    this.#ready.splice(this.#ready.lastIndexOf(connection), 1);
  }

  #openAsNeeded(): void {
    const each = this.#version === 1 ? 1 : EXPECTED_STREAMS;
    while (this.#connecting * each < this.#queue.length && this.#mayOpen()) this.#open();
  }

  #mayOpen(): boolean {
    if (this.#drained || this.#connections.size >= this.#cluster.policy.http.connections) return false;
    // Each endpoint may have one, whatever the others have: its requests wait for nobody else's.
    if (this.#cluster.full && this.#connections.size > 0) return false;
    return this.#deps.clock.now() >= this.#notBefore;
  }

  #open(): void {
    this.#retry?.cancel();
    this.#retry = undefined;
    this.#connecting++;
    this.#cluster.connections++;
    const Connection = this.#version === 1 ? Http1Upstream : Http2Upstream;
    this.#connections.add(new Connection(this.#deps, this.#cluster, this.#endpoint, this));
  }

  #whyNotQueue(): WeftError | undefined {
    const { address } = this.#endpoint;
    const inTrouble = this.#trouble !== '' && this.#connecting === 0;
    if ((inTrouble || this.#connections.size === 0) && !this.#mayOpen()) return connectFailed(address, this.#trouble);
    const { max } = this.#cluster.policy.queue;
    if (this.#queue.length < max) return undefined;
    const message = `${this.#queue.length} requests wait for a connection to ${address} already`;
    return new WeftError('overload', message, { side: 'local', retriable: true });
  }

  #failQueued(reason: string): void {
    for (let call = this.#queue.shift(); call !== undefined; call = this.#queue.shift()) {
      call.onUnavailable(connectFailed(this.#endpoint.address, reason));
    }
  }
}
