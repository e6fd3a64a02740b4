import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import net from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { FrameReader, type FrameSink } from './frame-reader.ts';
import { HpackDecoder } from './hpack/decoder.ts';
import { ErrorCode, FrameType, Http2Error, PREFACE } from './protocol.ts';

type Event = readonly (string | number | boolean)[];

/** Writes down what it is told; content of one DATA frame as one. */
class Recorder implements FrameSink {
  readonly events: Event[] = [];
  #data = '';

  onDataStart(stream: number, length: number): void {
    this.#data = '';
    this.events.push(['data start', stream, length]);
  }
  onData(_stream: number, bytes: Buffer, start: number, end: number): void {
    this.#data += bytes.toString('latin1', start, end);
  }
  onDataEnd(stream: number, padding: number, endStream: boolean): void {
    this.events.push(['data', stream, this.#data, padding, endStream]);
  }
  onHeaders(stream: number, bytes: Buffer, start: number, end: number, endStream: boolean): void {
    this.events.push(['headers', stream, bytes.toString('hex', start, end), endStream]);
  }
  onRstStream(stream: number, code: number): void {
    this.events.push(['rst', stream, code]);
  }
  onSettings(settings: readonly number[]): void {
    this.events.push(['settings', ...settings]);
  }
  onSettingsAck(): void {
    this.events.push(['settings ack']);
  }
  onPing(bytes: Buffer, start: number, ack: boolean): void {
    this.events.push(['ping', bytes.toString('hex', start, start + 8), ack]);
  }
  onGoaway(lastStream: number, code: number): void {
    this.events.push(['goaway', lastStream, code]);
  }
  onWindowUpdate(stream: number, increment: number): void {
    this.events.push(['window', stream, increment]);
  }
  onIgnored(type: number): void {
    this.events.push(['ignored', type]);
  }
  onStreamError(stream: number, code: ErrorCode): void {
    this.events.push(['stream error', stream, code]);
  }
}

const LIMITS = { maxHeaderBlock: 65_536, maxContinuations: 8 };

function read(bytes: Buffer, cuts: readonly number[] = [], limits = LIMITS): Event[] {
  const recorder = new Recorder();
  const reader = new FrameReader(recorder, limits);
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    const piece = Buffer.from(bytes.subarray(from, cut));
    reader.read(piece, 0, piece.length);
    // The reader may not rely on a piece after it has returned.
    piece.fill(0xee);
    from = cut;
  }
  return recorder.events;
}

function frame(type: number, flags: number, stream: number, payload = ''): Buffer {
  const content = Buffer.from(payload.replaceAll(' ', ''), 'hex');
  const head = Buffer.alloc(9);
  head.writeUIntBE(content.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, content]);
}

const { data, headers, priority, rstStream, settings, ping, goaway, windowUpdate, continuation } = FrameType;

const ALL = Buffer.concat([
  frame(settings, 0, 0, '0003 00000064 0004 0000ffff'),
  frame(settings, 1, 0),
  frame(headers, 4, 1, '8286'),
  frame(headers, 0x2c, 3, '02 80000001 10 8286 0000'),
  frame(headers, 1, 5, '82'),
  frame(continuation, 0, 5, ''),
  frame(continuation, 4, 5, '8684'),
  frame(data, 0, 1, '6162'),
  frame(data, 9, 1, '03 6364 000000'),
  frame(data, 8, 3, '00'),
  frame(data, 1, 3, ''),
  frame(priority, 0, 7, '00000001 10'),
  frame(rstStream, 0, 5, '00000008'),
  frame(ping, 0, 0, '0102030405060708'),
  frame(ping, 1, 0, '0102030405060708'),
  frame(goaway, 0, 0, '80000005 00000002 6f68'),
  frame(windowUpdate, 0, 0, '80000001'),
  frame(windowUpdate, 0, 1, '00000000'),
  frame(0xfa, 0xff, 9, '00'),
]);

