import assert from 'node:assert/strict';
import { settled, until } from '../../../core/testing/settled.ts';
import { OK, poolTest, TestPool, toHttp1, toHttp2 } from '../testing/test-pool.ts';
import { deadPort, TextServer } from '../testing/text-peer.ts';

poolTest('the connection that was used last is used next, the others grow idle and close', async (owner) => {
  const { server, pool } = await toHttp1(owner);
  const first = [pool.call('/a'), pool.call('/b'), pool.call('/c')];
  assert.ok(first.every(({ events }) => events[0] === 'queued'));
  for (let i = 0; i < 3; i++) {
    const peer = await server.peer(i);
    await peer.message();
    peer.send(OK);
  }
  await until('all are answered', () => first.every(({ last }) => last === 'end'));
  assert.equal(pool.pool.connections, 3);
  for (let i = 0; i < 8; i++) {
    await pool.pass(10_000, 5000);
    const call = pool.call('/d');
    assert.equal(call.stream?.reused, true);
    const used = server.peers[2]!;
    await used.message();
    used.send(OK);
    await until('it is answered', () => call.last === 'end');
  }
  assert.equal(pool.pool.connections, 1);
  assert.deepEqual(
    server.peers.map(({ ended }) => ended),
    [true, true, false],
  );
});

poolTest('no more connections than the policy allows; who waits gets the next that is free', async (owner) => {
  const { server, pool } = await toHttp1(owner, { http: { connections: 2 }, queue: 2 });
  const calls = ['/0', '/1'].map((path) => pool.call(path));
  await Promise.all([server.peer(0), server.peer(1)].map(async (peer) => (await peer).upTo('\r\n\r\n')));
  calls.push(pool.call('/2'), pool.call('/3'));
  const refused = pool.call('/4');
  assert.deepEqual(refused.events, ['overload']);
  assert.match(refused.error!.message, /2 requests wait for a connection to 127.0.0.1:\d+ already/);
  server.peers[1]!.send(OK);
  assert.match(await server.peers[1]!.upTo('\r\n\r\n'), /^GET \/2 /);
  calls[3]!.place!.leave();
  server.peers[1]!.send(OK);
  await until('the third is answered', () => calls[2]!.last === 'end');
  await settled();
  assert.equal(server.peers[1]!.text, '');
  const last = pool.call('/5');
  assert.match(await server.peers[1]!.upTo('\r\n\r\n'), /^GET \/5 /);
  for (const peer of server.peers) peer.send(OK);
  await until('all are answered', () => last.last === 'end' && calls[0]!.last === 'end');
  assert.equal(server.peers.length, 2);
});

poolTest('where nobody listens, all who wait hear it, and so does who comes in the next 100 ms', async (owner) => {
  const pool = new TestPool(1, await deadPort());
  owner.after(() => pool.close());
  const calls = [pool.call(), pool.call()];
  await until('they hear it', () => calls.every(({ error }) => error?.code === 'connect_failed'));
  assert.match(calls[0]!.error!.message, /^cannot connect to 127.0.0.1:\d+: .*ECONNREFUSED/);
  assert.equal(calls[0]!.error!.retriable, true);
  assert.equal(pool.endpoint.usable, false);
  assert.deepEqual(pool.call().events, ['connect_failed']);
});

poolTest('it is tried again and again, more and more rarely, and not for ever when nobody asks', async (owner) => {
  const server = await TextServer.start();
  const { port } = server;
  await server.close();
  const pool = new TestPool(1, port);
  owner.after(() => pool.close());
  pool.call();
  await until('it is not usable', () => !pool.endpoint.usable);
  await pool.pass(30_000, 500);
  assert.equal(pool.endpoint.usable, false);
  await pool.pass(60_000, 500);
  assert.equal(pool.endpoint.usable, true, 'the next request will see');
  assert.equal(pool.clock.pending, 0);
});

