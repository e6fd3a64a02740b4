import * as frames from '../../src/dataplane/codec/http2/frame-writer.ts';
import { huffmanEncode, huffmanLength } from '../../src/dataplane/codec/http2/hpack/huffman.ts';
import { STATIC_LENGTH, STATIC_NAMES, STATIC_VALUES } from '../../src/dataplane/codec/http2/hpack/static-table.ts';
import { PREFACE } from '../../src/dataplane/codec/http2/protocol.ts';
import { BufferSink } from '../../src/dataplane/message/buffer-sink.ts';

/** What one read brings, and of whom. */
export type Chunk = { from: 'caller' | 'endpoint'; bytes: Buffer };

export type Fields = readonly (readonly [name: string, value: string])[];

export type Exchange = {
  request: (i: number) => Fields;
  requestBody: number;
  response: (i: number) => Fields;
  responseBody: number;
  trailers: Fields;
};

const BATCH = 8;

/** gRPC's unary call as grpc-js makes it, with a deadline and a request id that differ each time. */
export const GRPC: Exchange = {
  request: (i) => [
    [':method', 'POST'],
    [':scheme', 'http'],
    [':authority', 'shop.example.com:8080'],
    [':path', '/shop.v1.Orders/GetOrder'],
    ['content-type', 'application/grpc'],
    ['user-agent', 'grpc-node-js/1.14.0'],
    ['te', 'trailers'],
    ['grpc-accept-encoding', 'identity,deflate,gzip'],
    ['grpc-timeout', `${4900 + (i % 100)}m`],
    ['x-request-id', requestId(i)],
  ],
  requestBody: 25,
  response: () => [
    [':status', '200'],
    ['content-type', 'application/grpc+proto'],
    ['grpc-encoding', 'identity'],
    ['server', 'orders'],
  ],
  responseBody: 40,
  trailers: [
    ['grpc-status', '0'],
    ['grpc-message', ''],
  ],
};

/** A GET as h2load makes it. */
export const GET: Exchange = {
  request: (i) => [
    [':path', `/api/v1/items/${100_000 + (i % 1000)}`],
    [':scheme', 'http'],
    [':authority', '127.0.0.1:8080'],
    [':method', 'GET'],
    ['user-agent', 'h2load nghttp2/1.52.0'],
  ],
  requestBody: 0,
  response: (i) => [
    [':status', '200'],
    ['server', 'nginx'],
    ['date', `Tue, 24 Nov 2026 16:48:${10 + (Math.floor(i / 200) % 50)} GMT`],
    ['content-type', 'text/plain'],
    ['content-length', '120'],
  ],
  responseBody: 120,
  trailers: [],
};

/** An id as proxies make it. */
export function requestId(i: number): string {
  const digits = ((i + 1) * 2_654_435_761).toString(16).padStart(12, '0').slice(-12);
  return `5f0c1a7e-93b4-4c1d-8a2f-${digits}`;
}

/** What the two peers of a proxy send for `count` exchanges, eight at once, on one connection each. */
export function conversation(exchange: Exchange, count: number): Chunk[] {
  const [caller, endpoint] = [new PeerEncoder(), new PeerEncoder()];
  const greeting = written((out) => {
    frames.writeSettings(out, []);
    frames.writeSettingsAck(out);
    frames.writeWindowUpdate(out, 0, 1 << 24);
  });
  const chunks: Chunk[] = [
    { from: 'caller', bytes: Buffer.concat([PREFACE, greeting]) },
    { from: 'endpoint', bytes: greeting },
  ];
  for (let first = 0; first < count; first += BATCH) {
    const requests = written((out) => {
      for (let i = first; i < first + BATCH; i++) writeRequest(out, caller, exchange, i);
    });
    const responses = written((out) => {
      for (let i = first; i < first + BATCH; i++) writeResponse(out, endpoint, exchange, i);
    });
    chunks.push({ from: 'caller', bytes: requests }, { from: 'endpoint', bytes: responses });
  }
  return chunks;
}

function writeRequest(out: BufferSink, encoder: PeerEncoder, { request, requestBody }: Exchange, i: number): void {
  const id = 2 * i + 1;
  writeHead(out, id, encoder.block(request(i)), requestBody === 0);
  if (requestBody > 0) frames.writeData(out, id, Buffer.alloc(requestBody), 0, requestBody, true);
}

function writeResponse(out: BufferSink, encoder: PeerEncoder, exchange: Exchange, i: number): void {
  const id = 2 * i + 1;
  const { response, responseBody, trailers } = exchange;
  writeHead(out, id, encoder.block(response(i)), false);
  frames.writeData(out, id, Buffer.alloc(responseBody), 0, responseBody, trailers.length === 0);
  if (trailers.length > 0) writeHead(out, id, encoder.block(trailers), true);
}

function writeHead(out: BufferSink, id: number, block: Buffer, endStream: boolean): void {
  frames.writeHeaders(out, id, block, block.length, endStream, 16_384);
}

function written(write: (out: BufferSink) => void): Buffer {
  const out = new BufferSink();
  write(out);
  return out.bytes();
}

/** Not indexed by nghttp2, or of no use there. */
const PASSING = new Set([':path', 'content-length', 'grpc-timeout', 'x-request-id']);

/** Writes blocks as nghttp2 does, in Huffman's code; apart from the encoder that is measured. */
export class PeerEncoder {
  readonly #dynamic: string[] = [];

  block(fields: Fields): Buffer {
    return Buffer.concat(fields.map(([name, value]) => this.#field(name, value)));
  }

  #field(name: string, value: string): Buffer {
    const full = STATIC_NAMES.findIndex((other, i) => i > 0 && other === name && STATIC_VALUES[i] === value);
    if (full > 0) return Buffer.of(0x80 | full);
    const dynamic = this.#dynamic.lastIndexOf(`${name} ${value}`);
    if (dynamic >= 0) return Buffer.of(0x80 | (STATIC_LENGTH + this.#dynamic.length - dynamic));
    const indexed = !PASSING.has(name);
    if (indexed) this.#dynamic.push(`${name} ${value}`);
    const known = Math.max(0, STATIC_NAMES.indexOf(name));
    const prefix = indexed ? Buffer.of(0x40 | known) : known < 15 ? Buffer.of(known) : Buffer.of(15, known - 15);
    return Buffer.concat([prefix, known === 0 ? text(name) : Buffer.alloc(0), text(value)]);
  }
}

function text(value: string): Buffer {
  const coded = Buffer.alloc(huffmanLength(value));
  huffmanEncode(value, coded, 0);
  return Buffer.concat([Buffer.of(0x80 | coded.length), coded]);
}