const EVENTS: Event[] = [
  ['settings', 3, 100, 4, 65_535],
  ['settings ack'],
  ['headers', 1, '8286', false],
  ['headers', 3, '8286', false],
  ['headers', 5, '828684', true],
  ['data start', 1, 2],
  ['data', 1, 'ab', 0, false],
  ['data start', 1, 6],
  ['data', 1, 'cd', 4, true],
  ['data start', 3, 1],
  ['data', 3, '', 1, false],
  ['data start', 3, 0],
  ['data', 3, '', 0, true],
  ['ignored', 2],
  ['rst', 5, 8],
  ['ping', '0102030405060708', false],
  ['ping', '0102030405060708', true],
  ['goaway', 5, 2],
  ['window', 0, 1],
  ['stream error', 1, ErrorCode.protocolError],
  ['ignored', 0xfa],
];

test('reads every frame, wherever it is cut', () => {
  assert.deepEqual(read(ALL), EVENTS);
  for (let cut = 1; cut < ALL.length; cut++) assert.deepEqual(read(ALL, [cut]), EVENTS, `cut at ${cut}`);
  const everywhere = Array.from({ length: ALL.length - 1 }, (_, i) => i + 1);
  assert.deepEqual(read(ALL, everywhere), EVENTS);
});

const { protocolError, frameSizeError, enhanceYourCalm } = ErrorCode;

test('what ends a connection does so with the code of its section', () => {
  const cases: readonly (readonly [what: string, code: ErrorCode, ...frames: Buffer[]])[] = [
    ['DATA on stream 0 (6.1)', protocolError, frame(data, 0, 0, '00')],
    ['padding as long as DATA (6.1)', protocolError, frame(data, 8, 1, '03 0000')],
    ['padded DATA without a length (4.2)', frameSizeError, frame(data, 8, 1, '')],
    ['HEADERS on stream 0 (6.2)', protocolError, frame(headers, 4, 0, '82')],
    ['padding longer than HEADERS (6.2)', protocolError, frame(headers, 0xc, 1, '05 82')],
    ['HEADERS without its priority (6.2)', frameSizeError, frame(headers, 0x24, 1, '0000')],
    ['PRIORITY on stream 0 (6.3)', protocolError, frame(priority, 0, 0, '00000001 10')],
    ['RST_STREAM on stream 0 (6.4)', protocolError, frame(rstStream, 0, 0, '00000008')],
    ['RST_STREAM of 3 octets (6.4)', frameSizeError, frame(rstStream, 0, 1, '000008')],
    ['SETTINGS on a stream (6.5)', protocolError, frame(settings, 0, 1)],
    ['SETTINGS ack with a payload (6.5)', frameSizeError, frame(settings, 1, 0, '0003 00000064')],
    ['SETTINGS of 5 octets (6.5)', frameSizeError, frame(settings, 0, 0, '0003 000000')],
    ['PUSH_PROMISE (8.4)', protocolError, frame(FrameType.pushPromise, 4, 1, '00000002')],
    ['PING on a stream (6.7)', protocolError, frame(ping, 0, 1, '0102030405060708')],
    ['PING of 7 octets (6.7)', frameSizeError, frame(ping, 0, 0, '01020304050607')],
    ['GOAWAY on a stream (6.8)', protocolError, frame(goaway, 0, 1, '00000000 00000000')],
    ['GOAWAY of 7 octets (6.8)', frameSizeError, frame(goaway, 0, 0, '00000000 000000')],
    ['WINDOW_UPDATE by 0 (6.9)', protocolError, frame(windowUpdate, 0, 0, '00000000')],
    ['WINDOW_UPDATE of 3 octets (6.9)', frameSizeError, frame(windowUpdate, 0, 0, '000001')],
    ['CONTINUATION alone (6.10)', protocolError, frame(continuation, 4, 1, '82')],
    ['DATA within a block (6.10)', protocolError, frame(headers, 0, 1, '82'), frame(data, 0, 1, '00')],
    ['another block within a block (6.10)', protocolError, frame(headers, 0, 1, '82'), frame(continuation, 4, 3, '82')],
    ['an unknown frame within a block (6.10)', protocolError, frame(headers, 0, 1, '82'), frame(0xfa, 0, 1)],
    ['a frame above the size (4.2)', frameSizeError, frame(data, 0, 1, '00'.repeat(16_385))],
  ];
  for (const [what, code, ...frames] of cases) {
    assert.throws(
      () => read(Buffer.concat(frames)),
      (error) => error instanceof Http2Error && error.code === code,
      what,
    );
  }
});

