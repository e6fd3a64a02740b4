/** HTTP/2 that no honest peer sends, through the codec in this process: an end of the connection, and nothing worse. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import * as frames from '../../src/dataplane/codec/http2/frame-writer.ts';
import { LIMITS, Pair, Side, StreamLog } from '../../src/dataplane/codec/http2/testing/pair.ts';
import { BufferSink } from '../../src/dataplane/message/buffer-sink.ts';
import { hostile, hostileTurn, inPieces, RUNS } from './hostile.ts';

type End = 'server' | 'client';

/** What each side of three lively connections has heard, turn by turn. */
function captures(): Record<End, Buffer[][]> {
  const heardBy: Record<End, Buffer[][]> = { server: [], client: [] };
  for (let round = 0; round < 3; round++) {
    const pair = new Pair();
    for (const side of ['server', 'client'] as const) {
      const { connection } = pair[side];
      const { read } = connection;
      const heard: Buffer[] = [];
      heardBy[side].push(heard);
      connection.read = (bytes, at, end) => {
        if (end > at) heard.push(Buffer.from(bytes.subarray(at, end)));
        read.call(connection, bytes, at, end);
      };
    }
    for (let i = 0; i < 3; i++) {
      const { stream, served } = pair.request(false, `/${i}`, ['x-a', 'b'.repeat(20 * i), 'cookie', 'c=d']);
      const content = Buffer.alloc(300 * i, 'x');
      stream.sendData(content, 0, content.length, round === 0);
      if (round === 1) stream.sendTrailers(['x-t', '1']);
      pair.settle();
      served?.stream.sendHead([':status', '200', 'content-type', 'text/plain'], false);
      served?.stream.sendData(content, 0, content.length, false);
      if (round < 2) served?.stream.sendTrailers(['grpc-status', '0']);
      else served?.stream.reset(8);
      pair.settle();
    }
    pair.client.connection.ping();
    pair.settle();
    pair.server.connection.goaway(true);
    pair.settle();
  }
  return heardBy;
}

/** Frames that matter to a reader, and parts of them. */
function pieces(): Buffer[] {
  const writes: ((out: BufferSink) => void)[] = [
    (out) => frames.writeSettings(out, [4, 0]),
    (out) => frames.writeSettings(out, [1, 0, 5, 20_000]),
    (out) => frames.writeSettingsAck(out),
    (out) => frames.writeWindowUpdate(out, 0, 2 ** 31 - 1),
    (out) => frames.writeWindowUpdate(out, 1, 1),
    (out) => frames.writeRstStream(out, 1, 8),
    (out) => frames.writeRstStream(out, 5, 0),
    (out) => frames.writeGoaway(out, 1, 0, ''),
    (out) => frames.writePing(out, Buffer.alloc(8), 0, false),
    (out) => frames.writeHeaders(out, 7, Buffer.from('828684410161', 'hex'), 6, true, 16_384),
    (out) => frames.writeHeaders(out, 1, Buffer.from('88', 'hex'), 1, false, 16_384),
    (out) => frames.writeData(out, 1, Buffer.alloc(50), 0, 50, true),
  ];
  return writes.map((write) => {
    const out = new BufferSink();
    write(out);
    return Buffer.from(out.bytes());
  });
}

interface Outcome {
  readonly failure: number | undefined;
  readonly events: readonly string[];
  readonly said: string;
}

/** Lets one side hear `parts`; a client has three requests under way. */
function listen(end: End, parts: readonly Buffer[]): Outcome {
  const side = new Side(end, LIMITS);
  const logs: StreamLog[] = [];
  if (end === 'client') {
    for (let i = 0; i < 3; i++) {
      const log = new StreamLog();
      side.connection.openStream([':method', 'GET', ':scheme', 'http', ':path', '/'], i > 0, log);
      logs.push(log);
    }
  }
  const said: Buffer[] = [];
  for (const part of parts) {
    const bytes = Buffer.from(part);
    side.connection.read(bytes, 0, bytes.length);
    said.push(Buffer.from(side.take()));
    assert.ok(side.connection.incomplete <= 64 << 10, `${side.connection.incomplete} octets are kept`);
    assert.ok(side.connection.open <= LIMITS.maxStreams + logs.length);
  }
  const all = [...logs, ...side.requests.map(({ log }) => log)];
  const events = all.flatMap((log) => [...log.events, log.content]);
  if (side.connection.failure !== undefined)
    assert.equal(side.connection.open, 0, 'streams of a connection that ended');
  return { failure: side.failure?.code, events, said: Buffer.concat(said).toString('hex') };
}

const HEARD = captures();
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const SETTINGS = Buffer.from('000000040000000000', 'hex');

for (const end of ['server', 'client'] as const) {
  const beginning = end === 'server' ? Buffer.concat([Buffer.from(PREFACE), SETTINGS]) : SETTINGS;
  const heard = HEARD[end];
  // A connection that goes wrong somewhere on its way, or from its beginning.
  const lively = fc
    .tuple(fc.constantFrom(...heard), fc.array(fc.tuple(fc.nat(), hostileTurn(pieces())), { maxLength: 3 }))
    .map(([turns, changes]) => {
      const changed = [...turns];
      for (const [at, change] of changes) changed[at % turns.length] = change(changed[at % turns.length]!);
      return Buffer.concat([beginning, ...changed]);
    });
  const begun = fc.oneof(lively, hostile(heard.flat(), pieces()));

  test(`a ${end} ends what it cannot read, and reads the rest alike whole and in pieces`, () => {
    fc.assert(
      fc.property(begun, fc.array(fc.nat(), { maxLength: 12 }), (bytes, cuts) => {
        assert.deepEqual(listen(end, inPieces(bytes, cuts)), listen(end, [bytes]));
      }),
      { numRuns: 20 * RUNS, endOnFailure: true },
    );
  });

  test(`a ${end} reads what was captured, cut at each octet`, () => {
    const all = Buffer.concat([beginning, ...heard[0]!]);
    const whole = listen(end, [all]);
    assert.equal(whole.failure, undefined);
    for (let cut = 1; cut < all.length; cut++) {
      assert.deepEqual(listen(end, inPieces(all, [cut])), whole, `cut at ${cut}`);
    }
  });
}
