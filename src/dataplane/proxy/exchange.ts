import type { WeftError } from '../../core/errors.ts';
import type { Place } from '../../core/line.ts';
import { NOT_SET, type WheelEntry } from '../../core/timer-wheel.ts';
import type { Endpoint } from '../cluster/endpoint.ts';
import { FrameKind, type FrameView } from '../message/frame.ts';
import { OUTCOMES, type Outcome } from '../message/outcome.ts';
import type { RetryCondition } from '../message/retry.ts';
import { NO_ROOM } from '../stream/pending-table.ts';
import { NO_MEMORY, type UpstreamCall } from '../upstream/upstream-call.ts';
import type { UpstreamConnection } from '../upstream/upstream-connection.ts';
import type { Downstream } from './downstream.ts';
import type { ListenerScope } from './listener-scope.ts';
import type { HashKeys } from './hash-keys.ts';
import type { ManagedCluster } from './managed-cluster.ts';
import { whyNoEndpoint } from './no-endpoint.ts';

/** Endpoints that cannot be connected to are left for others this often, before the request fails. */
const MAX_CONNECT_FAILURES = 3;

/** One that waits in vain is answered this long before its caller gives up, which else never hears why. */
const EARLY_MS = 50;

/**
 * One request and its reply, from the caller's connection to an endpoint's and back.
 *
 *   start     the frame has arrived: find its cluster, set its deadline
 *   dispatch  pick an endpoint, hand the frame to its pool, which sends or queues it
 *   onReply   the reply has arrived: pass it on under the caller's id
 *   onFailure something went wrong on the way: try elsewhere if that is safe and allowed,
 *             else answer in the caller's protocol
 *
 * Exchanges are reused.
 */
export class Exchange implements UpstreamCall, WheelEntry {
  deadline = 0;
  wheelSlot = NOT_SET;
  wheelNext: WheelEntry | undefined;
  wheelPrev: WheelEntry | undefined;
  /** Neighbours in the list of its downstream. */
  next: Exchange | undefined;
  previous: Exchange | undefined;

  finished = true;
  oneway = false;
  readonly #scope: ListenerScope;
  #downstream: Downstream | undefined;
  #id = 0;
  #replyContext = 0;
  #startedAt = 0;
  /** When its caller stops waiting. */
  #expiresAt = 0;
  /** Where it stands in line, while a missing connection or unknown endpoints, and so `queue.timeout`, hold it up. */
  #place: Place | undefined;
  #target: ManagedCluster | undefined;
  #endpoint: Endpoint | undefined;
  /** Of what it is balanced by; undefined: nothing. */
  #hash: number | undefined;
  #upstream: UpstreamConnection | undefined;
  #upstreamId = NO_ROOM;
  #sentAt = 0;
  #retriesLeft = 0;
  #retries = 0;
  /** An endpoint has had it, and not said that it did nothing with it. */
  #mayHaveRun = false;
  /** It counts as one that has been tried again. */
  #budgeted = false;
  /** It is to be sent again when its next deadline comes. */
  #pausing = false;
  #connectFailures = 0;
  /** A copy of the frame. */
  #kept: Buffer | undefined;

  constructor(scope: ListenerScope) {
    this.#scope = scope;
  }

  /** The connection that its reply comes on, once it has been sent. */
  get upstream(): UpstreamConnection | undefined {
    return this.#upstream;
  }

