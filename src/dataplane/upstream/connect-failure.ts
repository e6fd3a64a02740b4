import { whatToCheck } from '../../core/connect-trouble.ts';
import { WeftError } from '../../core/errors.ts';
import type { Cluster } from '../cluster/cluster.ts';

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

/** What a request is told for which its cluster opens no connection, as it has as many as it may. */
export function tooManyConnections({ connections }: Cluster): WeftError {
  const message = `${connections} connections are open to the endpoints of this cluster already (breaker.connections)`;
  return new WeftError('overload', message, { side: 'local', retriable: true });
}
