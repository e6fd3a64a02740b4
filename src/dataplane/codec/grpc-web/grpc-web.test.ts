import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Known, KNOWN_NAMES } from '../../message/http-fields.ts';
import type { ResponseHead } from '../../message/http-head.ts';
import { HttpRefusal } from '../../message/http-refusal.ts';
import { GrpcKind } from '../grpc/content-type.ts';
import type { WebRequestBody, WebResponseBody } from './body.ts';
import { openWebCall, openWebResponse, type WebCall } from './fields.ts';
import { BinaryRequestBody, TextRequestBody } from './request-body.ts';
import { BinaryResponseBody, TextResponseBody } from './response-body.ts';

/** Gathers what a body becomes. */
class Gathered {
  readonly pieces: Buffer[] = [];

  onData(bytes: Buffer, start: number, end: number): void {
    assert.ok(start < end, 'nothing is handed on as something');
    this.pieces.push(Buffer.from(bytes.subarray(start, end)));
  }

  get bytes(): Buffer {
    return Buffer.concat(this.pieces);
  }
}

/** Gives `bytes` to `push` in pieces that end at `cuts`, each somewhere inside a larger buffer. */
function inPieces(
  bytes: Buffer,
  cuts: readonly number[],
  push: (bytes: Buffer, start: number, end: number) => void,
): void {
  const ends = [...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
  let from = 0;
  for (const end of ends) {
    const around = Buffer.concat([Buffer.from('=='), bytes.subarray(from, end), Buffer.from('??')]);
    if (end > from) push(around, 2, around.length - 2);
    from = end;
  }
}

function readRequest(body: WebRequestBody, bytes: Buffer, cuts: readonly number[] = []): string {
  const gathered = new Gathered();
  inPieces(bytes, cuts, (piece, start, end) => body.push(piece, start, end, gathered));
  body.end();
  return gathered.bytes.toString('latin1');
}

function writeResponse(
  body: WebResponseBody,
  bytes: Buffer,
  trailers: readonly string[],
  cuts: readonly number[] = [],
): Gathered {
  const gathered = new Gathered();
  inPieces(bytes, cuts, (piece, start, end) => body.push(piece, start, end, gathered));
  body.end(trailers, gathered);
  return gathered;
}

/** Every cut of a text: into two pieces, and into single octets. */
function allCuts(length: number): number[][] {
  const cuts = Array.from({ length }, (_, at) => at);
  return [...cuts.map((cut) => [cut]), cuts];
}

const text = (octets: string): Buffer => Buffer.from(octets, 'latin1');
const message = (octets: string): Buffer => Buffer.concat([Buffer.from([0, 0, 0, 0, octets.length]), text(octets)]);

test('a request in base64 is decoded wherever it is cut, with padding anywhere', () => {
  const encoded = text('AAAAAAJoaQ==AAAAAAE/YQ==AA==AA==AAAA');
  const decoded = '\0\0\0\0\x02hi\0\0\0\0\x01?a\0\0\0\0\0';
  assert.equal(readRequest(new TextRequestBody(), encoded), decoded);
  for (const cuts of allCuts(encoded.length)) assert.equal(readRequest(new TextRequestBody(), encoded, cuts), decoded);
});

test('a request without a body has none', () => {
  assert.equal(readRequest(new TextRequestBody(), text('')), '');
});

const BAD_BASE64: readonly string[] = [
  ...['A', 'AA', 'AAA', 'AAA=AA', 'AA='],
  ...['=', '====', 'A===', 'AA=A', 'AAA==', 'AAAA='],
  ...['AA A', 'AAAA\r\n', '\nAAAA', 'AA-_', 'AA\xffA', 'AA\0A'],
  // Bits that no octet has: two texts would be one.
  ...['AB==', 'AAB='],
];

test('a request that is no base64 is refused, wherever it is cut', () => {
  for (const encoded of BAD_BASE64) {
    for (const cuts of [[], ...allCuts(encoded.length)]) {
      const refused = (error: unknown): boolean => error instanceof HttpRefusal && error.status === 400;
      assert.throws(() => readRequest(new TextRequestBody(), text(encoded), cuts), refused, JSON.stringify(encoded));
      assert.throws(() => readRequest(new TextRequestBody(), text(`AAAA${encoded}`), cuts), refused);
    }
  }
});

test('any request comes out of base64 as it went in', () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 10 });
  fc.assert(
    fc.property(pieces, fc.array(fc.nat(600), { maxLength: 20 }), (parts, cuts) => {
      const encoded = text(parts.map((part) => Buffer.from(part).toString('base64')).join(''));
      const decoded = Buffer.concat(parts).toString('latin1');
      assert.equal(readRequest(new TextRequestBody(), encoded, cuts), decoded);
      assert.equal(readRequest(new BinaryRequestBody(), Buffer.concat(parts), cuts), decoded);
    }),
  );
});

