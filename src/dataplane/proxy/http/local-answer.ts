import { grpcFailure, grpcFailureTrailers } from '../../codec/grpc/reply.ts';
import { grpcStatusOf } from '../../codec/grpc/status.ts';
import { httpStatusOf } from '../../codec/http-status.ts';
import type { Refusal } from '../../message/gate.ts';
import { LocalHead, NO_EDITS } from '../../message/local-head.ts';
import type { RequestHead } from '../../message/http-head.ts';
import { type CallerStream, NO_TRAILERS } from '../../message/http-stream.ts';
import type { FailureCode } from '../../message/outcome.ts';
import type { RedirectRoute, RespondRoute } from '../../route/route.ts';

/** Why a request is refused, or a connection ended, when `maxBuffered` is used up. */
export const NO_MEMORY = 'no memory left for requests that are incomplete or wait (maxBuffered)';

/** By this field a response of this proxy is known from one of the service; its value says why. */
const FAILURE = 'weft-failure';

/** What an answer depends on of the request that it is for. */
export interface Asked {
  readonly isHead: boolean;
  readonly grpc: boolean;
}

/** How a request counts that is refused with this status for what its caller has sent. */
export function outcomeOfRefusal(status: number): FailureCode {
  if (status === 408) return 'timeout';
  if (status === 503) return 'overload';
  return status === 413 ? 'too_large' : 'malformed_frame';
}

/** What `answerFailure` answers with. */
export function statusOfFailure(grpc: boolean, { outcome, status }: Pick<Refusal, 'outcome' | 'status'>): number {
  return grpc ? 200 : (status ?? httpStatusOf(outcome));
}

/** The same of gRPC. */
export function grpcStatusOfFailure({ outcome, grpcStatus }: Pick<Refusal, 'outcome' | 'grpcStatus'>): number {
  return grpcStatus ?? grpcStatusOf(outcome);
}

/**
 * Answers a request that cannot be carried out, in the way in which its caller expects it.
 *
 * @param wall milliseconds since 1970.
 */
export function answerFailure(caller: CallerStream, { isHead, grpc }: Asked, failure: Refusal, wall: number): void {
  const { outcome, message, fields: more = [] } = failure;
  if (grpc) {
    const fields = grpcFailure(grpcStatusOfFailure(failure), message);
    return caller.sendResponse(
      new LocalHead(statusOfFailure(grpc, failure), [...fields, FAILURE, outcome]),
      NO_EDITS,
      true,
    );
  }
  const status = statusOfFailure(grpc, failure);
  const fields = ['date', httpDate(wall), 'content-type', 'text/plain; charset=utf-8', FAILURE, outcome, ...more];
  answer(caller, isHead, status, fields, Buffer.from(`weft: ${message}\n`));
}

/** Ends a response that has begun and cannot be completed. A call of gRPC has its status still to come; else it breaks off. */
function breakOff(caller: CallerStream, grpc: boolean, { outcome, message }: Omit<Refusal, 'status'>): void {
  if (grpc && caller.version === 2) caller.sendEnd(grpcFailureTrailers(grpcStatusOf(outcome), message));
  else caller.abort();
}

/** Tells the caller of a failure, in whatever way is left: of a response that has `begun` no other one can be made. */
export function answerOrBreakOff(
  caller: CallerStream,
  asked: Asked & { readonly begun: boolean },
  failure: Refusal,
  wall: number,
): void {
  if (asked.begun) breakOff(caller, asked.grpc, failure);
  else answerFailure(caller, asked, failure, wall);
}

/** Answers as a route says. @param wall milliseconds since 1970. */
export function answerRoute(
  caller: CallerStream,
  head: RequestHead,
  route: RedirectRoute | RespondRoute,
  wall: number,
): void {
  const isHead = head.method === 'HEAD';
  const date = ['date', httpDate(wall)];
  if (route.kind === 'respond') {
    return answer(caller, isHead, route.status, [...date, ...route.fields], Buffer.from(route.body));
  }
  answer(caller, isHead, route.status, [...date, 'location', route.location(head)], Buffer.alloc(0));
}

/** Who has a clock says when: RFC 9110, section 6.6.1, in the form of section 5.6.7. */
function httpDate(wall: number): string {
  return new Date(wall).toUTCString();
}

function answer(caller: CallerStream, isHead: boolean, status: number, fields: readonly string[], body: Buffer): void {
  const bare = status === 204 || status === 304;
  const sized = bare ? fields : [...fields, 'content-length', String(body.length)];
  const end = bare || body.length === 0 || isHead;
  caller.sendResponse(new LocalHead(status, sized), NO_EDITS, end);
  if (end) return;
  caller.sendData(body, 0, body.length);
  caller.sendEnd(NO_TRAILERS);
}
