import type { FailureCode } from '../../message/outcome.ts';

/** How a call ended. Source: gRPC's statuscodes.md. */
export const GrpcStatus = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
  unauthenticated: 16,
} as const;
export type GrpcStatus = (typeof GrpcStatus)[keyof typeof GrpcStatus];

const HIGHEST = GrpcStatus.unauthenticated;

/** Reads the value of a `grpc-status`; `unknown` for what is no status, or none that there is. */
export function parseGrpcStatus(value: string): GrpcStatus {
  const tens = value.length === 2 ? value.charCodeAt(0) - 48 : 0;
  const ones = value.length === 1 || value.length === 2 ? value.charCodeAt(value.length - 1) - 48 : -1;
  const valid = ones >= 0 && ones <= 9 && tens >= 0 && tens <= 1 && tens * 10 + ones <= HIGHEST;
  return valid ? ((tens * 10 + ones) as GrpcStatus) : GrpcStatus.unknown;
}

/**
 * What a response of plain HTTP, without a `grpc-status`, means to a gRPC caller: a proxy on the way has answered, or
 * something that is no gRPC server. Source: gRPC's http-grpc-status-mapping.md.
 */
export function grpcStatusOfHttp(status: number): GrpcStatus {
  switch (status) {
    case 400:
    case 431:
      return GrpcStatus.internal;
    case 401:
      return GrpcStatus.unauthenticated;
    case 403:
      return GrpcStatus.permissionDenied;
    case 404:
      return GrpcStatus.unimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return GrpcStatus.unavailable;
    default:
      return GrpcStatus.unknown;
  }
}

/** The one table that turns a failure of this proxy into what a gRPC caller understands. */
const STATUS_OF_CODE: Readonly<Record<FailureCode, GrpcStatus>> = {
  // Nobody here has such a service, and asking again will not help. Envoy answers the same, and so would a caller
  // take a 404.
  no_route: GrpcStatus.unimplemented,
  // Says: again, later. Callers know it of servers that are down.
  no_healthy_endpoint: GrpcStatus.unavailable,
  connection_lost: GrpcStatus.unavailable,
  // The call has not begun, and may elsewhere. `resourceExhausted` is for quotas, which callers do not try again.
  overload: GrpcStatus.unavailable,
  limited: GrpcStatus.resourceExhausted,
  // The route names another where it means another.
  fault: GrpcStatus.unavailable,
  timeout: GrpcStatus.deadlineExceeded,
  // What the gRPC libraries say of a message over their own limit.
  too_large: GrpcStatus.resourceExhausted,
  malformed_frame: GrpcStatus.internal,
};

/** The status that answers a failure with this code; `unknown` for codes without one of their own. */
export function grpcStatusOf(code: string): GrpcStatus {
  return Object.hasOwn(STATUS_OF_CODE, code) ? STATUS_OF_CODE[code as FailureCode] : GrpcStatus.unknown;
}
