import type { Clock } from '../../../core/clock.ts';
import type { Subset } from '../../cluster/cluster.ts';
import type { Endpoint } from '../../cluster/endpoint.ts';
import type { RequestHead } from '../../message/http-head.ts';
import type { CallerStream } from '../../message/http-stream.ts';
import type { HttpCall } from '../../upstream/http/http-call.ts';
import type { ManagedCluster } from '../managed-cluster.ts';
import { httpPoolOf } from './http-pool-of.ts';
import type { HttpScope } from './http-scope.ts';

const NOT_KNOWN = -1;

/** Which endpoint a request is at, one after the other while it is tried; and what its cluster learns from that. */
export class Attempt {
  /** Undefined before the first. */
  endpoint: Endpoint | undefined;
  readonly #scope: HttpScope;
  readonly #clock: Clock;
  #target: ManagedCluster | undefined;
  /** Of which its endpoints have to be. */
  subset: Subset | undefined;
  /** Of what it is balanced by; undefined: nothing. */
  #hash: number | undefined;
  #sentAt = NOT_KNOWN;
  /** In which it came, and in which it goes on. */
  #from: 1 | 2 = 1;
  #version: 1 | 2 = 1;
  #grpc = false;

  constructor(scope: HttpScope) {
    this.#scope = scope;
    this.#clock = scope.deps.clock;
  }

  /** Of another request, which has come on `caller`. */
  begin(
    target: ManagedCluster,
    subset: Subset | undefined,
    caller: Pick<CallerStream, 'peer' | 'version'>,
    head: RequestHead,
    grpc: boolean,
  ): void {
    this.#target = target;
    this.#hash = target.keys?.ofHttp(head, caller.peer);
    this.subset = subset;
    this.#from = caller.version;
    this.#grpc = grpc;
  }

  /** Goes to an endpoint, another one than `except` where there is one; false when there is none. */
  pick(except: Endpoint | undefined): boolean {
    const endpoint = this.#target!.cluster.pick(except, this.#hash, this.subset);
    if (endpoint === undefined) return false;
    this.leave();
    this.endpoint = endpoint;
    endpoint.active++;
    return true;
  }

  /** Asks for a stream to it. */
  acquire(call: HttpCall): void {
    this.#version = this.#versionNow;
    httpPoolOf(this.#scope, this.#target!, this.endpoint!, this.#version).acquire(call);
  }

  /** Whether it would go on in HTTP/1 now, and did not before. */
  get mayChangeVersion(): boolean {
    return this.#version === 2 && this.#versionNow === 1;
  }

  get #versionNow(): 1 | 2 {
    const { cluster } = this.#target!;
    const { version } = cluster.policy.http;
    if (version !== 'same') return version === 'http1' ? 1 : 2;
    // gRPC has no other version to go in.
    return this.#from === 2 && !this.#grpc && cluster.speaksHttp1(this.endpoint!) ? 1 : this.#from;
  }

  /** Whether there is another endpoint. */
  get isElsewhere(): boolean {
    const here = this.endpoint?.removed === false ? 1 : 0;
    return this.#target!.cluster.size > here;
  }

  sent(): void {
    // A policy that asks for it may come while it is under way.
    this.#sentAt = this.#target!.cluster.watched ? this.#clock.now() : NOT_KNOWN;
  }

  /** The head of the response has come, or has not come so far. */
  replied(): void {
    const { cluster } = this.#target!;
    if (cluster.watched && this.#sentAt !== NOT_KNOWN)
      cluster.replied(this.endpoint!, this.#clock.now() - this.#sentAt);
  }

  /** Nobody waits any more for an answer that has not begun: it takes longer than until now. */
  gaveUp(): void {
    const { cluster } = this.#target!;
    if (cluster.watched && this.#sentAt !== NOT_KNOWN) cluster.waited(this.endpoint!, this.#clock.now() - this.#sentAt);
  }

  /** It could not be connected to; that it speaks another version is no fault. */
  unreachable(): void {
    const { cluster } = this.#target!;
    if (cluster.watched && !cluster.speaksHttp1(this.endpoint!)) cluster.ended(this.endpoint!, false);
  }

  /** `ok`: the endpoint did what it should. */
  judge(ok: boolean): void {
    const { cluster } = this.#target!;
    if (cluster.watched) cluster.ended(this.endpoint!, ok);
  }

  leave(): void {
    if (this.endpoint !== undefined) this.endpoint.active--;
    this.endpoint = undefined;
  }
}
