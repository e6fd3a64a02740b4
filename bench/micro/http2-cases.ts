import { systemClock } from '../../src/core/clock.ts';
import { Http2Connection } from '../../src/dataplane/codec/http2/connection.ts';
import { FrameReader, type FrameSink } from '../../src/dataplane/codec/http2/frame-reader.ts';
import type { Http2Head } from '../../src/dataplane/codec/http2/head.ts';
import { HeadReader } from '../../src/dataplane/codec/http2/head-reader.ts';
import { HpackDecoder } from '../../src/dataplane/codec/http2/hpack/decoder.ts';
import { HpackEncoder } from '../../src/dataplane/codec/http2/hpack/encoder.ts';
import type { Http2Owner } from '../../src/dataplane/codec/http2/owner.ts';
import type { Http2Stream, StreamHandler } from '../../src/dataplane/codec/http2/stream.ts';
import type { ByteSink } from '../../src/dataplane/message/frame.ts';
import { Known } from '../../src/dataplane/message/http-fields.ts';
import type { HeadEdits } from '../../src/dataplane/message/http-head.ts';
import { conversation, type Exchange, GET, GRPC, PeerEncoder, requestId } from './http2-traffic.ts';
import type { Case } from './time-it.ts';

/** Of one connection, whose tables are warm after the first few. */
const EXCHANGES = 800;
const LIMITS = {
  maxStreams: 100,
  streamWindow: 65_535,
  connectionWindow: 1 << 20,
  maxHeaderList: 65_536,
  maxFields: 100,
};

/** HTTP/2's share of a request that is passed on: two connections, two streams, two heads each read and written. */
export function http2Cases(): Case[] {
  return [
    relay('HTTP/2, gRPC call passed on', GRPC),
    relay('HTTP/2, GET passed on', GET),
    decode('HPACK, gRPC request read and judged', GRPC),
    decode('HPACK, GET read and judged', GET),
    encode('HPACK, gRPC request written', GRPC),
    encode('HPACK, GET written', GET),
    readFrames('HTTP/2 frames of a gRPC request read', GRPC),
  ];
}

function relay(name: string, exchange: Exchange): Case {
  const chunks = conversation(exchange, EXCHANGES);
  return {
    name,
    unit: 'request',
    units: EXCHANGES,
    run() {
      const proxy = new Relay();
      for (const { from, bytes } of chunks) {
        (from === 'caller' ? proxy.caller : proxy.endpoint).read(bytes, 0, bytes.length);
        proxy.callerOut.used = proxy.endpointOut.used = 0;
      }
      if (proxy.done !== EXCHANGES) throw new Error(`${name}: ${proxy.done} of ${EXCHANGES} were answered`);
    },
  };
}

class Out implements ByteSink {
  readonly target = Buffer.allocUnsafeSlow(1 << 16);
  used = 0;

  reserve(length: number): number {
    const at = this.used;
    this.used += length;
    return at;
  }
}

function fail(error: Error): never {
  throw error;
}

function unexpected(): never {
  throw new Error('a request from an endpoint');
}

/** As little of a proxy as carries requests from one connection to the other. */
class Relay implements Http2Owner {
  readonly backlogged = false;
  readonly callerOut = new Out();
  readonly endpointOut = new Out();
  readonly caller: Http2Connection;
  readonly endpoint: Http2Connection;
  done = 0;

  constructor() {
    const silent = { backlogged: false, onGoaway: () => {}, onSettings: () => {} };
    this.caller = new Http2Connection('server', LIMITS, this, systemClock);
    const endpoint = { ...silent, out: () => this.endpointOut, onRequest: unexpected, onFailed: fail };
    this.endpoint = new Http2Connection('client', LIMITS, endpoint, systemClock);
    this.caller.begin();
    this.endpoint.begin();
  }

  out(): ByteSink {
    return this.callerOut;
  }

  onRequest(stream: Http2Stream, head: Http2Head, endStream: boolean): StreamHandler {
    const answer = new Passage(this, stream, true);
    const sent = this.endpoint.openRequest(head, undefined, undefined, edits(this.done), endStream, answer);
    answer.from = sent;
    const question = new Passage(this, sent, false);
    question.from = stream;
    return question;
  }

