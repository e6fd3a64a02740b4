import type { Timer } from '../../core/clock.ts';
import { WeftError } from '../../core/errors.ts';
import { Line } from '../../core/line.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Endpoint, EndpointResources } from '../cluster/endpoint.ts';
import { connectFailed, FAILED_FOR_MS, IDLE_MS } from './connect-failure.ts';
import { ReconnectPacer } from './reconnect-pacer.ts';
import { NO_MEMORY, type UpstreamCall } from './upstream-call.ts';
import { UpstreamConnection, type UpstreamEvents } from './upstream-connection.ts';
import type { UpstreamDeps } from './upstream-deps.ts';

/**
 * The connections to one endpoint: opened when a call needs one, opened again when one is lost,
 * and the calls that wait until one takes them. Whatever happens to a connection, two things
 * follow: `#judge` derives anew whether the endpoint is usable, and `#pump` sends what can be sent.
 */
export class EndpointPool implements EndpointResources, UpstreamEvents {
  readonly #deps: UpstreamDeps;
  readonly #cluster: Cluster;
  readonly #endpoint: Endpoint;
  readonly #pacer: ReconnectPacer;
  /** Those that are connecting or ready. */
  #connections: UpstreamConnection[] = [];
  /** Those that finish what they have; nothing else depends on them. */
  readonly #leaving = new Set<UpstreamConnection>();
  readonly #queue = new Line<UpstreamCall>();
  /** Set only while there is no connection. */
  #retry: Timer | undefined;
  /** No connection is opened for a call before this time. */
  #notBefore = Number.NEGATIVE_INFINITY;
  /** Why the last connection was lost; '' once the peer has been heard on another. */
  #trouble = '';
  #drained = false;

  constructor(deps: UpstreamDeps, cluster: Cluster, endpoint: Endpoint) {
    this.#deps = deps;
    this.#cluster = cluster;
    this.#endpoint = endpoint;
    this.#pacer = new ReconnectPacer(deps.clock, deps.chance);
  }

  get connections(): number {
    return this.#connections.length + this.#leaving.size;
  }

