import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import net from 'node:net';
import { test } from 'node:test';
import { BufferSink } from '../../message/buffer-sink.ts';
import * as frames from './frame-writer.ts';
import { HpackEncoder } from './hpack/encoder.ts';
import { ErrorCode, Setting } from './protocol.ts';
import { LIMITS, Pair, Side, StreamLog } from './testing/pair.ts';

test('a request and its reply, with content and trailers both ways', () => {
  const pair = new Pair();
  const { stream, log, served } = pair.request(false, '/a?b', ['x-one', '1']);
  assert.deepEqual(served?.head.fields, ['x-one', '1']);
  assert.equal(served.head.authority, 'a');
  stream.sendData(Buffer.from('hello'), 0, 5, false);
  stream.sendTrailers(['x-sum', '5']);
  pair.settle();
  assert.deepEqual(served.log.events, ['request POST /a?b', 'trailers x-sum 5', 'end']);
  assert.equal(served.log.content, 'hello');
  served.stream.sendHead([':status', '103', 'link', '</x>'], false);
  served.stream.sendHead([':status', '200', 'content-length', '3'], false);
  served.stream.sendData(Buffer.from('-yes-'), 1, 4, true);
  pair.settle();
  assert.deepEqual(log.events, ['head 103', 'head 200', 'end']);
  assert.equal(log.content, 'yes');
  assert.equal(pair.client.connection.open + pair.server.connection.open, 0);
});

test('a reader that passes nothing on stops the sender, and its connection keeps going', () => {
  const pair = new Pair({ streamWindow: 1000, connectionWindow: 100_000 });
  const { stream, log, served } = pair.request(false);
  const content = Buffer.alloc(5000, 'x');
  stream.sendData(content, 0, content.length, true);
  pair.settle();
  assert.equal(served!.log.content.length, 1000);
  assert.equal(stream.waiting, 4000);
  const other = pair.request(true, '/other');
  assert.equal(other.served!.head.path, '/other');
  while (served!.log.held > 0) {
    served!.stream.passed(served!.log.held);
    served!.log.held = 0;
    pair.settle();
  }
  assert.equal(served!.log.content.length, 5000);
  assert.deepEqual(served!.log.events, ['request POST /', 'end']);
  assert.deepEqual(log.events, ['writable']);
});

test('what a stream held is given back to the connection when it is reset', () => {
  const pair = new Pair({ streamWindow: 60_000, connectionWindow: 65_535 });
  const content = Buffer.alloc(60_000, 'x');
  for (let i = 0; i < 10; i++) {
    const { stream, served } = pair.request(false);
    stream.sendData(content, 0, content.length, false);
    pair.settle();
    assert.equal(served!.log.content.length, 60_000, `request ${i}`);
    served!.stream.reset(ErrorCode.cancel);
    pair.settle();
  }
});

test('a reset reaches the other side, and nothing comes after it', () => {
  const pair = new Pair();
  const { stream, log, served } = pair.request(false);
  served!.stream.reset(ErrorCode.refusedStream);
  stream.sendData(Buffer.from('too late'), 0, 8, true);
  pair.settle();
  assert.deepEqual(log.events, [`reset ${ErrorCode.refusedStream}`]);
  assert.equal(pair.server.failure, undefined);
  assert.deepEqual(served!.log.events, ['request POST /', `reset ${ErrorCode.refusedStream}`]);
});

test('goaway lets go on what was taken, and refuses the rest as not seen', () => {
  const pair = new Pair();
  const first = pair.request(true);
  pair.server.connection.goaway(false);
  pair.settle();
  assert.equal(pair.client.connection.mayOpen, false);
  assert.deepEqual(first.log.events, []);
  pair.server.connection.goaway(true);
  first.served!.stream.sendHead([':status', '204'], true);
  pair.settle();
  assert.deepEqual(first.log.events, ['head 204 end', 'end']);
  assert.deepEqual(pair.client.goaways, [2 ** 31 - 1, 1]);
});

test('streams above the limit are refused, and may be opened once others have ended', () => {
  const pair = new Pair({ maxStreams: 2 });
  const one = pair.request(true);
  pair.request(true);
  assert.equal(pair.client.connection.mayOpen, false);
  one.served!.stream.sendHead([':status', '200'], true);
  pair.settle();
  assert.equal(pair.client.connection.mayOpen, true);
});

test('the windows of open streams follow SETTINGS, below zero too', () => {
  const pair = new Pair({ streamWindow: 1000 });
  const { stream } = pair.request(false);
  stream.sendData(Buffer.alloc(900), 0, 900, false);
  const out = new BufferSink();
  frames.writeSettings(out, [Setting.initialWindowSize, 500]);
  pair.client.connection.read(out.bytes(), 0, out.bytes().length);
  assert.equal(stream.sendWindow.left, -400);
  stream.sendData(Buffer.alloc(100), 0, 100, false);
  assert.equal(stream.waiting, 100);
});

