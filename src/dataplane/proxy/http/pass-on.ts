import { formatGrpcTimeout } from '../../codec/grpc/timeout.ts';
import { Known, marksOf } from '../../message/http-fields.ts';
import { asksToOpen, type HeadEdits, type RequestHead } from '../../message/http-head.ts';
import type { CallerStream } from '../../message/http-stream.ts';
import type { ClusterRoute } from '../../route/route.ts';
import type { HttpDeadlines } from './http-deadlines.ts';
import type { HttpScope, SharedEdits } from './http-scope.ts';

/** Fields that say something about one hop: each side writes its own. RFC 9110, section 7.6.1. */
const OF_ONE_HOP: Uint8Array = marksOf(
  ...[Known.connection, Known.keepAlive, Known.proxyConnection, Known.transferEncoding, Known.upgrade],
  ...[Known.te, Known.http2Settings, Known.hop],
);

/** What is changed of a request's head that goes on to an endpoint. */
export function editRequest(
  scope: HttpScope,
  caller: CallerStream,
  head: RequestHead,
  version: 1 | 2,
  route: ClusterRoute | undefined,
  deadlines: HttpDeadlines,
): HeadEdits {
  const edits = freshEdits(scope);
  caller.forwarding.request(head, caller.httpVersion, edits);
  caller.editRequest?.(head, edits);
  if (head.has(Known.te) && version === 2 && takesTrailers(head)) edits.added.push('te', 'trailers');
  if (head.has(Known.grpcTimeout)) {
    const remaining = deadlines.remaining();
    if (remaining !== undefined) replace(edits, Known.grpcTimeout, 'grpc-timeout', formatGrpcTimeout(remaining));
  }
  // A key is HTTP/1's own; there is none to be found in HTTP/2. RFC 8441, section 5.
  if (version === 2) edits.without[Known.secWebSocketKey] = 1;
  if (asksToOpen(head)) edits.without[Known.contentLength] = 1;
  add(edits, route?.requestEdits);
  return edits;
}

/** What is changed of a response's head that goes back to a caller. */
export function editResponse(scope: HttpScope, status: number, route: ClusterRoute | undefined): HeadEdits {
  const edits = freshEdits(scope);
  // RFC 9110, section 8.6: these say no length.
  if (status === 204 || status < 200) edits.without[Known.contentLength] = 1;
  add(edits, route?.responseEdits);
  return edits;
}

/** The same for the head with which another protocol begins. */
export function editTunnel(scope: HttpScope, caller: CallerStream, route: ClusterRoute | undefined): HeadEdits {
  const edits = freshEdits(scope);
  if (caller.version === 2) edits.without[Known.secWebSocketAccept] = 1;
  edits.without[Known.contentLength] = 1;
  add(edits, route?.responseEdits);
  return edits;
}

/** Those of the scope, with nothing left of the head before. */
function freshEdits({ edits }: HttpScope): SharedEdits {
  edits.without.set(OF_ONE_HOP);
  edits.withoutNames = undefined;
  // Cut to no length it would lose its room.
  while (edits.added.length > 0) edits.added.pop();
  return edits;
}

function add(edits: SharedEdits, more: HeadEdits | undefined): void {
  if (more === undefined) return;
  for (let known = 0; known < more.without.length; known++) if (more.without[known] === 1) edits.without[known] = 1;
  edits.withoutNames = more.withoutNames;
  for (const text of more.added) edits.added.push(text);
}

function replace(edits: SharedEdits, known: Known, name: string, value: string): void {
  edits.without[known] = 1;
  edits.added.push(name, value);
}

function takesTrailers(head: RequestHead): boolean {
  return /(?:^|[, ])trailers(?:$|[ ,;])/i.test(head.get(Known.te) ?? '');
}