  /**
   * Sends the frame `bytes[start, end)` for `call` on the connection with the fewest waiting
   * calls, or queues it until there is one. What cannot be done is told to the call at once.
   */
  dispatch(call: UpstreamCall, bytes: Buffer, start: number, end: number): void {
    const connection = this.#leastBusy();
    if (connection === undefined) return this.#enqueue(call, bytes, start, end);
    if (connection.pending > 0 && this.#mayOpen()) this.#open();
    connection.send(call, bytes, start, end);
  }

  drain(): void {
    this.#drained = true;
    this.#retry?.cancel();
    for (const connection of this.#connections) {
      this.#leaving.add(connection);
      connection.drain();
    }
    this.#connections = [];
    this.#failQueued('the endpoint was taken out of the cluster');
  }

  onAlive(): void {
    this.#notBefore = Number.NEGATIVE_INFINITY;
    if (this.#retry !== undefined) this.#open();
  }

  onChange(): void {
    this.#judge();
    this.#pump();
  }

  onGoaway(connection: UpstreamConnection): void {
    if (this.#drained) return;
    this.#leaving.add(connection);
    this.#lost(connection, 'it said goaway');
  }

  onGone(connection: UpstreamConnection, reason: string): void {
    this.#cluster.connections--;
    if (!this.#leaving.delete(connection)) this.#lost(connection, reason);
  }

  #lost(connection: UpstreamConnection, reason: string): void {
    this.#connections = this.#connections.filter((other) => other !== connection);
    const wait = this.#pacer.wait(connection.heard);
    if (this.#connections.length === 0) {
      this.#allLost(wait, reason);
    } else {
      this.#notBefore = this.#deps.clock.now() + wait;
      if (!this.#connections.some(isReady)) this.#trouble = reason;
    }
    this.onChange();
  }

  #allLost(wait: number, reason: string): void {
    const now = this.#deps.clock.now();
    this.#notBefore = now + (wait === 0 ? 0 : FAILED_FOR_MS);
    this.#trouble = reason;
    this.#judge();
    if (wait > 0) this.#failQueued(reason);
    if (now - this.#cluster.lastUsed > IDLE_MS) this.#trouble = '';
    else if (wait === 0) this.#open();
    else this.#retry = this.#deps.clock.after(wait, () => this.#open());
  }

  /** Usable as long as one connection is known to work, or until one is known not to. */
  #judge(): void {
    let trouble = this.#trouble;
    for (const connection of this.#connections) {
      if (connection.silence !== '') {
        trouble ||= connection.silence;
      } else if (connection.heard) {
        this.#trouble = trouble = '';
        break;
      }
    }
    this.#cluster.setUsable(this.#endpoint, trouble === '', trouble);
  }

  /** Sends the calls that wait, as far as there is room, and makes more room for the others. */
  #pump(): void {
    while (this.#queue.length > 0) {
      const connection = this.#leastBusy();
      if (connection === undefined) {
        if (this.#mayOpen()) this.#open();
        return;
      }
      const call = this.#queue.shift()!;
      const kept = call.takeUp();
      connection.send(call, kept, 0, kept.length);
    }
  }

  #leastBusy(): UpstreamConnection | undefined {
    const connections = this.#connections;
    let best: UpstreamConnection | undefined;
    for (let i = 0; i < connections.length; i++) {
      const connection = connections[i]!;
      if (connection.available && (best === undefined || connection.pending < best.pending)) best = connection;
    }
    return best;
  }

  #enqueue(call: UpstreamCall, bytes: Buffer, start: number, end: number): void {
    const failure = this.#whyNotQueue();
    // A copy lets the call go to another endpoint.
    const kept = (failure === undefined || this.#cluster.size > 1) && call.keep(bytes, start, end);
    if (failure !== undefined) return call.onFailure(failure);
    if (!kept) return call.onFailure(new WeftError('overload', NO_MEMORY, { side: 'local', retriable: true }));
    call.onQueued(this.#queue.join(call));
    if (this.#mayOpen()) this.#open();
  }

  #whyNotQueue(): WeftError | undefined {
    const { address, reason } = this.#endpoint;
    if (!this.#mayOpen() && !this.#connections.some(isConnecting)) {
      if (this.#connections.length === 0) return connectFailed(address, reason);
      return new WeftError('overload', `${address} takes no more requests: too many wait for it already`, {
        side: 'upstream',
        retriable: true,
      });
    }
    if (this.#queue.length >= this.#cluster.policy.queue.max) {
      return new WeftError('overload', `${this.#queue.length} requests wait for a connection to ${address} already`, {
        side: 'local',
        retriable: true,
      });
    }
    return undefined;
  }

  /** Whether one more connection is allowed now; they are opened one after the other. */
  #mayOpen(): boolean {
    const connections = this.#connections;
    if (connections.length >= this.#cluster.policy.connections || connections.some(isConnecting)) return false;
    // Each endpoint may have one, whatever the others have.
    if (this.#cluster.full && connections.length > 0) return false;
    return !this.#drained && this.#deps.clock.now() >= this.#notBefore;
  }

  #open(): void {
    this.#retry?.cancel();
    this.#retry = undefined;
    const { connectTimeout, maxPendingPerConnection, heartbeat } = this.#cluster.policy;
    const options = { connectTimeout, maxPending: maxPendingPerConnection, heartbeat };
    this.#cluster.connections++;
    this.#connections.push(new UpstreamConnection(this.#deps, this.#endpoint, options, this));
  }

  #failQueued(reason: string): void {
    for (let call = this.#queue.shift(); call !== undefined; call = this.#queue.shift()) {
      call.onFailure(connectFailed(this.#endpoint.address, reason));
    }
  }
}

function isReady(connection: UpstreamConnection): boolean {
  return connection.state === 'ready';
}

function isConnecting(connection: UpstreamConnection): boolean {
  return connection.state === 'connecting';
}
