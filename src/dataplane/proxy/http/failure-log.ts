import type { Endpoint } from '../../cluster/endpoint.ts';
import type { Refusal } from '../../message/gate.ts';
import { Known } from '../../message/http-fields.ts';
import type { HeadEdits, RequestHead } from '../../message/http-head.ts';
import type { CallerStream } from '../../message/http-stream.ts';
import type { Outcome } from '../../message/outcome.ts';
import type { Route } from '../../route/route.ts';
import type { ManagedCluster } from '../managed-cluster.ts';
import type { HttpScope } from './http-scope.ts';
import { grpcStatusOfFailure, statusOfFailure } from './local-answer.ts';

/** Longer ones are cut: a line is for people. */
const MAX_TEXT = 256;
const REQUEST_ID = 'x-request-id';

/**
 * What the log may tell of a request: nothing that carries secrets, such as its query and fields. Noted when the request
 * comes, as its head may not last until it fails; only while debug lines are written.
 */
export interface RequestNote {
  readonly method: string;
  readonly path: string;
  /** That of its caller, until it has gone on under another; undefined when it has none yet. */
  requestId: string | undefined;
}

export function noteRequest(head: RequestHead): RequestNote {
  const [path = ''] = head.path.split('?', 1);
  const requestId = head.get(Known.xRequestId);
  return { method: cut(head.method), path: cut(path), requestId: requestId === undefined ? undefined : cut(requestId) };
}

/** The request goes on with `edits`, which may give it an id. */
export function noteRequestId(note: RequestNote, { added }: HeadEdits): void {
  for (let at = 0; at < added.length; at += 2) if (added[at] === REQUEST_ID) note.requestId = added[at + 1];
}

/** A request that could not be carried out, as its exchange knows it. */
export interface FailedRequest {
  readonly caller: CallerStream;
  /** Undefined when debug lines were not written yet when it came. */
  readonly note: RequestNote | undefined;
  readonly route: Route | undefined;
  readonly target: ManagedCluster | undefined;
  readonly endpoint: Endpoint | undefined;
  readonly startedAt: number;
  readonly grpc: boolean;
  /** The response had begun, and is broken off. */
  readonly begun: boolean;
}

/** Tells why a request failed. Ask `debugging` first. */
export function logFailure({ name, deps }: HttpScope, request: FailedRequest, failure: Refusal): void {
  const { caller, note, route, target, endpoint, grpc, begun } = request;
  deps.log.debug('a request failed', {
    listener: name,
    cluster: target?.cluster.name,
    route: route?.name,
    endpoint: endpoint?.address,
    method: note?.method,
    path: note?.path,
    outcome: failure.outcome,
    // Of a response that has begun it is the service's.
    status: begun ? undefined : statusOfFailure(grpc, failure),
    grpcStatus: grpc ? grpcStatusOfFailure(failure) : undefined,
    begun: begun ? true : undefined,
    reason: failure.message,
    ms: Math.round(deps.clock.now() - request.startedAt),
    peer: caller.peer,
    requestId: note?.requestId,
  });
}

function cut(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 1)}…` : text;
}

/** What is known of a request that was refused before all of its head had come. */
export interface RefusedRequest {
  readonly peer: string;
  readonly outcome: Outcome;
  readonly status: number | undefined;
  readonly reason: string;
}

/** At debug only. */
export function logRefusal({ name, deps }: HttpScope, refused: RefusedRequest): void {
  if (deps.log.debugging) deps.log.debug('a request failed', { listener: name, ...refused });
}