poolTest('an endpoint that is back is usable again without a request', async (owner) => {
  const gone = await TextServer.start();
  const { port } = gone;
  await gone.close();
  const pool = new TestPool(1, port);
  owner.after(() => pool.close());
  pool.call();
  await until('it is not usable', () => !pool.endpoint.usable);
  const server = await TextServer.start(port);
  owner.after(() => server.close());
  await pool.pass(1000, 50);
  await until('it is usable', () => pool.endpoint.usable);
  const call = pool.call();
  const peer = await server.peer(0);
  await peer.message();
  peer.send(OK);
  await until('it is answered', () => call.last === 'end');
  assert.equal(server.peers.length, 1);
});

poolTest('one that accepts and says nothing but goodbye is not usable', async (owner) => {
  const { server, pool } = await toHttp1(owner);
  server.onPeer = (peer) => void peer.message().then(() => peer.socket.destroy());
  for (let i = 1; i <= 3; i++) {
    // One request that its service dies of is no reason to refuse all others.
    assert.equal(pool.endpoint.usable, true);
    const call = pool.call();
    await until('it is lost', () => call.last === 'connection_lost');
  }
  assert.equal(pool.endpoint.usable, false);
});

poolTest('HTTP/1: a response with close, or one too many, is the last on its connection', async (owner) => {
  const { server, pool } = await toHttp1(owner);
  const endings = [OK.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'), OK + OK, OK.replace('1.1', '1.0')];
  for (const [i, response] of endings.entries()) {
    const call = pool.call();
    const peer = await server.peer(i);
    await peer.message();
    peer.send(response);
    await until('it is answered', () => call.last === 'end');
    await until('the connection is closed', () => peer.ended);
  }
});

poolTest('draining lets those under way finish, and fails those who wait', async (owner) => {
  const { server, pool } = await toHttp1(owner, { http: { connections: 1 } });
  const [one, two] = [pool.call(), pool.call()];
  const peer = await server.peer(0);
  await peer.message();
  pool.cluster.close();
  assert.equal(two.last, 'connect_failed');
  assert.match(two.error!.message, /taken out of the cluster/);
  peer.send(OK);
  await until('the first is answered', () => one.last === 'end');
  await until('the connection is closed', () => peer.ended);
  assert.deepEqual(pool.call().events, ['connect_failed']);
});

poolTest('draining before there is a connection leaves nothing behind', async (owner) => {
  const { server, pool } = await toHttp1(owner);
  const call = pool.call();
  pool.cluster.close();
  assert.equal(call.last, 'connect_failed');
  await until('no connection is left', () => pool.pool.connections === 0);
  await settled();
  assert.ok(server.peers.every(({ text }) => text === ''));
});

poolTest(
  'HTTP/2: a peer that takes one stream at a time gets as many connections as there are requests',
  async (owner) => {
    const { server, pool } = await toHttp2(owner, 1);
    const calls = Array.from({ length: 4 }, () => pool.call());
    await until('all are there', () => server.requests.length === 4);
    assert.deepEqual(
      server.peers.map(({ requests }) => requests.length),
      [1, 1, 1, 1],
    );
    for (const request of server.requests) request.answer();
    await until('all are answered', () => calls.every(({ last }) => last === 'end'));
    const again = Array.from({ length: 4 }, () => pool.call());
    await until('all are there', () => server.requests.length === 8);
    assert.equal(server.peers.length, 4);
    for (const request of server.requests) request.answer();
    await until('all are answered', () => again.every(({ last }) => last === 'end'));
  },
);

poolTest('HTTP/2: where the policy allows no more connections, requests wait for a stream', async (owner) => {
  const { server, pool } = await toHttp2(owner, 2, { http: { connections: 1 } });
  const calls = Array.from({ length: 5 }, () => pool.call());
  for (let i = 0; i < 5; i++) {
    const request = await server.served(i);
    assert.ok(server.requests.length <= i + 2);
    request.answer();
  }
  await until('all are answered', () => calls.every(({ last }) => last === 'end'));
  assert.equal(server.peers.length, 1);
});

poolTest('HTTP/2: many requests share one connection, which closes when it is idle', async (owner) => {
  const { server, pool } = await toHttp2(owner, 100);
  const calls = Array.from({ length: 50 }, () => pool.call());
  await until('all are there', () => server.requests.length === 50);
  assert.equal(server.peers.length, 1);
  await pool.pass(120_000, 10_000);
  for (const request of server.requests) request.answer();
  await until('all are answered', () => calls.every(({ last }) => last === 'end'));
  await pool.pass(59_000, 1000);
  assert.equal(server.peers[0]!.closed, false);
  await pool.pass(1500);
  await until('it is closed', () => server.peers[0]!.closed);
  assert.deepEqual(server.peers[0]!.goaways, [0]);
});

poolTest(
  'HTTP/2: a connection on which a request was late is asked for a sign of life, and closed without one',
  async (owner) => {
    const { server, pool } = await toHttp2(owner, 100);
    const late = pool.call();
    const dead = await server.peer(0);
    await server.served(0);
    dead.socket.pause();
    late.stream!.onLate();
    late.stream!.cancel();
    await pool.pass(2000);
    const next = pool.call();
    await pool.pass(3250);
    await until('it is given up', () => next.last === 'connection_lost');
    assert.match(next.error!.message, /no answer to a PING in 5000 ms/);
    const other = pool.call();
    const request = await (await server.peer(1)).served(0);
    request.answer();
    await until('the next is answered', () => other.last === 'end');
  },
);

poolTest('HTTP/2: one that answers is kept as long as any other', async (owner) => {
  const { server, pool } = await toHttp2(owner, 100);
  const late = pool.call();
  await server.served(0);
  late.stream!.onLate();
  late.stream!.cancel();
  await settled();
  await pool.pass(30_000, 1000);
  assert.equal(server.peers[0]!.closed, false);
  const next = pool.call();
  (await server.served(1)).answer();
  await until('it is answered', () => next.last === 'end');
  assert.equal(server.peers.length, 1);
});

poolTest('HTTP/2: a goodbye takes the connection out, and lets its streams end', async (owner) => {
  const { server, pool } = await toHttp2(owner, 100);
  const one = pool.call();
  const request = await server.served(0);
  server.peers[0]!.h2.goaway(true);
  await settled();
  const two = pool.call();
  (await (await server.peer(1)).served(0)).answer();
  await until('the second is answered', () => two.last === 'end');
  assert.equal(server.peers[0]!.closed, false);
  request.answer();
  await until('the first is answered', () => one.last === 'end');
  await until('it is closed', () => server.peers[0]!.closed);
});

poolTest('HTTP/2: a peer that says no settings is given up', async (owner) => {
  const server = await TextServer.start();
  owner.after(() => server.close());
  const pool = new TestPool(2, server.port);
  owner.after(() => pool.close());
  const call = pool.call();
  await server.peer(0);
  await settled();
  assert.deepEqual(call.events, ['queued']);
  await pool.pass(3250);
  await until('it is told', () => call.last === 'connect_failed');
  assert.match(call.error!.message, /does not speak HTTP\/2/);
});

poolTest('HTTP/2: one that breaks the protocol and takes no last word leaves the pool at once', async (owner) => {
  const { server, pool } = await toHttp2(owner, 1000, { http: { connections: 1 } });
  const calls = [pool.call()];
  await server.served(0);
  const peer = server.peers[0]!;
  peer.socket.pause();
  const path = `/${'x'.repeat(60_000)}`;
  for (; pool.net.unsent === 0; await settled()) calls.push(pool.call(path));
  // A DATA frame for no stream at all.
  peer.socket.write(Buffer.from([0, 0, 1, 0, 0, 0, 0, 0, 0, 0]));
  await until('all hear it', () => calls.every(({ last }) => last === 'connection_lost'));
  assert.ok(pool.net.unsent > 0, 'its last word waits');
  const next = pool.call();
  (await (await server.peer(1)).served(0)).answer();
  await until('the next is answered', () => next.last === 'end');
  await pool.pass(71_000, 1000);
  await until('the first is gone', () => pool.net.held === 0);
});
