/**
 * The fields that a proxy itself looks at, by number: codecs find them while they read a head, so
 * that nobody compares names later. All others are `other`.
 */
export const Known = {
  other: 0,
  host: 1,
  connection: 2,
  contentLength: 3,
  transferEncoding: 4,
  upgrade: 5,
  te: 6,
  trailer: 7,
  keepAlive: 8,
  proxyConnection: 9,
  expect: 10,
  via: 11,
  forwarded: 12,
  xForwardedFor: 13,
  xForwardedProto: 14,
  xForwardedHost: 15,
  xRequestId: 16,
  http2Settings: 17,
  contentType: 18,
  grpcTimeout: 19,
  date: 20,
  server: 21,
  secWebSocketKey: 22,
  secWebSocketAccept: 23,
  grpcStatus: 24,
  /** No name: a field that `Connection` names, for this hop alone. */
  hop: 25,
} as const;
export type Known = (typeof Known)[keyof typeof Known];

/** Names in lower case, by number. */
export const KNOWN_NAMES: readonly string[] = [
  '',
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'upgrade',
  'te',
  'trailer',
  'keep-alive',
  'proxy-connection',
  'expect',
  'via',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-request-id',
  'http2-settings',
  'content-type',
  'grpc-timeout',
  'date',
  'server',
  'sec-websocket-key',
  'sec-websocket-accept',
  'grpc-status',
  '',
];

/** Fields that say where a message ends or goes: what stands behind it under their names is dropped. RFC 9110, section 6.5.1. */
export const NEVER_TRAILERS: ReadonlySet<Known> = new Set([
  ...[
    Known.host,
    Known.connection,
    Known.contentLength,
    Known.transferEncoding,
    Known.upgrade,
    Known.te,
    Known.trailer,
  ],
  ...[Known.keepAlive, Known.proxyConnection, Known.expect, Known.http2Settings, Known.contentType],
]);

/** A mark (1) for each of these numbers, as `HeadEdits.without` has them. */
export function marksOf(...numbers: readonly Known[]): Uint8Array {
  const marks = new Uint8Array(KNOWN_NAMES.length);
  for (const number of numbers) marks[number] = 1;
  return marks;
}
