/** What a content type says of a body. */
export const GrpcKind = {
  none: 0,
  grpc: 1,
  /** gRPC for browsers, with its trailers in the body. */
  web: 2,
  /** The same in base64. */
  webText: 3,
} as const;
export type GrpcKind = (typeof GrpcKind)[keyof typeof GrpcKind];

const PREFIX = 'application/grpc';
/** Where `application/` ends. */
const SUBTYPE = 12;

/**
 * Tells gRPC by the content type of a request or a response: `application/grpc`, `-web` or `-web-text` behind it, then
 * perhaps the format of the messages (`+proto`) and parameters. Sources: gRPC's PROTOCOL-HTTP2.md and PROTOCOL-WEB.md.
 */
export function grpcKind(contentType: string | undefined): GrpcKind {
  // One look is enough for nearly all that is not gRPC.
  if (contentType === undefined || (contentType.charCodeAt(SUBTYPE) | 0x20) !== 0x67) return GrpcKind.none;
  let at = pass(contentType, 0, PREFIX);
  if (at === 0) return GrpcKind.none;
  if (ends(contentType, at)) return GrpcKind.grpc;
  const web = pass(contentType, at, '-web');
  if (web === at) return GrpcKind.none;
  if (ends(contentType, web)) return GrpcKind.web;
  at = pass(contentType, web, '-text');
  if (at === web) return GrpcKind.none;
  // The one encoding of text that there is may be named.
  return ends(contentType, pass(contentType, at, '-base64')) ? GrpcKind.webText : GrpcKind.none;
}

/** `+proto` of `application/grpc-web+proto; a=b`, as it came; '' when no format is named. */
export function messageFormat(contentType: string): string {
  const plus = contentType.indexOf('+');
  if (plus < 0) return '';
  let end = plus + 1;
  while (end < contentType.length && !isDelimiter(contentType.charCodeAt(end))) end++;
  // A plus in a parameter names no format.
  const parameters = contentType.indexOf(';');
  return parameters >= 0 && parameters < plus ? '' : contentType.slice(plus, end);
}

/** Where `text` goes on behind `word`, which is in lower case and stands at `at` in any case; else `at`. */
function pass(text: string, at: number, word: string): number {
  for (let i = 0; i < word.length; i++) {
    const code = text.charCodeAt(at + i);
    const lower = code >= 65 && code <= 90 ? code | 0x20 : code;
    if (lower !== word.charCodeAt(i)) return at;
  }
  return at + word.length;
}

/** Whether the name of the type ends at `at`: only its format and parameters follow. */
function ends(text: string, at: number): boolean {
  return at === text.length || text.charCodeAt(at) === 0x2b || isDelimiter(text.charCodeAt(at));
}

/** `;`, or a blank before it. */
function isDelimiter(code: number): boolean {
  return code === 0x3b || code === 0x20 || code === 0x09;
}
