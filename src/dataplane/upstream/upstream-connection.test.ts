import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Budget } from '../../core/budget.ts';
import { ManualClock } from '../../core/manual-clock.ts';
import { TimerWheel } from '../../core/timer-wheel.ts';
import { Endpoint } from '../cluster/endpoint.ts';
import { boltCodec } from '../codec/bolt/codec.ts';
import { encodeFrame, encodeHeartbeat, type FrameFields } from '../codec/bolt/encode.ts';
import { BufferSink } from '../message/buffer-sink.ts';
import { NetContext } from '../net/net-context.ts';
import { UpstreamConnection } from './upstream-connection.ts';

const HEARTBEAT = { interval: 1_000, maxInterval: 1_000, misses: 2, timeout: 1_000 };
/** Turns of the loop in which bytes on this machine arrive and are answered many times over. */
const TURNS = 50;
const HIGH_WATER = 1 << 20;

interface Scene {
  readonly clock: ManualClock;
  readonly connection: UpstreamConnection;
  readonly context: NetContext;
  /** The peer's end. */
  readonly socket: net.Socket;
  /** Bytes that the peer has got. */
  received(): number;
  /** Asks the connection for an answer. */
  ask(): void;
}

/** A connection to a peer that answers nothing, on a clock that stands still. */
async function scene(run: (scene: Scene) => Promise<void>): Promise<void> {
  const clock = new ManualClock();
  const slowWheel = new TimerWheel(clock, 250);
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  const accepted = once(server, 'connection');
  const gone = Promise.withResolvers<void>();
  const context = new NetContext();
  const connection = new UpstreamConnection(
    {
      net: context,
      clock,
      chance: () => 0.5,
      slowWheel,
      codec: boltCodec,
      limits: { maxFrame: 1 << 20, maxHeader: 0xffff, highWater: HIGH_WATER },
      budget: new Budget(1 << 20),
      nextId: () => 1,
    },
    new Endpoint({ host: '127.0.0.1', port, weight: 1 }),
    { connectTimeout: 1_000, maxPending: 10, heartbeat: HEARTBEAT },
    { onChange: () => undefined, onGoaway: () => undefined, onGone: () => gone.resolve() },
  );
  const [socket] = (await accepted) as [net.Socket];
  let received = 0;
  socket.on('data', (chunk: Buffer) => (received += chunk.length));
  await once(socket, 'data');
  const sink = new BufferSink();
  encodeHeartbeat(sink, 7);
  try {
    await run({
      clock,
      connection,
      context,
      socket,
      received: () => received,
      ask: () => void socket.write(sink.bytes()),
    });
  } finally {
    socket.destroy();
    await gone.promise;
    slowWheel.stop();
    server.close();
  }
}

async function turns(): Promise<void> {
  for (let i = 0; i < TURNS; i++) await setImmediate();
}

test('an upstream connection is read again when each of those who hold it has let go', () =>
  scene(async ({ connection, received, ask }) => {
    connection.hold();
    connection.hold();
    const before = received();
    ask();
    connection.letGo();
    await turns();
    assert.equal(received(), before, 'one of them still holds it');
    connection.letGo();
    await turns();
    assert.ok(received() > before, 'it has answered');
  }));

test('an upstream connection does not take a peer for silent that it does not read', () =>
  scene(async ({ clock, connection }) => {
    connection.hold();
    clock.advance(20 * HEARTBEAT.interval);
    assert.equal(connection.silence, '');
    assert.equal(connection.state, 'ready');
    connection.letGo();
    clock.advance(2 * HEARTBEAT.interval + 500);
    assert.match(connection.silence, /no answer to a heartbeat/, 'now its silence counts');
  }));

test('a peer that asks and does not read is not answered without bound', () =>
  scene(async ({ connection, context, socket }) => {
    const replied = Promise.withResolvers<void>();
    const id = await sendCall(connection, replied.resolve);
    socket.pause();
    const request = frame({ protocol: 1, type: 1, command: 1, id: 1 });
    // The answers to it take about ten times its size, more than the buffers of the kernel.
    const flood = Buffer.concat(Array.from({ length: 100_000 }, () => request));
    socket.write(flood);
    socket.write(frame({ protocol: 1, type: 0, command: 2, id }));
    await replied.promise;
    await turns();
    assert.equal(connection.state, 'ready');
    assert.ok(context.unsent > 0, 'it was answered until then');
    assert.ok(context.unsent <= HIGH_WATER + 1024, `${context.unsent} bytes wait`);
  }));

/** Sends a call and returns the id that it got. */
function sendCall(connection: UpstreamConnection, onReply: () => void): Promise<number> {
  return new Promise((resolve) => {
    const bytes = frame({ protocol: 1, type: 1, command: 1, id: 1 });
    const call = {
      oneway: false,
      keep: () => false,
      takeUp: () => bytes,
      onQueued: () => undefined,
      onSent: (_: UpstreamConnection, id: number) => resolve(id),
      onReply,
      onFailure: () => undefined,
    };
    connection.send(call, bytes, 0, bytes.length);
  });
}

function frame(fields: FrameFields): Buffer {
  const sink = new BufferSink();
  encodeFrame(sink, fields);
  return sink.bytes();
}
