/** Failures of one try after which another may follow. */
export type RetryCondition =
  | 'connect-failure'
  | 'reset'
  | 'timeout'
  | '5xx'
  | 'gateway-error'
  | 'retriable-status'
  | 'busy';

/** When one request is tried again. Times are milliseconds. */
export interface RetryRules {
  /** More tries than the first one. */
  readonly attempts: number;
  readonly on: readonly RetryCondition[];
  /** HTTP statuses of `retriable-status`. */
  readonly statuses: readonly number[];
  /** Codes of gRPC after which a call is tried again. */
  readonly grpc: readonly number[];
  /** Also requests whose method is not idempotent (RFC 9110, section 9.2.2), and may have been worked on. */
  readonly nonIdempotent: boolean;
  /** For the head of the response of each try; 0: as long as for all. */
  readonly perTryTimeout: number;
  /** Pauses before a try: a part of `base`, doubled each time up to `max`, by chance. */
  readonly backoff: { readonly base: number; readonly max: number };
}
