import assert from 'node:assert/strict';
import { settled, until } from '../../../core/testing/settled.ts';
import { deadPort, type TextPeer } from '../../upstream/testing/text-peer.ts';
import { type HttpMesh, type HttpMeshOptions, httpTests } from '../testing/http-mesh.ts';

const httpTest = httpTests('tcp tunnel');

const TCP: HttpMeshOptions = { http: false, tcp: { idleTimeout: 0 } };
const IDLE: HttpMeshOptions = { http: false, tcp: { idleTimeout: 2000 } };

function bytesMetric(text: string, direction: string): number {
  const line = new RegExp(`weft_tunnel_bytes_total\\{[^}]*direction="${direction}"[^}]*\\} (\\d+)`).exec(text);
  return Number(line?.[1] ?? 0);
}

httpTest('both sides say what they like, and each ends on its own', TCP, async (mesh) => {
  const server = await mesh.textService();
  const caller = await mesh.caller();
  const endpoint = await server.peer(0);
  endpoint.send('server first');
  await caller.upTo('server first');
  caller.send('hello');
  await endpoint.upTo('hello');
  caller.socket.end();
  await until('its end', () => endpoint.ended);
  assert.equal(caller.ended, false);
  endpoint.send('still here');
  await caller.upTo('still here');
  endpoint.socket.end();
  await until('the other end', () => caller.ended);
  await until('it is over', () => mesh.listener.connections === 0);
  assert.deepEqual(mesh.cluster.stats.totals(), { ok: 1 });
  const text = mesh.parts.metrics.render();
  assert.deepEqual([bytesMetric(text, 'sent'), bytesMetric(text, 'received')], [5, 22]);
});

httpTest('the endpoint may end first', TCP, async (mesh) => {
  const server = await mesh.textService();
  const caller = await mesh.caller();
  const endpoint = await server.peer(0);
  endpoint.socket.end('bye');
  assert.equal(await caller.toEnd(), 'bye');
  caller.send('one more thing');
  await endpoint.upTo('one more thing');
  caller.socket.end();
  await until('its end', () => endpoint.ended);
});

for (const first of ['caller', 'endpoint'] as const) {
  httpTest(`all arrives that was sent before the end, when the ${first} ends first`, TCP, async (mesh) => {
    const server = await mesh.textService();
    const caller = await mesh.caller();
    const endpoint = await server.peer(0);
    const [early, late] = first === 'caller' ? [caller, endpoint] : [endpoint, caller];
    early.socket.end();
    await until('its end', () => late.ended);
    early.socket.pause();
    let sent = 0;
    // Until the kernel takes no more of it, so that the rest waits here when the end comes.
    for (const piece = Buffer.alloc(64 << 10, 'x'); mesh.parts.net.unsent === 0; sent += piece.length) {
      late.send(piece);
      await settled();
    }
    late.socket.end();
    await settled();
    early.socket.resume();
    await until('all of it', () => early.ended);
    assert.equal(early.count, sent);
    early.text = '';
  });
}

httpTest('what is broken off on one side is broken off on the other', TCP, async (mesh) => {
  const server = await mesh.textService();
  const [one, two] = [await mesh.caller(), await mesh.caller()];
  await server.peer(1);
  one.socket.resetAndDestroy();
  server.peers[1]!.socket.resetAndDestroy();
  await until('both are over', () => server.peers[0]!.ended && two.ended);
  await until('they are counted', () => mesh.cluster.stats.active === 0);
});

httpTest('one in which nothing moves is closed', IDLE, async (mesh) => {
  const server = await mesh.textService();
  const caller = await mesh.caller();
  const endpoint = await server.peer(0);
  for (let i = 0; i < 4; i++) {
    await mesh.pass(1500);
    const [from, to] = i % 2 === 0 ? [caller, endpoint] : [endpoint, caller];
    from.send('x');
    await to.upTo('x');
  }
  await mesh.pass(1750);
  assert.equal(caller.ended, false);
  await mesh.pass(500);
  await until('the end', () => caller.ended && endpoint.ended);
});

httpTest('an endpoint that cannot be connected to is left for another', TCP, async (mesh) => {
  const server = await mesh.textServer();
  mesh.endpoints({ port: await deadPort() }, server);
  for (let i = 0; i < 3; i++) {
    const caller = await mesh.caller();
    caller.send(`hello ${i}`);
    await (await server.peer(i)).upTo(`hello ${i}`);
    caller.socket.resetAndDestroy();
  }
  await until('all are over', () => mesh.cluster.stats.active === 0);
});

httpTest('where there is none the caller is let go', TCP, async (mesh) => {
  mesh.endpoints({ port: await deadPort() });
  const caller = await mesh.caller();
  caller.send('hello');
  await until('the end', () => caller.ended);
  assert.deepEqual(mesh.cluster.stats.totals(), { ok: 0, no_healthy_endpoint: 1 });
});

