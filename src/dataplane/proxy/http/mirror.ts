import { BudgetShare } from '../../../core/budget-share.ts';
import { NOT_SET, type WheelEntry } from '../../../core/timer-wheel.ts';
import { CopiedHead } from '../../message/copied-head.ts';
import type { ConnectionForwarding, HttpVersion } from '../../message/forwarding.ts';
import { octetsOf, type RequestHead } from '../../message/http-head.ts';
import type { CallerStream, Trailers } from '../../message/http-stream.ts';
import type { OpenEdits } from '../../message/open-edits.ts';
import type { Outcome } from '../../message/outcome.ts';
import type { Decision } from '../decide.ts';
import type { ManagedCluster } from '../managed-cluster.ts';
import type { HttpExchange } from './http-exchange.ts';
import type { HttpScope } from './http-scope.ts';

/** Content that may be ahead of what the mirror's endpoint takes, in octets; beyond it the mirror is given up. */
const MAX_AHEAD = 256 << 10;

/** What has come of a request that does not go on yet, within one turn. */
interface Waiting {
  readonly head: RequestHead;
  readonly end: boolean;
  readonly target: Decision;
  readonly content: Buffer[];
  trailers: Trailers | undefined;
  /** The original is over. */
  left: boolean;
}

/**
 * A copy of one request that goes to another cluster, while the request itself goes where it should. To the exchange
 * that carries the copy it is the caller: one that takes all of the response, drops it, and cannot be slowed down. What
 * does not keep up with the original is given up; nothing of the copy comes back to the original.
 */
export class Mirror implements CallerStream, WheelEntry {
  deadline = 0;
  wheelSlot = NOT_SET;
  wheelNext: WheelEntry | undefined;
  wheelPrev: WheelEntry | undefined;

  readonly version: 1 | 2;
  readonly httpVersion: HttpVersion;
  readonly peer: string;
  readonly forwarding: ConnectionForwarding;
  readonly headStays = true;
  readonly congested = false;
  readonly #scope: HttpScope;
  readonly #cluster: ManagedCluster;
  /** Of its head. */
  readonly #share: BudgetShare;
  readonly #editRequest: ((head: RequestHead, edits: OpenEdits) => void) | undefined;
  /** Undefined when the copy is over: then its exchange serves others. */
  #exchange: HttpExchange | undefined;
  #requestEnded = false;
  #waiting: Waiting | undefined;
  #flowing = true;
  /** Octets that came while nothing more should. */
  #ahead = 0;

  constructor(scope: HttpScope, cluster: ManagedCluster, caller: CallerStream) {
    this.#scope = scope;
    this.#cluster = cluster;
    this.#share = new BudgetShare(scope.deps.budget);
    this.version = caller.version;
    this.httpVersion = caller.httpVersion;
    this.peer = caller.peer;
    this.forwarding = caller.forwarding;
    this.#editRequest = caller.editRequest?.bind(caller);
  }

  /** Takes a copy of the head; none where there is no memory for it. The request itself begins with `go`. */
  begin(original: RequestHead, end: boolean, target: Decision): void {
    if (this.#crowded || !this.#share.set(octetsOf(original))) return;
    this.#waiting = { head: new CopiedHead(original), end, target, content: [], trailers: undefined, left: false };
  }

  /** The original is on its way, or over already: it comes first wherever both want the same connection. */
  go(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    const { head, end, target, content, trailers, left } = waiting;
    this.#waiting = undefined;
    this.#requestEnded = end;
    this.#exchange = this.#scope.take().of(this);
    this.#exchange.start(head, end, target);
    for (const bytes of content) this.data(bytes, 0, bytes.length);
    if (trailers !== undefined) this.end(trailers);
    if (left) this.leave();
  }

  // What the original's exchange says.

  data(bytes: Buffer, start: number, end: number): void {
    if (this.#waiting !== undefined) return void this.#waiting.content.push(Buffer.from(bytes.subarray(start, end)));
    this.#exchange?.onRequestData(bytes, start, end);
    if (this.#flowing) return;
    this.#ahead += end - start;
    if (this.#ahead > MAX_AHEAD || this.#crowded) this.#giveUp('overload');
  }

  end(trailers: Trailers): void {
    if (this.#waiting !== undefined) return void (this.#waiting.trailers = trailers);
    this.#requestEnded = true;
    this.#exchange?.onRequestEnd(trailers);
  }

  /** The original is over: the copy may take as long as a request of its cluster may, if all of it is there. */
  leave(): void {
    if (this.#waiting !== undefined) return void (this.#waiting.left = true);
    if (this.#exchange === undefined) return;
    if (!this.#requestEnded) return this.#giveUp('abandoned');
    const { clock, wheel } = this.#scope.deps;
    wheel.set(this, clock.now() + this.#cluster.cluster.policy.http.timeout);
  }

  onDeadline(): void {
    this.#giveUp('timeout');
  }

  // What the copy's exchange says.

  editRequest(head: RequestHead, edits: OpenEdits): void {
    this.#editRequest?.(head, edits);
  }

  sendInterim(): void {}

  sendResponse(_head: unknown, _edits: unknown, end: boolean): void {
    if (end) this.#over();
  }

  sendTunnel(): void {}

  sendData(): void {}

  sendEnd(): void {
    this.#over();
  }

  abort(): void {
    this.#over();
  }

  keepHead(scratch: Buffer): Buffer {
    return scratch;
  }

  setFlowing(flowing: boolean): void {
    this.#flowing = flowing;
    this.#ahead = 0;
  }

  /** Memory is used up by half: the rest is for originals, which copies may not push out. */
  get #crowded(): boolean {
    const { budget, net } = this.#scope.deps;
    return net.full || budget.used > budget.limit / 2;
  }

  #giveUp(outcome: Outcome): void {
    const exchange = this.#exchange;
    this.#over();
    exchange?.onCallerGone(outcome);
  }

  #over(): void {
    this.#exchange = undefined;
    this.#share.set(0);
    this.#scope.deps.wheel.clear(this);
  }
}