test('a block may neither grow nor go on without bounds', () => {
  const limits = { maxHeaderBlock: 10, maxContinuations: 2 };
  const calm = (...frames: Buffer[]): void =>
    assert.throws(() => read(Buffer.concat(frames), [], limits), { code: enhanceYourCalm });
  calm(frame(headers, 4, 1, '00'.repeat(11)));
  calm(frame(headers, 0, 1, '00'.repeat(6)), frame(continuation, 4, 1, '00'.repeat(5)));
  calm(frame(headers, 0, 1), frame(continuation, 0, 1), frame(continuation, 0, 1), frame(continuation, 0, 1));
});

test('arbitrary octets are read or refused, the same however they are cut', () => {
  const outcome = (bytes: Buffer, cuts: readonly number[]): string => {
    try {
      return JSON.stringify(read(bytes, cuts));
    } catch (error) {
      assert.ok(error instanceof Http2Error, String(error));
      return error.message;
    }
  };
  const mutated = fc
    .tuple(fc.nat(ALL.length - 1), fc.nat(255))
    .map(([at, octet]) => Buffer.concat([ALL.subarray(0, at), Buffer.of(octet), ALL.subarray(at + 1)]));
  fc.assert(
    fc.property(mutated, fc.array(fc.integer({ min: 1, max: ALL.length - 1 }), { maxLength: 10 }), (bytes, cuts) => {
      const sorted = cuts.toSorted((a, b) => a - b);
      assert.equal(outcome(bytes, sorted), outcome(bytes, []));
    }),
  );
});

/** What nghttp2, in Node's own client, writes for `requests`. */
async function writtenByNghttp2(requests: readonly http2.OutgoingHttpHeaders[]): Promise<Buffer> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const session = http2.connect(`http://127.0.0.1:${(server.address() as net.AddressInfo).port}`);
  session.on('error', () => undefined);
  const [socket] = (await once(server, 'connection')) as [net.Socket];
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.write(Buffer.concat([frame(settings, 0, 0), frame(settings, 1, 0)]));
  for (const request of requests) session.request(request, { endStream: true }).on('error', () => undefined);
  const count = (): number =>
    read(Buffer.concat(chunks).subarray(PREFACE.length)).filter(([kind]) => kind === 'headers').length;
  while (count() < requests.length) await once(socket, 'data');
  session.destroy();
  socket.destroy();
  server.close();
  return Buffer.concat(chunks);
}

test("reads what nghttp2's encoder writes, over a table that is used and evicted from", async () => {
  const requests = Array.from({ length: 60 }, (_, i) => ({
    ':path': `/item/${i}?q=${'z'.repeat(i)}`,
    'user-agent': 'test',
    authorization: `Bearer ${i}`,
    cookie: `a=${i % 3}`,
    [`x-${i % 7}`]: String.fromCharCode(33 + i).repeat(i * 3),
  }));
  const bytes = await writtenByNghttp2(requests);
  assert.deepEqual(bytes.subarray(0, PREFACE.length), PREFACE);
  const blocks = read(bytes.subarray(PREFACE.length)).filter(([kind]) => kind === 'headers');
  const decoder = new HpackDecoder();
  const decoded = blocks.map(([, , hex]) => {
    const block = Buffer.from(hex as string, 'hex');
    const fields: Record<string, string> = {};
    decoder.decode(block, 0, block.length, 65_536, { onField: (name, value) => void (fields[name] = value) });
    return fields;
  });
  for (const [i, fields] of decoded.entries()) {
    for (const [name, value] of Object.entries(requests[i]!)) assert.equal(fields[name], value, `${i} ${name}`);
    assert.equal(fields[':method'], 'GET');
  }
});