test('content of another length than was said is malformed', () => {
  for (const [length, sent] of [
    [5, 4],
    [5, 6],
  ] as const) {
    const pair = new Pair();
    const { stream, log, served } = pair.request(false, '/', ['content-length', String(length)]);
    stream.sendData(Buffer.alloc(sent), 0, sent, true);
    pair.settle();
    assert.equal(log.events.at(-1), `reset ${ErrorCode.protocolError}`);
    assert.ok(!served!.log.events.includes('end'));
  }
});

test('a head over the limit is answered with 431', () => {
  const pair = new Pair();
  const { log } = pair.request(true, '/', ['x', 'y'.repeat(LIMITS.maxHeaderList)]);
  assert.equal(log.events[0], 'head 431 end');
  assert.equal(pair.server.requests.length, 0);
});

/** Gives a server what `write` writes, a thousand times and more, and tells how it ended. */
function flood(write: (out: BufferSink, i: number) => void): number | undefined {
  const pair = new Pair();
  const opened = pair.request(false);
  assert.ok(opened.served);
  for (let i = 0; i < 5000 && pair.server.failure === undefined; i++) {
    const out = new BufferSink();
    write(out, i);
    pair.server.connection.read(out.bytes(), 0, out.bytes().length);
    pair.server.take();
  }
  return pair.server.failure?.code;
}

test('floods end the connection', () => {
  const calm = ErrorCode.enhanceYourCalm;
  assert.equal(
    flood((out) => frames.writePing(out, Buffer.alloc(8), 0, false)),
    calm,
  );
  assert.equal(
    flood((out) => frames.writeSettings(out, [])),
    calm,
  );
  assert.equal(
    flood((out) => frames.writeData(out, 1, Buffer.alloc(0), 0, 0, false)),
    calm,
  );
  const encoder = new HpackEncoder();
  const fields = [':method', 'GET', ':scheme', 'http', ':path', '/'];
  const rapidReset = flood((out, i) => {
    encoder.begin();
    for (let at = 0; at < fields.length; at += 2) encoder.field(fields[at]!, fields[at + 1]!);
    frames.writeHeaders(out, 3 + 2 * i, encoder.target, encoder.length, true, 16_384);
    frames.writeRstStream(out, 3 + 2 * i, ErrorCode.cancel);
  });
  assert.equal(rapidReset, calm);
});

test('a caller that does ordinary work is not taken for a flood', () => {
  const pair = new Pair();
  for (let i = 0; i < 5000; i++) {
    const { stream, served } = pair.request(false);
    stream.sendData(Buffer.from('x'), 0, 1, true);
    pair.settle();
    served!.stream.passed(1);
    served!.stream.sendHead([':status', '200'], true);
    pair.settle();
  }
  assert.equal(pair.server.failure, undefined);
});

test("nghttp2's client, as Node has it, is served", async () => {
  const server = net
    .createServer((socket) => {
      const side = new Side('server', LIMITS);
      const flush = (): void => void socket.write(Buffer.from(side.take()));
      flush();
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => {
        side.connection.read(chunk, 0, chunk.length);
        for (const { stream, head, log } of side.requests) {
          stream.passed(log.held);
          log.held = 0;
          if (!stream.remoteEnded || stream.localEnded) continue;
          const content = Buffer.from(`${head.path} ${log.content.length}`);
          stream.sendHead([':status', '200', 'x-fields', head.fields.join('|')], false);
          stream.sendData(content, 0, content.length, false);
          stream.sendTrailers(['x-end', 'yes']);
        }
        flush();
      });
    })
    .listen(0, '127.0.0.1');
  await once(server, 'listening');
  const session = http2.connect(`http://127.0.0.1:${(server.address() as net.AddressInfo).port}`);
  const replies = await Promise.all(
    Array.from({ length: 8 }, async (_, i) => {
      const request = session.request({ ':method': 'POST', ':path': `/${i}`, 'x-i': String(i) });
      request.end(Buffer.alloc(i * 100_000));
      const [headers] = (await once(request, 'response')) as [http2.IncomingHttpHeaders];
      const trailers = once(request, 'trailers') as Promise<[http2.IncomingHttpHeaders]>;
      let content = '';
      for await (const chunk of request) content += String(chunk);
      return [headers['x-fields'], content, (await trailers)[0]['x-end']];
    }),
  );
  session.destroy();
  server.close();
  assert.deepEqual(
    replies,
    Array.from({ length: 8 }, (_, i) => [`x-i|${i}`, `/${i} ${i * 100_000}`, 'yes']),
  );
});

