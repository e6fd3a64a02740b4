import assert from 'node:assert/strict';
import { settled, until } from '../../../core/testing/settled.ts';
import { Http2Server } from '../testing/http2-peer.ts';
import { OK, poolTest, TestPool, toHttp1, toHttp2 } from '../testing/test-pool.ts';
import { deadPort, type TextPeer, TextServer } from '../testing/text-peer.ts';

/** Which endpoints a pool takes for gone, and when it takes them back. */

poolTest('HTTP/2: what speaks HTTP/1 is not gone: only those who want HTTP/2 hear it', async (owner) => {
  const server = await TextServer.start();
  owner.after(() => server.close());
  server.onPeer = (peer) => peer.send('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n');
  const pool = new TestPool(2, server.port);
  owner.after(() => pool.close());
  for (let i = 1; i <= 5; i++) {
    const call = pool.call();
    await until('it is told', () => call.last === 'connect_failed');
    assert.match(call.error!.message, /does not speak HTTP\/2.*http\.version may have to be http1/);
    assert.deepEqual(pool.call().events, ['connect_failed'], 'not again at once');
    assert.equal(pool.endpoint.usable, true);
    await pool.pass(200);
    assert.equal(server.peers.length, i, 'not without a request');
  }
});

poolTest('HTTP/2: one that closes without a word is not usable after the third time', async (owner) => {
  const server = await TextServer.start();
  owner.after(() => server.close());
  server.onPeer = ({ socket }) => void socket.end();
  const pool = new TestPool(2, server.port);
  owner.after(() => pool.close());
  for (let i = 1; i <= 3; i++) {
    assert.equal(pool.endpoint.usable, true);
    const call = pool.call();
    await until('it is told', () => call.last === 'connect_failed');
    assert.match(call.error!.message, i < 3 ? /closed by the peer without a word/ : /3 connections in a row/);
    await pool.pass(200);
  }
  assert.equal(pool.endpoint.usable, false);
});

poolTest('one that others have seen at work is tried at once', async (owner) => {
  const gone = await TextServer.start();
  const { port } = gone;
  await gone.close();
  const pool = new TestPool(1, port);
  owner.after(() => pool.close());
  pool.call();
  await until('it is not usable', () => !pool.endpoint.usable);
  const server = await TextServer.start(port);
  owner.after(() => server.close());
  server.answerAll(OK);
  pool.pool.onAlive();
  const call = pool.call();
  await until('it is answered', () => call.last === 'end');
  assert.equal(pool.endpoint.usable, true);
  assert.equal(server.peers.length, 1);
});

for (const [what, onPeer] of [
  ['closes without a word', ({ socket }: TextPeer) => void socket.destroy()],
  ['speaks HTTP/1', (peer: TextPeer) => peer.send('HTTP/1.1 400 Bad Request\r\n\r\n')],
] as const) {
  poolTest(
    `HTTP/2: an endpoint that was gone, and then ${what} for a while, is found when it is back`,
    async (owner) => {
      const port = await deadPort();
      const pool = new TestPool(2, port);
      owner.after(() => pool.close());
      const call = pool.call();
      await until('it is told', () => call.last === 'connect_failed');
      assert.equal(pool.endpoint.usable, false);
      const text = await TextServer.start(port);
      text.onPeer = onPeer;
      await pool.pass(1000);
      await until('it is looked at', () => text.peers.length > 0);
      await settled();
      await text.close();
      const server = await Http2Server.start({}, port);
      owner.after(() => server.close());
      for (let i = 0; i < 50 && !pool.endpoint.usable; i++) {
        // Requests go to other endpoints meanwhile.
        pool.cluster.use(pool.clock.now());
        await pool.pass(1000);
      }
      assert.equal(pool.endpoint.usable, true);
      const next = pool.call();
      await until('it comes through', () => server.requests.length > 0);
      for (; next.last !== 'end'; await settled())
        for (const request of server.requests) if (!request.stream.localEnded) request.answer();
    },
  );
}

poolTest('HTTP/2: what speaks HTTP/1 after others that said nothing lives', async (owner) => {
  const server = await TextServer.start();
  owner.after(() => server.close());
  server.onPeer = ({ socket }) => void socket.end();
  const pool = new TestPool(2, server.port);
  owner.after(() => pool.close());
  for (let i = 1; i <= 3; i++) {
    const call = pool.call();
    await until('it is told', () => call.last === 'connect_failed');
    await pool.pass(200);
  }
  assert.equal(pool.endpoint.usable, false);
  server.onPeer = (peer) => peer.send('HTTP/1.1 400 Bad Request\r\n\r\n');
  await pool.pass(2000);
  await until('it is usable', () => pool.endpoint.usable);
});

poolTest('HTTP/1: a request that its caller gives up says nothing of an endpoint that is back', async (owner) => {
  const { server, pool } = await toHttp1(owner);
  const die = (peer: TextPeer): void => void peer.message().then(() => peer.socket.destroy());
  server.onPeer = die;
  for (let i = 0; i < 3; i++) {
    const call = pool.call();
    await until('it is lost', () => call.last === 'connection_lost');
  }
  assert.equal(pool.endpoint.usable, false);
  server.onPeer = () => {};
  await pool.pass(1000);
  await until('it is usable', () => pool.endpoint.usable);
  const call = pool.call();
  await until('it is sent', () => call.stream !== undefined);
  call.stream!.cancel();
  await settled();
  await settled();
  assert.equal(pool.endpoint.usable, true);
});

poolTest('HTTP/2: a connection that is gone with its streams leaves no alarm', async (owner) => {
  const { server, pool } = await toHttp2(owner, 100);
  const call = pool.call();
  await server.served(0);
  server.peers[0]!.socket.destroy();
  await until('it is lost', () => call.last === 'connection_lost');
  assert.equal(pool.alarms, 0);
});
