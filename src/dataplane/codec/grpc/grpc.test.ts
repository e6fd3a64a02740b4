import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LocalHead } from '../../message/local-head.ts';
import { OUTCOMES } from '../../message/outcome.ts';
import { GrpcKind, grpcKind, messageFormat } from './content-type.ts';
import { decodeGrpcMessage, encodeGrpcMessage } from './message.ts';
import { grpcFailure, grpcStatusIn, grpcStatusOfHead } from './reply.ts';
import { GrpcStatus, grpcStatusOf, grpcStatusOfHttp, parseGrpcStatus } from './status.ts';
import { formatGrpcTimeout, parseGrpcTimeout } from './timeout.ts';

const CONTENT_TYPES: readonly (readonly [string | undefined, GrpcKind])[] = [
  [undefined, GrpcKind.none],
  ['', GrpcKind.none],
  ['application/json', GrpcKind.none],
  ['application/g', GrpcKind.none],
  ['application/graphql', GrpcKind.none],
  ['application/grpcx', GrpcKind.none],
  ['application/grpc-', GrpcKind.none],
  ['application/grpc-web-', GrpcKind.none],
  ['application/grpc-webtext', GrpcKind.none],
  ['application/grpc-web-text-utf8', GrpcKind.none],
  ['pplication//grpc', GrpcKind.none],
  ['application/grpc', GrpcKind.grpc],
  ['Application/GRPC', GrpcKind.grpc],
  ['application/grpc+proto', GrpcKind.grpc],
  ['application/grpc+json; charset=utf-8', GrpcKind.grpc],
  ['application/grpc;a=b', GrpcKind.grpc],
  ['application/grpc ; a=b', GrpcKind.grpc],
  ['application/grpc-web', GrpcKind.web],
  ['application/grpc-web+proto', GrpcKind.web],
  ['application/grpc-web;a=b', GrpcKind.web],
  ['application/grpc-web-text', GrpcKind.webText],
  ['application/grpc-web-text+proto', GrpcKind.webText],
  ['Application/gRPC-Web-Text+proto', GrpcKind.webText],
  ['application/grpc-web-text-base64', GrpcKind.webText],
];

test('gRPC is told by its content types, and by nothing that only looks like them', () => {
  for (const [contentType, kind] of CONTENT_TYPES) assert.equal(grpcKind(contentType), kind, String(contentType));
});

test('a content type names the format of its messages', () => {
  assert.equal(messageFormat('application/grpc'), '');
  assert.equal(messageFormat('application/grpc+proto'), '+proto');
  assert.equal(messageFormat('application/grpc-web-text+json; a=b'), '+json');
  assert.equal(messageFormat('application/grpc ; a="b+c"'), '');
});

const TIMEOUTS: readonly (readonly [string, number | undefined])[] = [
  ['1H', 3_600_000],
  ['2M', 120_000],
  ['10S', 10_000],
  ['250m', 250],
  ['1500u', 1.5],
  ['3u', 0.003],
  ['100n', 0.0001],
  ['00000001S', 1000],
  ['0m', 0],
  ['99999999H', 99_999_999 * 3_600_000],
  ['100000000m', undefined],
  ['', undefined],
  ['S', undefined],
  ['1', undefined],
  ['1s', undefined],
  ['1h', undefined],
  ['1U', undefined],
  ['-1S', undefined],
  ['+1S', undefined],
  ['1.5S', undefined],
  [' 1S', undefined],
  ['1S ', undefined],
  ['1 S', undefined],
  ['1e3m', undefined],
];

test('a deadline is read in each unit, and nothing else is one', () => {
  for (const [value, ms] of TIMEOUTS) assert.equal(parseGrpcTimeout(value), ms, value);
});

test('a deadline is written in the finest unit that has room', () => {
  const written: readonly (readonly [number, string])[] = [
    [250, '250000u'],
    [1.2345, '1234u'],
    [0.001, '1u'],
    [0.0005, '1n'],
    [0, '1n'],
    [-5, '1n'],
    [Number.NaN, '1n'],
    [99_999.999, '99999999u'],
    [100_000, '100000m'],
    [99_999_999, '99999999m'],
    [100_000_000, '100000S'],
    [1e11, '1666666M'],
    [1e13, '2777777H'],
    [Number.POSITIVE_INFINITY, '99999999H'],
  ];
  for (const [ms, value] of written) assert.equal(formatGrpcTimeout(ms), value, String(ms));
});

