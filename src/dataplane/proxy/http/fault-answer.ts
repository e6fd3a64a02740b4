import type { Place } from '../../../core/line.ts';
import { grpcStatusOfHttp } from '../../codec/grpc/status.ts';
import type { Fault } from '../../route/fault.ts';
import type { Failure } from './local-answer.ts';

/** That of a request which is held: it waits for its time, in no line. */
export const NO_LINE: Place = { leave: () => {} };

/** What the caller is told in the stead of the service; undefined when the request goes on. */
export function answerOfFault({ abort, problem }: Fault): Failure | undefined {
  if (problem !== undefined) return { outcome: 'malformed_frame', message: problem, status: undefined };
  if (abort === undefined) return undefined;
  const { status, grpc } = abort;
  // A call of gRPC that meets a status of HTTP takes it for one of its own: what it would take is said at once.
  const code = grpc ?? (status === undefined ? undefined : grpcStatusOfHttp(status));
  return { outcome: 'fault', message: 'aborted on purpose, as its route says (fault.abort)', status, grpcStatus: code };
}
