import assert from 'node:assert/strict';
import { requestBytes } from './testing/bolt-peer.ts';
import { meshTests } from './testing/mesh-test.ts';
import { settled, until } from '../../core/testing/settled.ts';
import { HUGE, LARGE, LONG, MANY, trickle } from './testing/slow-callers.ts';
import { SERVICE } from './testing/small-mesh.ts';

const meshTest = meshTests("a caller's watch");
const NARROW = { ...MANY, limits: { ...MANY.limits, maxOutput: 2 << 20 } };

meshTest('requests that do not go on give their memory to others', {}, async (mesh, provider) => {
  const other = await mesh.caller();
  provider.answerAll('done');
  for (let i = 0; i < 16; i++) (await mesh.caller()).socket.write(HUGE.subarray(0, -1));
  await until('their requests', () => mesh.budget.used > mesh.budget.limit - (1 << 10));
  other.socket.write(HUGE.subarray(0, 100));
  await settled();
  other.socket.write(HUGE.subarray(100));
  assert.match((await other.replies.next()).text, /no memory left for incomplete frames/);
  await mesh.pass(7000);
  await until('their end', () => mesh.listener.connections === 1);
  assert.equal(mesh.budget.used, 0);
  other.socket.write(HUGE.subarray(0, 100));
  await settled();
  other.socket.write(HUGE.subarray(100));
  assert.equal((await other.replies.next()).success, true);
});

meshTest('nor are they kept by a byte now and then', {}, async (mesh, provider) => {
  const caller = await mesh.caller();
  caller.send(1, SERVICE, LONG);
  const request = await provider.requests.next();
  caller.socket.write(HUGE.subarray(0, 1000));
  for (let at = 1000; at < 1025; at++) {
    caller.socket.write(HUGE.subarray(at, at + 1));
    await mesh.pass(250);
  }
  provider.reply(request);
  assert.equal((await caller.replies.next()).success, true, 'its other call has the time of last words');
  await until('the end of the connection', () => mesh.listener.connections === 0);
  assert.deepEqual(mesh.cluster.stats.totals(), { ok: 1 });
});

meshTest('a large request may take its time while it goes on', {}, async (mesh, provider) => {
  const caller = await mesh.caller();
  provider.answerAll('done');
  for (let at = 0; at < HUGE.length; at += 256 << 10) {
    await mesh.pass(4500);
    caller.socket.write(HUGE.subarray(at, at + (256 << 10)));
  }
  assert.equal((await caller.replies.next()).success, true);
});

meshTest(
  'a caller that is not read from is not blamed for its silence',
  { ...MANY, idleTimeout: 3000 },
  async (mesh, provider) => {
    const calls = 800;
    const caller = await mesh.caller();
    provider.answerAll(LARGE);
    caller.send(0, SERVICE, LONG);
    await caller.replies.next();
    caller.socket.pause();
    const requests = Array.from({ length: calls }, (_, id) => requestBytes(id + 2, SERVICE, LONG));
    caller.socket.write(Buffer.concat([...requests, HUGE.subarray(0, 1000)]));
    await until('back-pressure', () => mesh.net.unsent > 1 << 20 && mesh.listener.active === 0);
    caller.socket.write(HUGE.subarray(1000));
    const drained = mesh.listener.drain(100_000);
    // What it reads is enough not to be stalled, and too little to be read from.
    for (let i = 1; i <= 6; i++) {
      await mesh.pass(4000);
      caller.socket.resume();
      await until('a few replies', () => caller.replies.count > 64 * i);
      caller.socket.pause();
    }
    assert.ok(mesh.net.unsent > 1 << 20);
    caller.socket.resume();
    await until('all replies', () => caller.replies.count === calls + 2);
    await mesh.pass(1500);
    assert.equal(await drained, 0);
  },
);

meshTest('a caller that reads too slowly holds up others for stallTimeout at most', NARROW, async (mesh, provider) => {
  const [caller, read] = await trickle(mesh, provider, 1000);
  const other = await mesh.caller();
  other.send(1, SERVICE, LONG);
  for (let seconds = 0; mesh.listener.connections === 2; seconds++) {
    assert.ok(seconds < 6, 'the other still waits');
    await read();
    await mesh.pass(1000);
  }
  assert.equal((await other.replies.next()).success, true);
  caller.socket.resume();
  await until('the end of the slow one', () => caller.events.includes('close'));
});

meshTest('a caller that holds up nobody may read as slowly as it likes', NARROW, async (mesh, provider) => {
  const [caller, read] = await trickle(mesh, provider, 1000);
  const other = await mesh.caller();
  for (let seconds = 0; seconds < 12; seconds++) {
    await read();
    await mesh.pass(1000);
  }
  assert.ok(mesh.net.unsent > 1 << 20);
  caller.socket.resume();
  await until('all replies', () => caller.replies.count === 1001);
  assert.deepEqual([caller.events, other.events], [[], []]);
});

meshTest('time in which a caller keeps up makes good for time in which it does not', NARROW, async (mesh, provider) => {
  // Far more than the kernel, which gives a connection more room the more it carries, keeps of them.
  const calls = 600;
  const [caller] = await trickle(mesh, provider, calls);
  const other = await mesh.caller();
  for (let round = 1; round <= 3; round++) {
    other.send(round, SERVICE, LONG);
    await mesh.pass(3000);
    assert.ok(other.replies.count < round, 'the other waits');
    caller.socket.resume();
    await until('the replies of both', () => other.replies.count === round && mesh.listener.active === 0);
    await mesh.pass(3000);
    caller.socket.pause();
    for (let id = 1; id <= calls; id++) caller.send(id, SERVICE, LONG);
    await until('replies to pile up', () => mesh.net.unsent > 2 << 20);
  }
  assert.deepEqual(caller.events, []);
});