test('a deadline that is passed on is never longer, and hardly shorter', () => {
  const anyMs = fc.oneof(
    fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
    fc.double({ min: 1, max: 1e14, noNaN: true }),
  );
  fc.assert(
    fc.property(anyMs, (ms) => {
      const value = formatGrpcTimeout(ms);
      assert.match(value, /^\d{1,8}[HMSmun]$/);
      const read = parseGrpcTimeout(value)!;
      // The last digit of a binary fraction may be rounded up.
      assert.ok(read <= ms * (1 + Number.EPSILON), `${value} is longer than ${ms}`);
      assert.ok(ms - read <= Math.max(0.001, ms / 1e4), `${value} is much shorter than ${ms}`);
    }),
  );
});

test('messages are percent-encoded as the specification wants it', () => {
  const messages: readonly (readonly [string, string])[] = [
    ['no route', 'no route'],
    ['100 %', '100 %25'],
    ['a\r\nb', 'a%0D%0Ab'],
    [' both ends ', '%20both ends%20'],
    ['caf\u00e9 \u{1f600}', 'caf%C3%A9 %F0%9F%98%80'],
    ['~\u007f', '~%7F'],
    ['', ''],
  ];
  for (const [text, value] of messages) {
    assert.equal(encodeGrpcMessage(text), value);
    assert.equal(decodeGrpcMessage(value), text);
  }
});

test('a badly encoded message is read as far as it goes', () => {
  assert.equal(decodeGrpcMessage('50% of %zz, %4'), '50% of %zz, %4');
  assert.equal(decodeGrpcMessage('%41%e4'), 'A\ufffd');
  assert.equal(decodeGrpcMessage('caf\u00c3\u00a9'), 'caf\u00e9');
});

test('any message comes out as it went in, and is always a field value', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const value = encodeGrpcMessage(text);
      assert.match(value, /^([!-~]([ -~]*[!-~])?)?$/);
      assert.equal(decodeGrpcMessage(value), text);
    }),
  );
});

test('a status is one or two digits of those that there are', () => {
  for (const status of Object.values(GrpcStatus)) assert.equal(parseGrpcStatus(String(status)), status);
  for (const value of ['', '17', '99', '-1', '1x', 'x1', '001', '1 ', ':']) {
    assert.equal(parseGrpcStatus(value), GrpcStatus.unknown, value);
  }
});

test('plain HTTP responses mean what the specification says', () => {
  const meanings: Readonly<Record<number, GrpcStatus>> = {
    200: 2,
    400: 13,
    401: 16,
    403: 7,
    404: 12,
    413: 2,
    429: 14,
    431: 13,
    500: 2,
    502: 14,
    503: 14,
    504: 14,
  };
  for (const [http, status] of Object.entries(meanings)) assert.equal(grpcStatusOfHttp(Number(http)), status, http);
});

test('every local failure has a status of its own', () => {
  for (const code of OUTCOMES.slice(OUTCOMES.indexOf('timeout'))) {
    assert.ok(grpcStatusOf(code) > GrpcStatus.unknown, code);
  }
  assert.equal(grpcStatusOf('no_route'), GrpcStatus.unimplemented);
  assert.equal(grpcStatusOf('timeout'), GrpcStatus.deadlineExceeded);
  assert.equal(grpcStatusOf('toString'), GrpcStatus.unknown);
});

test('a local failure is a whole response', () => {
  const fields = grpcFailure(GrpcStatus.unavailable, 'no endpoint of caf\u00e9');
  assert.deepEqual(fields, [
    ...['content-type', 'application/grpc'],
    ...['grpc-status', '14'],
    ...['grpc-message', 'no endpoint of caf%C3%A9'],
  ]);
  assert.deepEqual(grpcFailure(GrpcStatus.internal, '', 'application/grpc-web+proto'), [
    ...['content-type', 'application/grpc-web+proto'],
    ...['grpc-status', '13'],
  ]);
});

test('the outcome of a call is read out of trailers, or of a head that has none behind it', () => {
  assert.equal(grpcStatusIn(['a', 'grpc-status', 'grpc-status', '5']), GrpcStatus.notFound);
  assert.equal(grpcStatusIn(['Grpc-Status', '0', 'grpc-status', '5']), GrpcStatus.ok);
  assert.equal(grpcStatusIn(['grpc-message', 'x']), undefined);
  assert.equal(grpcStatusOfHead(new LocalHead(200, ['grpc-status', '7'])), GrpcStatus.permissionDenied);
  assert.equal(grpcStatusOfHead(new LocalHead(200, ['content-type', '7'])), undefined);
});
