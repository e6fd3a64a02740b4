import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { ManualClock } from '../../core/manual-clock.ts';
import type { Connection, ConnectionHandler } from './connection.ts';
import { listen } from './listener.ts';
import { NetContext, SLAB_BYTES } from './net-context.ts';

const PIECE = 64 << 10;
/** Turns of the loop in which bytes on this machine arrive many times over. */
const TURNS = 50;

interface Scene {
  readonly clock: ManualClock;
  readonly context: NetContext;
  readonly connection: Connection;
  readonly peer: net.Socket;
  /** What the handler has been told, in order. */
  readonly told: string[];
  /** Bytes that the handler has got. */
  received(): number;
}

/** An accepted connection and its peer, which reads nothing until it is told to. */
async function scene(run: (scene: Scene) => Promise<void>): Promise<void> {
  const clock = new ManualClock();
  const context = new NetContext(clock);
  const accepted = Promise.withResolvers<Connection>();
  const told: string[] = [];
  let received = 0;
  const handler: ConnectionHandler = {
    onBytes: (_chunk, length) => (received += length),
    onEnd: () => told.push('end'),
    onClose: () => told.push('close'),
    onBacklog: (full) => told.push(full ? 'full' : 'not full'),
    onUnsent: () => told.push('unsent'),
  };
  const options = { host: '127.0.0.1', port: 0, maxConnections: () => 1, highWater: 16 * PIECE };
  const listener = await listen(context, options, (attach) => accepted.resolve(attach(handler)));
  const peer = net.connect(listener.port, '127.0.0.1');
  peer.on('error', () => undefined);
  await once(peer, 'connect');
  peer.pause();
  const connection = await accepted.promise;
  try {
    await run({ clock, context, connection, peer, told, received: () => received });
  } finally {
    peer.destroy();
    connection.destroy('the test is over');
    await listener.close();
    await until('the end', () => told.includes('close'));
  }
}

async function turns(): Promise<void> {
  for (let i = 0; i < TURNS; i++) await setImmediate();
}

/** Waits for what the peer's reading brings about. */
async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await setImmediate();
  }
}

/** Writes until the kernel takes no more. */
async function fill({ connection, context }: Scene): Promise<void> {
  while (context.unsent === 0) {
    connection.out().reserve(PIECE);
    await setImmediate();
  }
}

test('a connection tells once that bytes stay behind, and again after all have left', () =>
  scene(async (it) => {
    await fill(it);
    it.connection.out().reserve(PIECE);
    await turns();
    assert.deepEqual(it.told, ['unsent']);
    it.peer.resume();
    await until('all to leave', () => it.context.unsent === 0);
    it.peer.pause();
    await fill(it);
    assert.deepEqual(it.told, ['unsent', 'unsent']);
  }));

test('above the high water, bytes count before the turn of the loop is over', () =>
  scene(async ({ connection, context }) => {
    const pieces = 1000;
    for (let i = 0; i < pieces; i++) connection.out().reserve(PIECE);
    // All but the last high water and the kernel's buffers.
    assert.ok(context.unsent > (pieces * PIECE) / 2, `${context.unsent} bytes count`);
  }));

test('a connection that has been told to close is not read from again', () =>
  scene(async (it) => {
    await fill(it);
    it.connection.close();
    it.connection.setReading(true);
    it.peer.write('more');
    await turns();
    assert.equal(it.received(), 0);
    it.peer.resume();
    await until('the end', () => it.told.includes('close'));
    assert.equal(it.received(), 0);
  }));

test('a connection that has been told to end is read from until its peer ends too', () =>
  scene(async (it) => {
    await fill(it);
    it.connection.end();
    it.peer.write('more');
    it.peer.resume();
    await once(it.peer, 'close');
    await until('the end', () => it.told.includes('close'));
    assert.equal(it.received(), 4);
    assert.deepEqual(it.told, ['unsent', 'end', 'close']);
  }));

for (const goodbye of ['end', 'close'] as const) {
  test(`a connection says its ${goodbye} when the kernel takes the last of it at once`, () =>
    scene(async (it) => {
      await fill(it);
      it.connection.out().reserve(1);
      await setImmediate();
      it.connection[goodbye]();
      it.peer.resume();
      await until('the end', () => it.told.includes('close'));
      assert.ok(it.context.unsent === 0);
    }));
}

test('a connection tells soon that less waits, however much of it there is and however little is read', () =>
  scene(async ({ connection, context, peer }) => {
    const [large, small, slabs] = [512 * PIECE, 1000, 200 * PIECE];
    let at = 0;
    for (const length of [small, large, ...Array.from({ length: slabs / small }, () => small)]) {
      const out = connection.out();
      const start = out.reserve(length);
      for (let i = 0; i < length; i++, at++) out.target[start + i] = at % 251;
    }
    await turns();
    const waiting = context.unsent;
    let below = 0;
    connection.whenBelow(waiting - 4 * PIECE, () => {
      below = connection.queued;
      peer.pause();
    });
    let read = 0;
    peer.on('data', (chunk: Buffer) => {
      for (const byte of chunk) if (byte !== read++ % 251) throw new Error(`byte ${read} is another`);
    });
    peer.resume();
    await until('it to tell', () => below > 0);
    assert.ok(below > waiting * 0.75, `${below} of ${waiting} bytes still wait`);
    peer.resume();
    await until('all bytes', () => read === at);
  }));

test('one octet that waits counts as the memory that it keeps', () =>
  scene(async (it) => {
    await fill(it);
    const { connection, context, peer } = it;
    assert.ok(context.held >= context.unsent && context.held % SLAB_BYTES === 0, `${context.held} bytes are held`);
    const before = context.held;
    for (let i = 0; i < 3; i++) {
      connection.out().reserve(1);
      await turns();
    }
    assert.equal(context.held, before + SLAB_BYTES, 'what comes behind shares a slab');
    context.maxHeld = before;
    assert.equal(context.full, true);
    peer.resume();
    await until('all to leave', () => context.unsent === 0);
    assert.equal(context.held, 0);
    assert.equal(context.full, false);
  }));

test('one that closes is given up when its peer takes nothing more', () =>
  scene(async (it) => {
    await fill(it);
    it.connection.close();
    const errors: string[] = [];
    it.peer.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code ?? ''));
    it.clock.advance(59_999);
    await turns();
    assert.ok(!it.told.includes('close'));
    it.clock.advance(10_000);
    await until('the end', () => it.told.includes('close'));
    assert.equal(it.context.unsent, 0);
    assert.equal(it.clock.pending, 0);
    it.peer.resume();
    await until('the peer to know that something is missing', () => errors.includes('ECONNRESET'));
  }));

test('one that closes has the time that it takes while its peer takes something', () =>
  scene(async (it) => {
    const { clock, connection, context, peer } = it;
    await fill(it);
    for (let i = 0; i < 64; i++) connection.out().reserve(PIECE);
    await turns();
    connection.close();
    while (!it.told.includes('close')) {
      const before = context.unsent;
      peer.resume();
      await until('some to leave', () => context.unsent < before || it.told.includes('close'));
      peer.pause();
      clock.advance(50_000);
    }
    await until('the end', () => peer.readableLength === 0 || peer.destroyed);
    assert.equal(clock.pending, 0);
    assert.equal(context.unsent, 0);
  }));