test('a large request is handed on in pieces, also where padding has put them out of step', () => {
  for (const shift of [0, 1, 2, 3]) {
    const head = Buffer.alloc(shift, 1);
    const rest = Buffer.from(Array.from({ length: 50_000 }, (_, at) => (at * 7) & 255));
    const encoded = text(head.toString('base64') + rest.toString('base64'));
    assert.equal(readRequest(new TextRequestBody(), encoded), Buffer.concat([head, rest]).toString('latin1'));
  }
});

const TRAILERS = ['Grpc-Status', '0', 'grpc-message', '', 'x-caf\u00e9', '\u00e9'];
const LINES = 'grpc-status: 0\r\ngrpc-message: \r\nx-caf\u00e9: \u00e9\r\n';
const TRAILER_FRAME = Buffer.concat([Buffer.from([0x80, 0, 0, 0, LINES.length]), text(LINES)]);

test('trailers become the last frame of a response', () => {
  const body = message('hello');
  const whole = Buffer.concat([body, TRAILER_FRAME]);
  assert.deepEqual(writeResponse(new BinaryResponseBody(), body, TRAILERS).bytes, whole);
  const encoded = writeResponse(new TextResponseBody(), body, TRAILERS).bytes.toString('latin1');
  assert.equal(encoded, body.toString('base64') + TRAILER_FRAME.toString('base64'));
});

test('a response that was over with its head has no body', () => {
  assert.deepEqual(writeResponse(new BinaryResponseBody(), Buffer.alloc(0), []).pieces, []);
  assert.deepEqual(writeResponse(new TextResponseBody(), Buffer.alloc(0), []).pieces, []);
});

test('in text each message is padded by itself and waits for nothing, wherever the body is cut', () => {
  const messages = ['', 'a', 'ab', 'abc', 'abcd', 'x'.repeat(200)].map(message);
  const body = Buffer.concat(messages);
  const expected = [...messages, TRAILER_FRAME].map((bytes) => bytes.toString('base64')).join('');
  for (const cuts of [[], ...allCuts(body.length)]) {
    assert.equal(writeResponse(new TextResponseBody(), body, TRAILERS, cuts).bytes.toString('latin1'), expected);
  }
  const sink = new Gathered();
  const response = new TextResponseBody();
  response.push(messages[2]!, 0, 7, sink);
  assert.equal(sink.bytes.toString('latin1'), messages[2]!.toString('base64'));
});

test('a response that breaks off inside a message can still say why', () => {
  const encoded = writeResponse(new TextResponseBody(), message('hello').subarray(0, 7), TRAILERS).bytes;
  assert.equal(encoded.toString('latin1'), `AAAAAAVoZQ==${TRAILER_FRAME.toString('base64')}`);
});

test('any response, read as a request is, has all octets that went in', () => {
  const cuts = fc.array(fc.nat(600), { maxLength: 20 });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), cuts, cuts, (octets, cutsIn, cutsOut) => {
      const encoded = writeResponse(new TextResponseBody(), Buffer.from(octets), TRAILERS, cutsIn).bytes;
      const whole = Buffer.concat([octets, TRAILER_FRAME]).toString('latin1');
      assert.equal(readRequest(new TextRequestBody(), encoded, cutsOut), whole);
    }),
  );
});

type Fields = readonly (readonly [string, string])[];