test('a ping is answered, and asked again only then', () => {
  const pair = new Pair();
  for (let i = 0; i < 500; i++) {
    pair.server.connection.ping();
    pair.server.connection.ping();
    pair.settle();
  }
  assert.equal(pair.server.pongs, 500);
  assert.equal(pair.server.failure, undefined);
});

test('a quiet connection earns its pings by time', () => {
  const pair = new Pair();
  for (let i = 0; i < 10_000; i++) {
    pair.server.clock.advance(100);
    const out = new BufferSink();
    frames.writePing(out, Buffer.alloc(8), 0, false);
    pair.server.connection.read(out.bytes(), 0, out.bytes().length);
  }
  assert.equal(pair.server.failure, undefined);
});

test('answers that nobody reads end the connection, whatever work is done beside them', () => {
  const pair = new Pair();
  const { served } = pair.request(false);
  pair.server.backlogged = true;
  let sent = 0;
  for (; sent < 5000 && pair.server.failure === undefined; sent++) {
    const out = new BufferSink();
    frames.writePing(out, Buffer.alloc(8), 0, false);
    frames.writeData(out, 1, Buffer.alloc(2), 0, 1, false);
    frames.writeData(out, 1, Buffer.alloc(2), 0, 1, false);
    pair.server.connection.read(out.bytes(), 0, out.bytes().length);
    served!.stream.passed(2);
  }
  assert.equal(pair.server.failure?.code, ErrorCode.enhanceYourCalm);
  assert.equal(sent, 1001);
});

test('what waits for windows is counted, for the stream and for the connection', () => {
  const pair = new Pair({ streamWindow: 10 });
  const [one, two] = [pair.request(true), pair.request(true)];
  const content = Buffer.alloc(100);
  for (const { served } of [one, two]) {
    served!.stream.sendHead([':status', '200'], false);
    served!.stream.sendData(content, 0, content.length, true);
  }
  assert.equal(one.served!.stream.waiting, 90);
  assert.equal(pair.server.connection.waitingBytes, 180);
  one.stream.reset(ErrorCode.cancel);
  pair.settle();
  assert.equal(pair.server.connection.waitingBytes, 90);
  for (let i = 0; i < 9; i++) {
    two.stream.passed(10);
    pair.settle();
  }
  assert.equal(pair.server.connection.waitingBytes, 0);
  assert.equal(pair.server.connection.open, 0);
});

test('a server that has answered ends a request whose rest it does not want', () => {
  for (const early of [true, false]) {
    const pair = new Pair({ streamWindow: 10 });
    const { stream, log, served } = pair.request(false);
    if (early) served!.stream.refuseRest();
    served!.stream.sendHead([':status', '413'], false);
    served!.stream.sendData(Buffer.alloc(20), 0, 20, true);
    if (!early) served!.stream.refuseRest();
    pair.settle();
    assert.deepEqual(log.events, ['head 413']);
    stream.passed(10);
    pair.settle();
    assert.deepEqual(log.events, ['head 413', 'end', 'reset 0']);
    assert.equal(pair.server.connection.open, 0);
  }
});

test('streams that the last goaway does not name are refused', () => {
  const pair = new Pair();
  pair.request(true);
  const late = new StreamLog();
  pair.server.connection.goaway(true);
  pair.client.connection.openStream([':method', 'GET', ':scheme', 'http', ':path', '/'], false, late);
  pair.settle();
  assert.deepEqual(late.events, [`reset ${ErrorCode.refusedStream}`]);
  assert.equal(pair.server.requests.length, 1);
  assert.equal(pair.server.failure, undefined);
});

test('the last content says so, unless it is less than was said', () => {
  for (const [length, lasts] of [
    [3, [true]],
    [4, [false]],
    [-1, [true]],
  ] as const) {
    const pair = new Pair();
    const said = length < 0 ? [] : ['content-length', String(length)];
    const { stream, served } = pair.request(false, '/', said);
    const seen: boolean[] = [];
    served!.log.onData = (_bytes, _start, _end, last): void => void seen.push(last);
    stream.sendData(Buffer.from('abc'), 0, 3, true);
    pair.settle();
    assert.deepEqual(seen, lasts);
  }
});

test('a response that is all there ends with a reset that is no error, one that is not does not', () => {
  for (const length of ['3', '4', undefined]) {
    const pair = new Pair();
    const { log, served } = pair.request(false);
    served!.stream.sendHead([':status', '200', ...(length === undefined ? [] : ['content-length', length])], false);
    served!.stream.sendData(Buffer.from('abc'), 0, 3, false);
    served!.stream.reset(ErrorCode.noError);
    pair.settle();
    assert.deepEqual(log.events, length === '3' ? ['head 200', 'end', 'reset 0'] : ['head 200', 'reset 0']);
  }
});
