import type { Chance } from '../../../core/clock.ts';
import type { Overlay } from '../../../core/overlay.ts';
import type { WeftError } from '../../../core/errors.ts';
import { grpcStatusOfHead } from '../../codec/grpc/reply.ts';
import type { ResponseHead } from '../../message/http-head.ts';
import type { RetryCondition, RetryRules } from '../../message/retry.ts';
import type { ManagedCluster } from '../managed-cluster.ts';

/** Endpoints that do not take a request are left for others this often, before it fails. */
const MAX_ELSEWHERE = 3;
/** An endpoint that ends its connections after a few requests refuses those that were already on their way. */
const MAX_REFUSED = 10;
/** Of pooled connections all may just be closing, after a restart of their peer; each try takes one out of the pool. */
const MAX_STALE = 8;
/** Requests that may be sent twice. RFC 9110, section 9.2.2. */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);
const GATEWAY_ERRORS: ReadonlySet<number> = new Set([502, 503, 504]);

/**
 * How often one request may be begun anew: some times without being asked, where it is certain that nobody has worked
 * on it, and as its route and its cluster's policy say, where somebody may have.
 */
export class Tries {
  readonly #chance: Chance;
  #target: ManagedCluster | undefined;
  #rules: RetryRules | undefined;
  #idempotent = false;
  #elsewhere = 0;
  #refused = 0;
  #stale = 0;
  /** By the policy: how many more, and how many there were. */
  #left = 0;
  #retries = 0;
  /** It counts as one that has been tried again. */
  #budgeted = false;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  /** @param own what its route wants to be different from its cluster's policy. */
  begin(target: ManagedCluster, method: string, own: Overlay<RetryRules> | undefined): void {
    const { retries } = target.cluster.policy;
    this.#target = target;
    this.#rules = own === undefined ? retries : own.over(retries);
    this.#left = this.#rules.attempts;
    this.#retries = 0;
    this.#idempotent = IDEMPOTENT.has(method);
    this.#elsewhere = MAX_ELSEWHERE;
    this.#refused = MAX_REFUSED;
    this.#stale = MAX_STALE;
  }

  /** Its cluster hears that it is over. */
  end(): void {
    if (this.#budgeted) this.#target!.retrying--;
    this.#budgeted = false;
    this.#retries = 0;
    this.#target = this.#rules = undefined;
  }

  /** For the head of the response of each try, in ms; 0: as long as for all. */
  get perTryTimeout(): number {
    return this.#rules!.perTryTimeout;
  }

  /** Whether the policy may want it sent again: then all of it has to be kept. */
  get wanted(): boolean {
    return this.#left > 0;
  }

  /** It could not be sent. */
  afterUnavailable(): boolean {
    return this.#elsewhere-- > 0;
  }

  /**
   * It was sent, and its stream lost.
   *
   * @param reused whether its connection had carried others: then it may have been closed by the peer at the very moment in
   *   which it was used. RFC 9112, section 9.3.1.
   */
  afterLost({ code, retriable }: WeftError, reused: boolean): boolean {
    if (retriable) return this.#refused-- > 0;
    return code === 'connection_lost' && reused && this.#idempotent && this.#stale-- > 0;
  }

  /** Whether the policy wants another try after this; it is counted as begun. */
  after(condition: RetryCondition): boolean {
    if (this.#left === 0) return false;
    const { on, nonIdempotent } = this.#rules!;
    if (!on.includes(condition) || !(this.#idempotent || nonIdempotent || condition === 'connect-failure'))
      return false;
    return this.#take(condition);
  }

  afterResponse(head: ResponseHead, grpc: boolean): boolean {
    if (this.#left === 0) return false;
    const { statuses, grpc: codes } = this.#rules!;
    const { status } = head;
    const code = grpc ? grpcStatusOfHead(head) : undefined;
    const listed = code === undefined ? statuses.includes(status) : codes.includes(code);
    if (listed && this.after('retriable-status')) return true;
    if (status >= 500 && this.after('5xx')) return true;
    return GATEWAY_ERRORS.has(status) && this.after('gateway-error');
  }

  /** Milliseconds before the try that was just taken: none before the first one elsewhere would be a storm. */
  get pause(): number {
    const { base, max } = this.#rules!.backoff;
    return this.#chance() * Math.min(max, base * 2 ** (this.#retries - 1));
  }

  #take(condition: RetryCondition): boolean {
    const target = this.#target!;
    // Where nobody has worked on it, another try is no more work for anybody: that costs no budget.
    if (condition !== 'connect-failure') {
      this.#budgeted ||= target.takeRetry();
      if (!this.#budgeted) return false;
    }
    this.#left--;
    this.#retries++;
    target.stats.retried();
    return true;
  }
}
