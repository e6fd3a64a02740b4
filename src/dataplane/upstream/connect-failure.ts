import { whatToCheck } from '../../core/connect-trouble.ts';
import { WeftError } from '../../core/errors.ts';

/** When the last connection has failed, calls fail at once for this long instead of trying again and again. */
export const FAILED_FOR_MS = 100;
/** An endpoint that nobody asked for lately is not reconnected; the next request will. */
export const IDLE_MS = 60_000;

/** What a request is told that has no connection to `address`, and was not sent: why, and what to look at. */
export function connectFailed(address: string, reason: string): WeftError {
  const check = whatToCheck(reason, 'it');
  const message = `cannot connect to ${address}: ${reason}${check === undefined ? '' : `; ${check}`}`;
  return new WeftError('connect_failed', message, {
    side: 'upstream',
    retriable: true,
  });
}