  onGoaway(): void {}
  onSettings(): void {}
  onFailed(error: Error): void {
    fail(error);
  }
}

const WITHOUT = new Uint8Array(64);
WITHOUT[Known.xRequestId] = WITHOUT[Known.via] = 1;
const IDS = Array.from({ length: 1024 }, (_, i) => requestId(i));
const NO_FIELDS: readonly string[] = [];

function edits(i: number): HeadEdits {
  const added = ['via', '2 weft', 'x-request-id', IDS[i & 1023]!];
  return { without: WITHOUT, withoutNames: undefined, added };
}

const RESPONSE_EDITS: HeadEdits = { without: WITHOUT, withoutNames: undefined, added: ['via', '2 weft'] };

/** One direction of an exchange: what comes on one stream goes out on the other, its end behind it. */
class Passage implements StreamHandler {
  /** Where the content comes from, to give room back; undefined until it is known. */
  from: Http2Stream | undefined;
  readonly #to: Http2Stream;
  readonly #relay: Relay;
  readonly #isAnswer: boolean;
  #trailers = NO_FIELDS;
  #ended = false;

  constructor(proxy: Relay, to: Http2Stream, isAnswer: boolean) {
    this.#relay = proxy;
    this.#to = to;
    this.#isAnswer = isAnswer;
  }

  onHead(head: Http2Head, endStream: boolean): void {
    this.#to.sendResponse(head.status, head, RESPONSE_EDITS, endStream);
  }
  onData(bytes: Buffer, start: number, end: number, last: boolean): void {
    this.#ended = last;
    this.#to.sendData(bytes, start, end, last);
    this.from?.passed(end - start);
  }
  onTrailers(fields: readonly string[]): void {
    this.#trailers = fields;
  }
  onEnd(): void {
    if (this.#isAnswer) this.#relay.done++;
    if (this.#trailers.length > 0) this.#to.sendTrailers(this.#trailers);
    else if (!this.#ended) this.#to.sendData(NOTHING, 0, 0, true);
  }
  onReset(code: number): void {
    throw new Error(`a stream was reset with ${code}`);
  }
  onWritable(): void {}
  onClosed(): void {}
}

const NOTHING = Buffer.alloc(0);

function decode(name: string, exchange: Exchange): Case {
  const encoder = new PeerEncoder();
  const blocks = Array.from({ length: EXCHANGES }, (_, i) => encoder.block(exchange.request(i)));
  return {
    name,
    unit: 'head',
    units: EXCHANGES,
    run() {
      const decoder = new HpackDecoder();
      const reader = new HeadReader();
      for (const block of blocks) {
        reader.begin('request');
        decoder.decode(block, 0, block.length, 65_536, reader);
        if (reader.finish(false) === undefined) throw new Error(reader.malformed);
      }
    },
  };
}

function encode(name: string, exchange: Exchange): Case {
  const heads = Array.from({ length: EXCHANGES }, (_, i) => exchange.request(i));
  return {
    name,
    unit: 'head',
    units: EXCHANGES,
    run() {
      const encoder = new HpackEncoder();
      for (const head of heads) {
        encoder.begin();
        for (const field of head) encoder.field(field[0], field[1], false);
        if (encoder.finish().length === 0) throw new Error('an empty block');
      }
    },
  };
}

function readFrames(name: string, exchange: Exchange): Case {
  const chunks = conversation(exchange, EXCHANGES).filter(({ from }) => from === 'endpoint');
  let seen = 0;
  const sink: FrameSink = {
    onDataStart: () => {},
    onData: () => {},
    onDataEnd: () => {},
    onHeaders: () => void seen++,
    onRstStream: () => {},
    onSettings: () => {},
    onSettingsAck: () => {},
    onPing: () => {},
    onGoaway: () => {},
    onWindowUpdate: () => {},
    onIgnored: () => {},
    onStreamError: () => {},
  };
  return {
    name,
    unit: 'response',
    units: EXCHANGES,
    run() {
      seen = 0;
      const reader = new FrameReader(sink, { maxHeaderBlock: 65_536, maxContinuations: 8 });
      for (const { bytes } of chunks) reader.read(bytes, 0, bytes.length);
      if (seen < EXCHANGES) throw new Error(`${name}: ${seen} heads`);
    },
  };
}
