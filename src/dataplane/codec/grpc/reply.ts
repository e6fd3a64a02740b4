import { Known } from '../../message/http-fields.ts';
import type { FieldList } from '../../message/http-head.ts';
import { encodeGrpcMessage } from './message.ts';
import { type GrpcStatus, parseGrpcStatus } from './status.ts';

const STATUS = 'grpc-status';

/**
 * The answer of a proxy that has no other, as the fields of a response that ends with its head ("Trailers-Only"), with
 * the status 200: names and values by turns.
 */
export function grpcFailure(status: number, message: string, contentType = 'application/grpc'): readonly string[] {
  return ['content-type', contentType, ...grpcFailureTrailers(status, message)];
}

/** The same where a response has begun: its trailers. */
export function grpcFailureTrailers(status: number, message: string): readonly string[] {
  const fields = [STATUS, String(status)];
  if (message !== '') fields.push('grpc-message', encodeGrpcMessage(message));
  return fields;
}

/** How the call ended, from trailers, names and values by turns; undefined when they do not say. */
export function grpcStatusIn(trailers: readonly string[]): GrpcStatus | undefined {
  for (let at = 0; at + 1 < trailers.length; at += 2) {
    if (isStatus(trailers[at]!)) return parseGrpcStatus(trailers[at + 1]!);
  }
  return undefined;
}

/** The same from the head of a response that has no trailers. */
export function grpcStatusOfHead(head: FieldList): GrpcStatus | undefined {
  const value = head.get(Known.grpcStatus);
  return value === undefined ? undefined : parseGrpcStatus(value);
}

/** In HTTP/1 a name may come in any case. */
function isStatus(name: string): boolean {
  return name.length === STATUS.length && (name === STATUS || name.toLowerCase() === STATUS);
}
