import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { ManualClock } from '../../core/manual-clock.ts';
import { connect, type ConnectHandler } from './connect.ts';
import { NetContext } from './net-context.ts';

/** Resolves with the reason for which a connection has closed, or was never made. */
function closing(port: number, clock: ManualClock, onConnect: () => void = () => {}): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const handler: ConnectHandler = {
    onConnect,
    onBytes() {},
    onEnd() {},
    onBacklog() {},
    onClose: resolve,
  };
  connect(new NetContext(), clock, { host: '127.0.0.1', port, timeoutMs: 1_000, highWater: 1 << 20 }, handler);
  return promise;
}

async function listening(onSocket: (socket: net.Socket) => void = () => {}): Promise<[net.Server, number]> {
  const server = net.createServer(onSocket).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return [server, (server.address() as net.AddressInfo).port];
}

test('why a connection could not be made is told in words', async () => {
  const [server, port] = await listening();
  server.close();
  await once(server, 'close');
  assert.equal(await closing(port, new ManualClock()), 'connection refused (ECONNREFUSED)');
});

test('one that takes too long names the key that bounds it', async () => {
  const [server, port] = await listening((socket) => socket.on('error', () => {}));
  const clock = new ManualClock();
  const reason = closing(port, clock);
  // Before the loop turns: nothing has connected yet.
  clock.advance(1_000);
  assert.equal(await reason, 'no answer in time (connectTimeout)');
  server.close();
  await once(server, 'close');
});

test('one that the other side cuts says that it did', async () => {
  const [server, port] = await listening((socket) => socket.resetAndDestroy());
  assert.equal(await closing(port, new ManualClock()), 'connection reset by the other side (ECONNRESET)');
  server.close();
  await once(server, 'close');
});
