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
