import { createBackoff, type Backoff } from '../../core/backoff.ts';
import type { Timer } from '../../core/clock.ts';
import { WeftError } from '../../core/errors.ts';
import { Ring } from '../../core/ring.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Endpoint, EndpointResources } from '../cluster/endpoint.ts';
import { NO_MEMORY, type UpstreamCall } from './upstream-call.ts';
import { UpstreamConnection, type UpstreamEvents } from './upstream-connection.ts';
import type { UpstreamDeps } from './upstream-deps.ts';

/** After a failed connect, calls for this endpoint fail at once instead of trying again and again. */
const FAILED_FOR_MS = 100;
/** An endpoint that nobody asked for lately is not reconnected; the next request will. */
const IDLE_MS = 60_000;
const RECONNECT = { base: 100, max: 10_000 };

/**
 * The connections to one endpoint: opened when a call needs one, opened again when one is lost,
 * and the calls that wait for the first of them.
 */
export class EndpointPool implements EndpointResources, UpstreamEvents {
  readonly #deps: UpstreamDeps;
  readonly #cluster: Cluster;
  readonly #endpoint: Endpoint;
  readonly #backoff: Backoff;
  #connections: UpstreamConnection[] = [];
  readonly #queue = new Ring<UpstreamCall>();
  #retry: Timer | undefined;
  #failedAt = Number.NEGATIVE_INFINITY;
  #drained = false;

  constructor(deps: UpstreamDeps, cluster: Cluster, endpoint: Endpoint) {
    this.#deps = deps;
    this.#cluster = cluster;
    this.#endpoint = endpoint;
    this.#backoff = createBackoff(RECONNECT, deps.chance);
  }

  get connections(): number {
    return this.#connections.length;
  }

  /**
   * Sends the frame `bytes[start, end)` for `call` on the connection with the fewest waiting
   * calls, or queues it until there is one. What cannot be done is told to the call at once.
   *
   * @returns the connection it was sent on, if it was.
   */
  dispatch(call: UpstreamCall, bytes: Buffer, start: number, end: number): UpstreamConnection | undefined {
    const connection = this.#leastBusy();
    if (connection === undefined) {
      this.#enqueue(call, bytes, start, end);
      return undefined;
    }
    if (connection.pending > 0 && this.#connections.length < this.#cluster.policy.connections) this.#open();
    connection.send(call, bytes, start, end);
    return connection;
  }

  drain(): void {
    this.#drained = true;
    this.#retry?.cancel();
    for (const connection of [...this.#connections]) connection.drain();
    this.#failQueued('the endpoint was taken out of the cluster');
  }

  onReady(connection: UpstreamConnection): void {
    this.#backoff.reset();
    this.#failedAt = Number.NEGATIVE_INFINITY;
    this.#cluster.setUsable(this.#endpoint, true, '');
    for (let call = this.#queue.shift(); call !== undefined; call = this.#queue.shift()) {
      if (call.finished) continue;
      const kept = call.kept!;
      if (connection.available) connection.send(call, kept, 0, kept.length);
      else this.dispatch(call, kept, 0, kept.length);
    }
  }

  onGone(connection: UpstreamConnection, reason: string): void {
    this.#connections = this.#connections.filter((other) => other !== connection);
    if (this.#drained || connection.wasDraining) return;
    if (this.#connections.some((other) => other.state === 'ready')) return;
    this.#cluster.setUsable(this.#endpoint, false, reason);
    // A connection that worked is made again at once: most often the peer has just restarted.
    if (connection.wasReady) return this.#reconnectIfUsed(0);
    this.#failedAt = this.#deps.clock.now();
    this.#failQueued(reason);
    this.#reconnectIfUsed(this.#backoff.next());
  }

  onHealth(alive: boolean, reason: string): void {
    this.#cluster.setUsable(this.#endpoint, alive, reason);
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
    this.#queue.push(call);
    if (!this.#connections.some((connection) => connection.state === 'connecting')) this.#open();
  }

  #whyNotQueue(): WeftError | undefined {
    const { address, reason } = this.#endpoint;
    const connected = this.#connections.filter((connection) => connection.state === 'ready').length;
    if (connected >= this.#cluster.policy.connections) {
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
    if (this.#drained || this.#deps.clock.now() - this.#failedAt < FAILED_FOR_MS) return connectFailed(address, reason);
    return undefined;
  }

  #open(): void {
    this.#retry?.cancel();
    this.#retry = undefined;
    const { connectTimeout, maxPendingPerConnection, heartbeat } = this.#cluster.policy;
    const options = { connectTimeout, maxPending: maxPendingPerConnection, heartbeat };
    this.#connections.push(new UpstreamConnection(this.#deps, this.#endpoint, options, this));
  }

  #reconnectIfUsed(ms: number): void {
    if (this.#deps.clock.now() - this.#cluster.lastUsed > IDLE_MS) {
      this.#cluster.setUsable(this.#endpoint, true, this.#endpoint.reason);
      return;
    }
    this.#retry ??= this.#deps.clock.after(ms, () => {
      if (!this.#drained && this.#connections.length === 0) this.#open();
    });
  }

  #failQueued(reason: string): void {
    for (let call = this.#queue.shift(); call !== undefined; call = this.#queue.shift()) {
      if (!call.finished) call.onFailure(connectFailed(this.#endpoint.address, reason));
    }
  }
}

function connectFailed(address: string, reason: string): WeftError {
  return new WeftError('connect_failed', `cannot connect to ${address}: ${reason}`, {
    side: 'upstream',
    retriable: true,
  });
}
