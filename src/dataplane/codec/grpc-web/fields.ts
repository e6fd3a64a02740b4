import { Known } from '../../message/http-fields.ts';
import type { FieldList, ResponseHead } from '../../message/http-head.ts';
import type { OpenEdits } from '../../message/open-edits.ts';
import { GrpcKind, grpcKind, messageFormat } from '../grpc/content-type.ts';
import type { WebRequestBody, WebResponseBody } from './body.ts';
import { BinaryRequestBody, TextRequestBody } from './request-body.ts';
import { BinaryResponseBody, TextResponseBody } from './response-body.ts';

const ACCEPT_ENCODING = 'grpc-accept-encoding';

/** A call of grpc-web, which the upstream gets as gRPC: what its request asks for. */
export interface WebCall {
  readonly requestBody: WebRequestBody;
  /** In what kind the caller wants the response. */
  readonly responseKind: typeof GrpcKind.web | typeof GrpcKind.webText;
}

/**
 * Makes the head of a request of gRPC out of one of grpc-web. All else in it stays, `x-grpc-web` and `accept` with it:
 * to a server of gRPC they are metadata.
 *
 * @returns undefined, with nothing edited, when it is none.
 */
export function openWebCall(head: FieldList, edits: OpenEdits): WebCall | undefined {
  const contentType = head.get(Known.contentType);
  const kind = grpcKind(contentType);
  if (contentType === undefined || (kind !== GrpcKind.web && kind !== GrpcKind.webText)) return undefined;
  const { without, added } = edits;
  without[Known.contentType] = 1;
  without[Known.te] = 1;
  // gRPC finds the proxies by it that would lose its trailers.
  added.push('content-type', `application/grpc${messageFormat(contentType)}`, 'te', 'trailers');
  if (valueOf(head, ACCEPT_ENCODING) === undefined) added.push(ACCEPT_ENCODING, 'identity');
  if (kind === GrpcKind.web) return { requestBody: new BinaryRequestBody(), responseKind: wanted(head, kind) };
  without[Known.contentLength] = 1;
  return { requestBody: new TextRequestBody(), responseKind: wanted(head, kind) };
}

/**
 * Makes the head of a response of grpc-web out of one of gRPC.
 *
 * @returns undefined, with nothing edited, when it is none: a response of plain HTTP, which the caller understands as
 *   it is. A response that ends with its head has its status in it, in grpc-web as in gRPC.
 */
export function openWebResponse(head: ResponseHead, call: WebCall, edits: OpenEdits): WebResponseBody | undefined {
  const contentType = head.get(Known.contentType);
  if (contentType === undefined || grpcKind(contentType) !== GrpcKind.grpc) return undefined;
  const { without, added } = edits;
  without[Known.contentType] = 1;
  without[Known.contentLength] = 1;
  without[Known.trailer] = 1;
  added.push('content-type', webContentType(call, messageFormat(contentType)));
  return call.responseKind === GrpcKind.web ? new BinaryResponseBody() : new TextResponseBody();
}

/** The content type of a response; `+proto` is what no format means. */
export function webContentType(call: WebCall, format: string): string {
  const type = call.responseKind === GrpcKind.web ? 'application/grpc-web' : 'application/grpc-web-text';
  return type + (format === '' ? '+proto' : format);
}

/** The first kind that `accept` names; the request's own when it names none. */
function wanted(head: FieldList, own: WebCall['responseKind']): WebCall['responseKind'] {
  const accept = valueOf(head, 'accept');
  if (accept === undefined) return own;
  for (const type of accept.split(',')) {
    const kind = grpcKind(type.trim());
    if (kind === GrpcKind.web || kind === GrpcKind.webText) return kind;
  }
  return own;
}

/** Of a name that is not among the known ones, in lower case. */
function valueOf(head: FieldList, name: string): string | undefined {
  for (let field = 0; field < head.count; field++) {
    if (head.knownAt(field) === Known.other && head.name(field).toLowerCase() === name) return head.value(field);
  }
  return undefined;
}
