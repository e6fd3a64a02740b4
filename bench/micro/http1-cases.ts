import { BodyReader, type BodySink } from '../../src/dataplane/codec/http1/body.ts';
import { CHUNKED } from '../../src/dataplane/codec/http1/framing.ts';
import { HeadParser } from '../../src/dataplane/codec/http1/head-parser.ts';
import type { Case } from './time-it.ts';

const HEADS = 200;
const CHUNKS = 500;

const REQUEST = [
  'GET /api/v1/items/100123?currency=EUR HTTP/1.1',
  'Host: shop.example.com:8080',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  'Accept: application/json, text/plain, */*',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Connection: keep-alive',
  'X-Request-Id: 5f0c1a7e-93b4-4c1d-8a2f-9e3779b1abcd',
];
const RESPONSE = [
  'HTTP/1.1 200 OK',
  'Server: nginx/1.22.1',
  'Date: Tue, 24 Nov 2026 16:48:10 GMT',
  'Content-Type: application/json; charset=utf-8',
  'Content-Length: 120',
  'Connection: keep-alive',
  'ETag: "5f0c1a7e-78"',
];

/** HTTP/1's share of a request: a head each way, and bodies that come in chunks. */
export function http1Cases(): Case[] {
  return [
    head('HTTP/1 request head of 6 fields read', 'request', REQUEST),
    head('HTTP/1 response head of 6 fields read', 'response', RESPONSE),
    chunked('HTTP/1 chunk of 100 octets read', 100),
    chunked('HTTP/1 chunk of 8 octets read', 8),
  ];
}

function head(name: string, kind: 'request' | 'response', lines: readonly string[]): Case {
  const one = `${lines.join('\r\n')}\r\n\r\n`;
  const bytes = Buffer.from(one.repeat(HEADS), 'latin1');
  const parser = new HeadParser(kind, { maxHead: 65_536, maxFields: 100 });
  return {
    name,
    unit: 'head',
    units: HEADS,
    run() {
      let at = 0;
      for (let i = 0; i < HEADS; i++) {
        parser.reset();
        at = parser.parse(bytes, at, bytes.length);
      }
      if (at !== bytes.length) throw new Error(`${name}: stopped at ${at}`);
    },
  };
}

function chunked(name: string, size: number): Case {
  const one = `${size.toString(16)}\r\n${'x'.repeat(size)}\r\n`;
  const bytes = Buffer.from(`${one.repeat(CHUNKS)}0\r\n\r\n`, 'latin1');
  let octets = 0;
  const sink: BodySink = {
    onData: (_bytes, start, end) => void (octets += end - start),
    onTrailer: () => {},
  };
  const reader = new BodyReader({ maxTrailers: 1024 });
  return {
    name,
    unit: 'chunk',
    units: CHUNKS,
    run() {
      octets = 0;
      reader.begin(CHUNKED);
      reader.read(bytes, 0, bytes.length, sink);
      if (!reader.done || octets !== CHUNKS * size) throw new Error(`${name}: ${octets} octets`);
    },
  };
}
