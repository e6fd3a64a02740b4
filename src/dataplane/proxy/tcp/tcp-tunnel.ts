import type { Place } from '../../../core/line.ts';
import { NOT_SET, type WheelEntry } from '../../../core/timer-wheel.ts';
import type { Endpoint } from '../../cluster/endpoint.ts';
import type { Outcome } from '../../message/outcome.ts';
import { writeBytes } from '../../message/write-bytes.ts';
import { connect, type ConnectHandler } from '../../net/connect.ts';
import type { Connection } from '../../net/connection.ts';
import { connectFailed } from '../../upstream/connect-failure.ts';
import type { ListenerPeer, PeerEvents } from '../listener-peer.ts';
import type { ManagedCluster } from '../managed-cluster.ts';
import { whyNoEndpoint } from '../no-endpoint.ts';
import type { TcpServer } from './tcp-server.ts';

/** Endpoints that cannot be connected to are left for others this often. */
const MAX_CONNECT_FAILURES = 3;
/** What waits for one side: above this the other is not read from. */
const HIGH_WATER = 256 << 10;

/**
 * One connection of a caller and one to an endpoint, and whatever they say to each other. Each side may
 * end its own direction: the other goes on until it ends as well.
 */
export class TcpTunnel implements ListenerPeer, WheelEntry {
  deadline = 0;
  wheelSlot = NOT_SET;
  wheelNext: WheelEntry | undefined;
  wheelPrev: WheelEntry | undefined;

  readonly connection: Connection;
  readonly #server: TcpServer;
  readonly #events: PeerEvents;
  readonly #startedAt: number;
  #target: ManagedCluster | undefined;
  #place: Place | undefined;
  #endpoint: Endpoint | undefined;
  #upstream: Connection | undefined;
  #connected = false;
  #failures = 0;
  /** What the caller said before there was a connection to pass it on to. */
  #early: Buffer[] = [];
  #callerEnded = false;
  #endpointEnded = false;
  #callerGone = false;
  #movedAt: number;
  #sent = 0;
  #received = 0;
  #closed = false;
  #reason = '';

  constructor(server: TcpServer, events: PeerEvents, connection: Connection) {
    this.#server = server;
    this.#events = events;
    this.connection = connection;
    this.#startedAt = this.#movedAt = server.deps.clock.now();
  }

  get active(): number {
    return this.#closed ? 0 : 1;
  }

  /** Begins to connect: servers of some protocols speak first. */
  open(): void {
    const target = this.#server.cluster();
    if (target === undefined) return this.#refuse('no_route', `no cluster is named ${this.#server.target}`);
    this.#target = target;
    const { cluster, stats } = target;
    const now = this.#startedAt;
    cluster.use(now);
    stats.active++;
    this.connection.setReading(false);
    if (cluster.known) return this.#connect(undefined);
    this.#place = cluster.whenKnown(() => this.#connect(undefined));
    this.#server.deps.slowWheel.set(this, now + cluster.policy.queue.timeout);
  }