function headOf(fields: Fields): ResponseHead {
  const knownOf = (name: string): Known => Math.max(0, KNOWN_NAMES.indexOf(name.toLowerCase())) as Known;
  return {
    status: 200,
    reason: '',
    count: fields.length,
    knownAt: (field) => knownOf(fields[field]![0]),
    name: (field) => fields[field]![0],
    value: (field) => fields[field]![1],
    has: (known) => fields.some(([name]) => knownOf(name) === known),
    get: (known) => fields.find(([name]) => knownOf(name) === known)?.[1],
  };
}

function openCall(fields: Fields): { call: WebCall | undefined; drops: string[]; adds: string[] } {
  const edits = { without: new Uint8Array(KNOWN_NAMES.length), added: [] };
  const call = openWebCall(headOf(fields), edits);
  return { call, drops: KNOWN_NAMES.filter((_, known) => edits.without[known] === 1), adds: edits.added };
}

test('a request of grpc-web becomes one of gRPC', () => {
  const binary = openCall([
    ['content-type', 'application/grpc-web+proto'],
    ['content-length', '12'],
  ]);
  assert.deepEqual(binary.drops, ['te', 'content-type']);
  assert.deepEqual(binary.adds, [
    ...['content-type', 'application/grpc+proto'],
    ...['te', 'trailers'],
    ...['grpc-accept-encoding', 'identity'],
  ]);
  assert.equal(binary.call?.responseKind, GrpcKind.web);
  const inText = openCall([
    ['Content-Type', 'application/grpc-web-text'],
    ['Grpc-Accept-Encoding', 'gzip'],
  ]);
  assert.deepEqual(inText.drops, ['content-length', 'te', 'content-type']);
  assert.deepEqual(inText.adds, ['content-type', 'application/grpc', 'te', 'trailers']);
  assert.equal(inText.call?.responseKind, GrpcKind.webText);
});

test('a request of anything else stays as it is', () => {
  for (const type of ['application/grpc', 'application/json']) {
    assert.deepEqual(openCall([['content-type', type]]), { call: undefined, drops: [], adds: [] });
  }
  assert.deepEqual(openCall([]), { call: undefined, drops: [], adds: [] });
});

test('the caller says in what kind it wants the response', () => {
  const kinds: readonly (readonly [string, string, GrpcKind])[] = [
    ['application/grpc-web', 'application/grpc-web-text', GrpcKind.webText],
    ['application/grpc-web-text', 'application/grpc-web+proto', GrpcKind.web],
    ['application/grpc-web-text', '*/*', GrpcKind.webText],
    ['application/grpc-web', 'text/html, application/grpc-web-text;q=1, application/grpc-web', GrpcKind.webText],
  ];
  for (const [type, accept, kind] of kinds) {
    const { call } = openCall([
      ['content-type', type],
      ['Accept', accept],
    ]);
    assert.equal(call?.responseKind, kind, `${type}, ${accept}`);
  }
});

test('a response of gRPC becomes one of grpc-web, and any other stays', () => {
  const open = (type: string, upstream: string): string[] => {
    const { call } = openCall([['content-type', type]]);
    const edits = { without: new Uint8Array(KNOWN_NAMES.length), added: [] };
    const body = openWebResponse(headOf([['content-type', upstream]]), call!, edits);
    const dropped = KNOWN_NAMES.filter((_, known) => edits.without[known] === 1);
    assert.deepEqual(dropped, body === undefined ? [] : ['content-length', 'trailer', 'content-type']);
    return edits.added;
  };
  const web = 'application/grpc-web+proto';
  const webText = 'application/grpc-web-text';
  assert.deepEqual(open(web, 'application/grpc'), ['content-type', 'application/grpc-web+proto']);
  assert.deepEqual(open(web, 'application/grpc+json'), ['content-type', 'application/grpc-web+json']);
  assert.deepEqual(open(webText, 'application/grpc+proto'), ['content-type', 'application/grpc-web-text+proto']);
  assert.deepEqual(open(web, 'text/html'), []);
  assert.deepEqual(open(web, 'application/grpc-web'), []);
});