  start(downstream: Downstream, frame: FrameView): void {
    this.#reset(downstream, frame);
    const service = this.#serviceOf(frame);
    if (service === undefined) return;
    const target = this.#scope.route(service);
    if (target === undefined) return this.#answer('no_route', noRoute(service), true);
    if (target.keys !== undefined && !this.#findKey(target.keys, frame)) return;
    const { cluster, stats } = target;
    this.#target = target;
    cluster.use(this.#startedAt);
    stats.active++;
    const { overload } = target;
    if (overload !== undefined) return this.#answer('overload', `${cluster.name}: ${overload}`, true);
    const { policy } = cluster;
    this.#retriesLeft = policy.retries.attempts;
    this.#expiresAt = this.#startedAt + (frame.timeout > 0 ? frame.timeout : policy.timeout);
    this.#scope.deps.wheel.set(this, this.#expiresAt);
    if (!cluster.known) return this.#waitForEndpoints(frame);
    // Only a copy can be sent again.
    if (this.#retriesLeft > 0) this.keep(frame.bytes, frame.start, frame.end);
    this.#dispatch(frame.bytes, frame.start, frame.end, undefined);
  }

  onSent(connection: UpstreamConnection, id: number): void {
    if (connection.full) this.#downstream?.waitFor(connection);
    if (this.oneway) return this.#finish('oneway');
    this.#upstream = connection;
    this.#upstreamId = id;
    this.#mayHaveRun = true;
    if (this.#place !== undefined) this.#leaveQueue();
    this.#sentAt = this.#scope.deps.clock.now();
  }

  onQueued(place: Place): void {
    const waits = this.#place !== undefined;
    this.#place = place;
    if (waits) return;
    const { clock, wheel } = this.#scope.deps;
    const early = Math.min(EARLY_MS, (this.#expiresAt - this.#startedAt) / 10);
    wheel.set(this, Math.min(this.#expiresAt - early, clock.now() + this.#target!.cluster.policy.queue.timeout));
  }

  onReply(frame: FrameView): void {
    const failure = frame.success ? undefined : this.#scope.codec.failureOf(frame);
    this.#judge(frame.success);
    if (!frame.success && this.#retryReply(failure, frame.busy)) return;
    const outcome = frame.success ? 'ok' : failure === undefined ? 'error' : outcomeOf(failure.code);
    if (failure !== undefined && this.#scope.deps.log.debugging) {
      this.#logFailure(outcome, `${this.#target!.cluster.name}: the next sidecar has answered`);
    }
    const downstream = this.#downstream!;
    this.#scope.codec.forwardReply(downstream.connection.out(), frame, this.#id, this.#replyContext);
    downstream.onReplied(this.#upstream!);
    this.#finish(outcome);
  }

  onFailure(error: WeftError): void {
    if (this.finished) return;
    this.#upstream = undefined;
    this.#upstreamId = NO_ROOM;
    const { cluster } = this.#target!;
    if (cluster.watched && isOfEndpoint(error)) cluster.ended(this.#endpoint!, false);
    if (error.code === 'connect_failed' || (error.code === 'overload' && error.retriable)) {
      if (++this.#connectFailures <= MAX_CONNECT_FAILURES && this.#elsewhere()) return this.#again();
      if (error.code === 'connect_failed' && this.#mayRetry('connect-failure')) return this.#againSoon();
    } else if (error.code === 'connection_lost') {
      this.#gaveUp();
      if (this.#mayRetry('reset')) return this.#againSoon();
    }
    // One that has had it is what matters to the sidecar before this one: it may have run.
    const unreached = this.#mayHaveRun ? 'connection_lost' : 'no_healthy_endpoint';
    const code = error.code === 'connect_failed' ? unreached : (error.code as Outcome);
    this.#answer(code, `${this.#target!.cluster.name}: ${error.message}`, error.retriable);
  }

  /** Its time is up. */
  onDeadline(): void {
    if (this.#pausing) return this.#onPauseOver();
    const upstream = this.#upstream;
    const waited = Math.round(this.#scope.deps.clock.now() - this.#startedAt);
    const name = this.#target!.cluster.name;
    if (upstream === undefined) {
      const what = this.#endpoint === undefined ? 'the first endpoints' : `a connection to ${this.#endpoint.address}`;
      return this.#answer('timeout', `${name}: waited ${waited} ms for ${what}`, true);
    }
    upstream.giveUp(this.#upstreamId);
    upstream.suspect(this.#sentAt);
    this.#judge(false);
    this.#upstream = undefined;
    this.#answer('timeout', `${name}: no reply from ${this.#endpoint!.address} in ${waited} ms`, false);
  }

  /** The caller is gone: nobody wants the reply. */
  abandon(): void {
    if (this.#upstream !== undefined) this.#gaveUp();
    this.#upstream?.giveUp(this.#upstreamId);
    this.#finish('abandoned');
  }

  keep(bytes: Buffer, start: number, end: number): boolean {
    if (this.#kept !== undefined) return true;
    if (!this.#scope.deps.budget.take(end - start)) return false;
    this.#kept = Buffer.allocUnsafe(end - start);
    bytes.copy(this.#kept, 0, start, end);
    return true;
  }

  takeUp(): Buffer {
    const { clock } = this.#scope.deps;
    const kept = this.#kept!;
    this.#scope.codec.shortenTimeout(kept, 0, Math.max(1, Math.ceil(this.#expiresAt - clock.now())));
    return kept;
  }

  #reset(downstream: Downstream, frame: FrameView): void {
    this.finished = false;
    this.oneway = frame.kind === FrameKind.oneway;
    this.#downstream = downstream;
    this.#id = frame.id;
    this.#replyContext = frame.replyContext;
    this.#startedAt = this.#scope.deps.clock.now();
    this.#connectFailures = this.#retries = 0;
    this.#pausing = this.#mayHaveRun = false;
    this.#hash = undefined;
    downstream.add(this);
  }

  /** Answers, and returns undefined, when the frame's headers cannot be read. */
  #serviceOf(frame: FrameView): string | undefined {
    try {
      return frame.service();
    } catch (error) {
      this.#answer('malformed_frame', (error as Error).message, true);
      return undefined;
    }
  }

  /** The same. */
  #findKey(keys: HashKeys, frame: FrameView): boolean {
    try {
      this.#hash = keys.ofFrame(frame, this.#downstream!.connection.remote);
      return true;
    } catch (error) {
      this.#answer('malformed_frame', (error as Error).message, true);
      return false;
    }
  }

  #waitForEndpoints(frame: FrameView): void {
    const { cluster } = this.#target!;
    if (cluster.waiting >= cluster.policy.queue.max) {
      const message = `${cluster.name}: ${cluster.waiting} requests wait for the first endpoints already`;
      return this.#answer('overload', message, true);
    }
    if (!this.keep(frame.bytes, frame.start, frame.end)) {
      return this.#answer('overload', `${cluster.name}: ${NO_MEMORY}`, true);
    }
    this.onQueued(cluster.whenKnown(() => this.#again()));
  }

  /** Sends what it has kept, to another endpoint than the last one where there is one. */
  #again(): void {
    const kept = this.takeUp();
    this.#dispatch(kept, 0, kept.length, this.#endpoint);
  }

  /** The same, after a pause by chance, so that many that failed at once do not come again at once. */
  #againSoon(): void {
    const { base, max } = this.#target!.cluster.policy.retries.backoff;
    const { chance, clock, wheel } = this.#scope.deps;
    const pause = chance() * Math.min(max, base * 2 ** (this.#retries - 1));
    if (pause < 1) return this.#again();
    this.#pausing = true;
    wheel.set(this, Math.min(this.#expiresAt, clock.now() + pause));
  }

  #onPauseOver(): void {
    const { clock, wheel } = this.#scope.deps;
    this.#pausing = false;
    if (clock.now() >= this.#expiresAt) return this.onDeadline();
    wheel.set(this, this.#expiresAt);
    this.#again();
  }

  #dispatch(bytes: Buffer, start: number, end: number, except: Endpoint | undefined): void {
    const target = this.#target!;
    const endpoint = target.cluster.pick(except, this.#hash);
    if (endpoint === undefined) {
      const message = `${target.cluster.name}: ${whyNoEndpoint(target)}`;
      return this.#answer('no_healthy_endpoint', message, true);
    }
    if (this.#endpoint !== undefined) this.#endpoint.active--;
    this.#endpoint = endpoint;
    endpoint.active++;
    target.pool(endpoint).dispatch(this, bytes, start, end);
  }

  /** The endpoint has answered, or not for so long that nobody waits for it any more. */
  #judge(ok: boolean): void {
    const { cluster } = this.#target!;
    if (!cluster.watched) return;
    cluster.replied(this.#endpoint!, this.#scope.deps.clock.now() - this.#sentAt);
    cluster.ended(this.#endpoint!, ok);
  }

  /** Nobody waits for the reply any more: it takes longer than until now. */
  #gaveUp(): void {
    const { cluster } = this.#target!;
    if (cluster.watched) cluster.waited(this.#endpoint!, this.#scope.deps.clock.now() - this.#sentAt);
  }

  #leaveQueue(): void {
    this.#place = undefined;
    this.#scope.deps.wheel.set(this, this.#expiresAt);
  }

  /** Whether a kept copy can go to another endpoint than the one that just failed. */
  #elsewhere(): boolean {
    // The one that failed may have left the cluster since.
    const here = this.#endpoint?.removed === false ? 1 : 0;
    return this.#kept !== undefined && this.#target!.cluster.size > here;
  }

  #mayRetry(condition: RetryCondition): boolean {
    if (this.#retriesLeft === 0 || !this.#target!.cluster.policy.retries.on.includes(condition)) return false;
    if (this.#kept === undefined) return false;
    if (condition !== 'connect-failure' && !this.#takeBudget()) return false;
    this.#retries++;
    this.#retriesLeft--;
    this.#target!.stats.retried();
    return true;
  }

  /** Where nobody has worked on a call, another try is no more work for anybody: that costs no budget. */
  #takeBudget(): boolean {
    this.#budgeted ||= this.#target!.takeRetry();
    return this.#budgeted;
  }

  /** Tries again when it was the next sidecar that failed, not the service, and the policy allows it. */
  #retryReply(failure: { readonly code: string; readonly unsent: boolean } | undefined, busy: boolean): boolean {
    let condition: RetryCondition | undefined = busy ? 'busy' : undefined;
    if (failure?.code === 'connection_lost') condition = 'reset';
    else if (failure?.unsent === true && !busy) condition = 'connect-failure';
    if (busy || failure?.unsent === true) this.#mayHaveRun = false;
    if (condition === undefined || !this.#mayRetry(condition)) return false;
    this.#upstream = undefined;
    this.#againSoon();
    return true;
  }

  #answer(outcome: Outcome, message: string, unsent: boolean): void {
    const downstream = this.#downstream!;
    if (this.#scope.deps.log.debugging) this.#logFailure(outcome, message);
    if (!this.oneway) {
      // The sidecar before this one takes it for safe to be sent again.
      const failure = { code: outcome, message, unsent: unsent && !this.#mayHaveRun };
      this.#scope.codec.localReply(downstream.connection.out(), this.#id, this.#replyContext, failure);
    }
    this.#finish(outcome);
  }

  /** Only at the level debug. */
  #logFailure(outcome: Outcome, reason: string): void {
    const { name, deps } = this.#scope;
    deps.log.debug('a request failed', {
      listener: name,
      cluster: this.#target?.cluster.name,
      endpoint: this.#endpoint?.address,
      outcome,
      reason,
      ms: Math.round(deps.clock.now() - this.#startedAt),
      peer: this.#downstream!.connection.remote,
      requestId: this.#id,
    });
  }

  #finish(outcome: Outcome): void {
    const { deps } = this.#scope;
    deps.wheel.clear(this);
    this.finished = true;
    this.#place?.leave();
    this.#place = undefined;
    const target = this.#target;
    if (this.#budgeted) target!.retrying--;
    this.#budgeted = false;
    if (target !== undefined) {
      target.stats.active--;
      target.stats.ended(outcome, deps.clock.now() - this.#startedAt);
    } else {
      this.#scope.unrouted(outcome);
    }
    if (this.#endpoint !== undefined) this.#endpoint.active--;
    this.#downstream!.remove(this);
    this.#downstream = undefined;
    this.#target = undefined;
    this.#endpoint = undefined;
    this.#upstream = undefined;
    if (this.#kept !== undefined) deps.budget.give(this.#kept.length);
    this.#kept = undefined;
    this.#scope.recycle(this);
  }
}

/** Whether it is the endpoint that is to blame, not this proxy. */
function isOfEndpoint({ code }: WeftError): boolean {
  return code === 'connect_failed' || code === 'connection_lost';
}

/** What another sidecar on the way failed with counts as if it had failed here. */
function outcomeOf(code: string): Outcome {
  return OUTCOMES.find((outcome) => outcome === code) ?? 'error';
}

function noRoute(service: string): string {
  return service === ''
    ? 'the request names no service (header "service")'
    : `no cluster is named ${service}: add it under clusters, or a registry that knows it`;
}