  onBytes(chunk: Buffer, length: number): void {
    if (this.#closed) return;
    this.#sent += length;
    this.#movedAt = this.#server.deps.clock.now();
    if (this.#connected) writeBytes(this.#upstream!.out(), chunk, 0, length);
    else this.#early.push(Buffer.from(chunk.subarray(0, length)));
  }

  onEnd(): void {
    this.#callerEnded = true;
    if (this.#bothEnded) this.#closeBoth();
    else if (this.#connected) this.#upstream!.end();
  }

  onClose(reason: string): void {
    this.#callerGone = true;
    if (this.#bothEnded && !this.#closed) {
      // What the caller said last may wait for the endpoint still.
      this.#upstream?.close();
    } else {
      this.#close(reason, this.#connected ? 'ok' : 'abandoned');
      this.#upstream?.destroy('the caller is gone');
    }
    this.#leaveIfOver(reason);
  }

  onBacklog(full: boolean): void {
    this.#upstream?.setReading(!full);
  }

  onDeadline(): void {
    const { idleTimeout } = this.#server;
    if (!this.#connected) return this.#refuse('timeout', 'waited in vain for the first endpoints');
    const quiet = this.#server.deps.clock.now() - this.#movedAt;
    if (idleTimeout > 0 && quiet >= idleTimeout) return this.#end(`idle for ${idleTimeout} ms`);
    this.adjusted();
  }

  /** A tunnel has no word for goodbye: it lasts until its peers end it, or the drain time is over. */
  drain(): void {}

  cut(reason: string): void {
    this.#upstream?.destroy(reason);
    this.connection.destroy(reason);
  }

  adjusted(): void {
    const { idleTimeout, deps } = this.#server;
    if (this.#connected && idleTimeout > 0) deps.slowWheel.set(this, this.#movedAt + idleTimeout);
  }

  #connect(except: Endpoint | undefined): void {
    const target = this.#target!;
    const { net, clock } = this.#server.deps;
    this.#place = undefined;
    const endpoint = target.cluster.pick(except, target.keys?.ofPeer(this.connection.remote));
    if (endpoint === undefined) return this.#refuse('no_healthy_endpoint', whyNoEndpoint(target));
    this.#leaveEndpoint();
    this.#endpoint = endpoint;
    endpoint.active++;
    const { host, port } = endpoint;
    const timeoutMs = target.cluster.policy.connectTimeout;
    this.#upstream = connect(
      net,
      clock,
      { host, port, timeoutMs, highWater: HIGH_WATER },
      this.#endpointSide(endpoint),
    );
  }

  #endpointSide(endpoint: Endpoint): ConnectHandler {
    return {
      onConnect: () => this.#onConnect(endpoint),
      onBytes: (chunk, length) => {
        this.#received += length;
        this.#movedAt = this.#server.deps.clock.now();
        writeBytes(this.connection.out(), chunk, 0, length);
      },
      onEnd: () => {
        this.#endpointEnded = true;
        if (this.#bothEnded) this.#closeBoth();
        else this.connection.end();
      },
      onBacklog: (full) => this.connection.setReading(!full),
      onClose: (reason) => this.#onEndpointClosed(endpoint, reason),
    };
  }

  #onConnect(endpoint: Endpoint): void {
    this.#connected = true;
    this.#target!.cluster.setUsable(endpoint, true, '');
    const upstream = this.#upstream!;
    for (const chunk of this.#early) writeBytes(upstream.out(), chunk, 0, chunk.length);
    this.#early = [];
    if (this.#callerEnded) upstream.end();
    this.connection.setReading(true);
    this.adjusted();
  }

  get #bothEnded(): boolean {
    return this.#callerEnded && this.#endpointEnded;
  }

  /** Each gets what waits for it, for as long as it takes any of it. */
  #closeBoth(): void {
    this.#upstream?.close();
    this.connection.close();
  }

  #onEndpointClosed(endpoint: Endpoint, reason: string): void {
    this.#upstream = undefined;
    if (this.#closed) return this.#leaveIfOver(reason);
    if (this.#bothEnded) {
      this.#close(reason, 'ok');
      // What the endpoint said last may wait for the caller still.
      if (!this.#callerGone) this.connection.close();
      return this.#leaveIfOver(reason);
    }
    if (this.#connected) {
      // It broke off: then the caller is not to think that it has heard all.
      this.#close(reason, 'connection_lost');
      return this.connection.destroy(reason);
    }
    this.#target!.cluster.setUsable(endpoint, false, reason);
    if (++this.#failures < MAX_CONNECT_FAILURES && this.#target!.cluster.size > 1) return this.#connect(endpoint);
    this.#refuse('no_healthy_endpoint', connectFailed(endpoint.address, reason).message);
  }

  #leaveIfOver(reason: string): void {
    if (!this.#callerGone || this.#upstream !== undefined) return;
    this.#events.closed(this, this.#reason === '' ? reason : this.#reason);
  }

  #refuse(outcome: Outcome, reason: string): void {
    this.#server.deps.log.warn('a connection cannot be carried on', {
      listener: this.#server.name,
      peer: this.connection.remote,
      reason,
    });
    this.#close(reason, outcome);
    this.connection.destroy(reason);
  }

  #end(reason: string): void {
    this.#close(reason, 'ok');
    this.#upstream?.destroy(reason);
    this.connection.destroy(reason);
  }

  #close(reason: string, outcome: Outcome): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#reason = reason;
    this.#early = [];
    this.#place?.leave();
    this.#server.deps.slowWheel.clear(this);
    this.#leaveEndpoint();
    const target = this.#target;
    if (target === undefined) return this.#server.unrouted(outcome);
    target.stats.active--;
    target.stats.tunnelEnded(outcome, this.#sent, this.#received);
    this.#server.deps.log.debug('tunnel ended', {
      listener: this.#server.name,
      cluster: target.cluster.name,
      sent: this.#sent,
      received: this.#received,
      ms: Math.round(this.#server.deps.clock.now() - this.#startedAt),
      reason,
    });
  }

  #leaveEndpoint(): void {
    if (this.#endpoint !== undefined) this.#endpoint.active--;
    this.#endpoint = undefined;
  }
}
