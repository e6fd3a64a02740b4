import { GrpcStatus } from '../../codec/grpc/status.ts';
import { grpcStatusIn, grpcStatusOfHead } from '../../codec/grpc/reply.ts';
import type { ResponseHead } from '../../message/http-head.ts';
import type { Trailers } from '../../message/http-stream.ts';
import type { Outcome } from '../../message/outcome.ts';

/** As the head tells it: an error of the service, or not, as far as is known yet. */
export function outcomeOfResponse(head: ResponseHead, grpc: boolean): Outcome {
  if (head.status >= 500) return 'error';
  const status = grpc ? grpcStatusOfHead(head) : undefined;
  return status === undefined || status === GrpcStatus.ok ? 'ok' : 'error';
}

/** A call of gRPC says how it went when it is over. */
export function outcomeOfTrailers(trailers: Trailers, before: Outcome): Outcome {
  const status = grpcStatusIn(trailers);
  if (status === undefined) return before;
  return status === GrpcStatus.ok ? 'ok' : 'error';
}

/** Codes of gRPC that say something of the endpoint, not of the call. */
const FAULTS: ReadonlySet<number> = new Set([
  GrpcStatus.unknown,
  GrpcStatus.deadlineExceeded,
  GrpcStatus.internal,
  GrpcStatus.unavailable,
  GrpcStatus.dataLoss,
]);

/** Whether a call of gRPC that ended with its head failed for its endpoint's fault. */
function isFault(head: ResponseHead): boolean {
  return head.status >= 500 || FAULTS.has(grpcStatusOfHead(head) ?? GrpcStatus.ok);
}

/** Whether an answer without content says that its endpoint did what it should. */
export function isWell(outcome: Outcome, grpc: boolean, head: ResponseHead): boolean {
  return outcome !== 'error' || (grpc && !isFault(head));
}

/** The same of one that ended with trailers. */
export function isFaultIn(trailers: Trailers): boolean {
  return FAULTS.has(grpcStatusIn(trailers) ?? GrpcStatus.unknown);
}
