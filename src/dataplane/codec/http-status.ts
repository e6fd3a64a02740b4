import type { FailureCode } from '../message/outcome.ts';

/** The one table that turns a failure of this proxy into what an HTTP caller understands. RFC 9110, section 15. */
const STATUS_OF_CODE: Readonly<Record<FailureCode, number>> = {
  no_route: 404,
  no_healthy_endpoint: 503,
  overload: 503,
  limited: 429,
  // The route names another where it means another.
  fault: 503,
  // The upstream took the request, and did not answer it properly.
  connection_lost: 502,
  timeout: 504,
  too_large: 413,
  malformed_frame: 400,
};

/** The status that answers a failure with this code; 500 for codes without one of their own. */
export function httpStatusOf(code: string): number {
  return Object.hasOwn(STATUS_OF_CODE, code) ? STATUS_OF_CODE[code as FailureCode] : 500;
}
