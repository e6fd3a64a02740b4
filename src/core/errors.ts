/**
 * Whose fault an error is. `downstream`: the caller's. `upstream`: the called service's or the
 * way to it. `local`: this proxy's own decision or trouble.
 */
export type Side = 'downstream' | 'upstream' | 'local';

export interface WeftErrorOptions {
  side: Side;
  /** Whether trying again elsewhere may help and is safe (the request was not processed). */
  retriable?: boolean;
  cause?: unknown;
}

/**
 * An error that says what happened, on whose side, and whether to retry. `code` is stable and
 * short (`no_healthy_endpoint`); `message` is for people and tells the next step where there
 * is one.
 */
export class WeftError extends Error {
  readonly code: string;
  readonly side: Side;
  readonly retriable: boolean;

  constructor(code: string, message: string, options: WeftErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'WeftError';
    this.code = code;
    this.side = options.side;
    this.retriable = options.retriable ?? false;
  }
}
