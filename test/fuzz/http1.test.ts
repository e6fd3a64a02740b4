/** HTTP/1 that no honest peer sends, through the codec in this process: refused or read, alike however it is cut. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { connectionOptions, requestFraming, responseFraming } from '../../src/dataplane/codec/http1/framing.ts';
import type { Http1Head } from '../../src/dataplane/codec/http1/head.ts';
import { HeadWriter, newHopFields } from '../../src/dataplane/codec/http1/head-writer.ts';
import { MessageReader, type MessageSink } from '../../src/dataplane/codec/http1/message-reader.ts';
import { BufferSink } from '../../src/dataplane/message/buffer-sink.ts';
import { Known } from '../../src/dataplane/message/http-fields.ts';
import { HttpRefusal } from '../../src/dataplane/message/http-refusal.ts';
import { NO_EDITS } from '../../src/dataplane/message/local-head.ts';
import { hostile, inPieces, RUNS } from './hostile.ts';

const LIMITS = { maxHead: 2048, maxFields: 30, maxTrailers: 256 };

type Kind = 'request' | 'response';

/** Captures of well-formed messages. */
const REQUESTS = [
  'GET /a/b?c=d HTTP/1.1\r\nHost: shop\r\nAccept: */*\r\nX-Empty:\r\n\r\n',
  'POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 11\r\n\r\nhello world',
  'PUT /x HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n5;e="q"\r\nhello\r\n1A\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\nX-T: 1\r\n\r\n',
  'GET http://shop/ HTTP/1.1\r\nHost: shop\r\nConnection: close, x-a\r\nX-A: 1\r\n\r\n',
  'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',
  'GET /chat HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: abc\r\n\r\n',
  '\r\nOPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\nExpect: 100-continue\r\n\r\n',
  'CONNECT shop:443 HTTP/1.1\r\nHost: shop:443\r\n\r\n',
];
const RESPONSES = [
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n\r\nhello',
  'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nDate: now\r\n\r\n',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n',
  'HTTP/1.0 404 \r\n\r\nuntil the end',
  'HTTP/1.1 304\r\nETag: "x"\r\n\r\n',
  'HTTP/1.1 301 Moved\r\nLocation: /\r\nContent-Length: 0\r\nKeep-Alive: timeout=5\r\n\r\n',
];
/** What tells one reading of a message from another. */
const PIECES = [
  '\r\n',
  '\n',
  '\r',
  ' ',
  '\t',
  ':',
  '0',
  'Content-Length: 5\r\n',
  'Transfer-Encoding: chunked\r\n',
  '\0',
];

/** Writes down what it is told, and, of heads, what would be passed on. */
class Trace implements MessageSink {
  readonly reader: MessageReader;
  readonly passedOn = new BufferSink();
  events: string[] = [];
  content = '';
  readonly #kind: Kind;
  readonly #writer = new HeadWriter();

  constructor(kind: Kind) {
    this.#kind = kind;
    this.reader = new MessageReader(kind, LIMITS, this);
  }

  onHead(head: Http1Head): number {
    const framing =
      this.#kind === 'request' ? requestFraming(head) : responseFraming(head, { head: false, connect: false });
    connectionOptions(head, { close: false, keepAlive: false, upgrade: false });
    const hop = { ...newHopFields(), host: head.has(Known.host) ? '' : 'unnamed' };
    if (this.#kind === 'request') this.#writer.request(this.passedOn, head, undefined, NO_EDITS, hop);
    else this.#writer.response(this.passedOn, head.status, head, NO_EDITS, newHopFields());
    this.#tell(`head ${framing}`);
    return framing;
  }
  onData(bytes: Buffer, start: number, end: number): void {
    assert.ok(start < end && end <= bytes.length);
    this.content += bytes.toString('latin1', start, end);
  }
  onTrailer(name: string, value: string): void {
    this.#tell(`trailer ${name}: ${value}`);
  }
  onMessageEnd(): void {
    this.#tell('end');
    this.reader.next();
  }

  #tell(event: string): void {
    if (this.content !== '') this.events.push(`data ${this.content}`);
    this.content = '';
    this.events.push(event);
  }
}

/** All that is found in `pieces`, with how it ended. */
function traceOf(kind: Kind, pieces: readonly Buffer[]): unknown {
  const trace = new Trace(kind);
  let ending = `open ${String(trace.reader.endsWithConnection)}`;
  try {
    for (const piece of pieces) {
      trace.reader.read(Buffer.from(piece), piece.length);
      assert.ok(trace.reader.incompleteHead <= LIMITS.maxHead, 'keeps more than one head');
    }
    ending = `open ${String(trace.reader.endsWithConnection)} ${String(trace.reader.inBody)}`;
  } catch (error) {
    if (!(error instanceof HttpRefusal)) throw error;
    ending = `refused ${error.status}`;
  }
  return { events: trace.events, content: trace.content, ending, passedOn: trace.passedOn.bytes().toString('latin1') };
}

for (const [kind, captures] of [
  ['request', REQUESTS],
  ['response', RESPONSES],
] as const) {
  test(`a ${kind} is read in the same way whole and in pieces, or refused in both`, () => {
    fc.assert(
      fc.property(hostile(captures, PIECES), fc.array(fc.nat(), { maxLength: 12 }), (bytes, cuts) => {
        assert.deepEqual(traceOf(kind, inPieces(bytes, cuts)), traceOf(kind, [bytes]));
      }),
      { numRuns: 20 * RUNS, endOnFailure: true },
    );
  });

  test(`what a ${kind} is passed on as is read in the same way again`, () => {
    fc.assert(
      fc.property(hostile(captures, PIECES), (bytes) => {
        const trace = new Trace(kind);
        try {
          trace.reader.read(bytes, bytes.length);
        } catch (error) {
          if (!(error instanceof HttpRefusal)) throw error;
        }
        const heads = trace.events.filter((event) => event.startsWith('head'));
        const again = new Trace(kind);
        // Heads alone were written: each is given apart, and no body follows.
        for (const head of trace.passedOn
          .bytes()
          .toString('latin1')
          .split(/(?<=\r\n\r\n)/)) {
          const fresh = new Trace(kind);
          if (head === '') continue;
          const octets = Buffer.from(head, 'latin1');
          fresh.reader.read(octets, octets.length);
          again.events.push(fresh.events[0]!);
        }
        assert.deepEqual(again.events, heads);
      }),
      { numRuns: 10 * RUNS, endOnFailure: true },
    );
  });
}