httpTest('the first endpoints are waited for, not for ever', TCP, async (mesh) => {
  const [early, late] = [await mesh.caller(), await mesh.caller()];
  early.send('hello');
  await until('both wait', () => mesh.cluster.cluster.waiting === 2);
  late.socket.destroy();
  await mesh.pass(1000);
  const server = await mesh.textService();
  await until('the greeting', () => server.peers.some(({ text }) => text === 'hello'));
  for (const { socket } of [early, ...server.peers]) socket.resetAndDestroy();
  await until('all are over', () => mesh.cluster.stats.active === 0);
});

httpTest('and are given up', TCP, async (mesh) => {
  const caller = await mesh.caller();
  await until('it waits', () => mesh.cluster.cluster.waiting === 1);
  await mesh.pass(3250);
  await until('the end', () => caller.ended);
  assert.deepEqual(mesh.cluster.stats.totals(), { ok: 0, timeout: 1 });
});

httpTest('it is cut when the drain time is over', TCP, async (mesh) => {
  const server = await mesh.textService();
  const caller = await mesh.caller();
  await server.peer(0);
  await settled();
  const drained = mesh.listener.drain(1000);
  await mesh.pass(750);
  assert.equal(caller.ended, false);
  await mesh.pass(500);
  assert.equal(await drained, 1);
  await until('the end', () => caller.ended && server.peers[0]!.ended);
});

httpTest('what the other side does not take stays where it is', TCP, async (mesh) => {
  const server = await mesh.textService();
  const caller = await mesh.caller();
  const endpoint = await server.peer(0);
  // More than all buffers of the kernel on the way hold together.
  const size = 48 << 20;
  for (const [from, to] of [
    [caller, endpoint],
    [endpoint, caller],
  ] as const) {
    to.socket.pause();
    from.send(Buffer.alloc(size, 'x'));
    for (let i = 0; i < 20; i++) await settled();
    assert.ok(from.socket.writableLength > 0, 'some of it waits at its source');
    assert.ok(mesh.parts.net.unsent < 2 << 20, `${mesh.parts.net.unsent} octets wait here`);
    to.socket.resume();
    await until('all of it', () => to.count === size);
    to.text = '';
  }
  caller.socket.end();
  endpoint.socket.end();
  await until('it is over', () => mesh.listener.connections === 0);
});

/** A tunnel whose both sides have ended; what `late` said last waits here, and `early` takes none of it. */
async function lastWords(mesh: HttpMesh, first: 'caller' | 'endpoint'): Promise<{ early: TextPeer; late: TextPeer }> {
  const server = await mesh.textService();
  const caller = await mesh.caller();
  const endpoint = await server.peer(0);
  const [early, late] = first === 'caller' ? [caller, endpoint] : [endpoint, caller];
  early.socket.end();
  await until('its end', () => late.ended);
  early.socket.pause();
  for (const piece = Buffer.alloc(64 << 10, 'x'); mesh.parts.net.unsent === 0;) {
    late.send(piece);
    await settled();
  }
  late.socket.end();
  await until('that is gone', () => late.closed);
  await settled();
  assert.equal(mesh.listener.connections, 1, 'it is still there');
  return { early, late };
}

for (const first of ['caller', 'endpoint'] as const) {
  httpTest(`what the ${first} does not take after both have ended is given up some time`, TCP, async (mesh) => {
    const { early } = await lastWords(mesh, first);
    await mesh.pass(59_000, 1000);
    assert.equal(mesh.listener.connections, 1);
    await mesh.pass(12_000, 1000);
    await until('it is over', () => mesh.listener.connections === 0);
    assert.equal(mesh.parts.net.held, 0);
    early.socket.destroy();
  });

  httpTest(`it is cut with the last words for the ${first} when the drain time is over`, TCP, async (mesh) => {
    const { early } = await lastWords(mesh, first);
    const drained = mesh.listener.drain(1000);
    await mesh.pass(1250);
    await drained;
    assert.equal(mesh.listener.connections, 0);
    early.socket.destroy();
  });
}

httpTest('one whose both sides have ended, and neither takes the rest, ends some time', TCP, async (mesh) => {
  const server = await mesh.textService();
  const caller = await mesh.caller();
  const endpoint = await server.peer(0);
  caller.socket.pause();
  endpoint.socket.pause();
  const piece = Buffer.alloc(64 << 10, 'x');
  for (const from of [caller, endpoint]) {
    const before = mesh.parts.net.unsent;
    for (; mesh.parts.net.unsent <= before; await settled()) from.send(piece);
    from.socket.end();
  }
  for (let i = 0; i < 10; i++) await settled();
  await mesh.pass(80_000, 1000);
  await until('it is over', () => mesh.listener.connections === 0);
  caller.socket.destroy();
  endpoint.socket.destroy();
});
