import assert from 'node:assert/strict';
import { meshTests } from './testing/mesh-test.ts';
import { settled, until } from '../../core/testing/settled.ts';
import { HUGE, LARGE, leaveUnread, LONG, MANY, trickle } from './testing/slow-callers.ts';
import { LIMITS } from './testing/mesh-parts.ts';
import { SERVICE, type SmallMesh } from './testing/small-mesh.ts';

const meshTest = meshTests('downstream');

async function isClosed(mesh: SmallMesh): Promise<void> {
  await until('the end of the connection', () => mesh.listener.connections === 0);
}

meshTest('a drain leaves a caller that has stopped reading the time to take up again', MANY, async (mesh, provider) => {
  const calls = 600;
  const caller = await mesh.caller();
  provider.answerAll(LARGE);
  caller.socket.pause();
  for (let id = 0; id < calls; id++) caller.send(id, SERVICE, { ...LONG, content: 'y'.repeat(32 << 10) });
  await until('back-pressure', () => mesh.net.unsent > 1 << 20 && mesh.listener.active === 0);
  const drained = mesh.listener.drain(60_000);
  await mesh.pass(4250);
  caller.socket.resume();
  await until('it to be read from', () => mesh.net.unsent === 0);
  // The next look comes before what it has sent meanwhile.
  mesh.clock.advance(250);
  await until('all replies', () => caller.replies.count === calls);
  await mesh.pass(1500);
  assert.equal(await drained, 0);
  await until('the caller to see the end', () => caller.events.length === 2);
  assert.deepEqual(caller.events, ['end', 'close']);
});

meshTest('what a caller sends after the end of a drain costs it no reply', {}, async (mesh, provider) => {
  const [other, caller] = [await mesh.caller(), await mesh.caller({ allowHalfOpen: true })];
  const room = await leaveUnread(mesh, other, provider);
  other.socket.destroy();
  await until('the end of the other', () => mesh.listener.connections === 1);
  // All that it asks for is with the kernel, which still has to send much of it.
  const calls = await leaveUnread(mesh, caller, provider, room - (room >> 3));
  const sent = provider.requests.count;
  const drained = mesh.listener.drain(60_000);
  await mesh.pass(1000);
  caller.send(calls + 1, SERVICE);
  await mesh.pass(1000);
  assert.equal(await drained, 0, 'it is not waited for when it does not close its side');
  caller.socket.resume();
  await until('all replies', () => caller.replies.count === calls);
  assert.equal(provider.requests.count, sent);
});

meshTest('a few unread replies do not keep an idle connection', { idleTimeout: 10_000 }, async (mesh, provider) => {
  const caller = await mesh.caller();
  await leaveUnread(mesh, caller, provider);
  assert.ok(mesh.net.unsent < 1 << 20);
  await mesh.pass(7000);
  await isClosed(mesh);
  assert.equal(mesh.net.unsent, 0);
});

meshTest('nor one that the caller has closed on its side', {}, async (mesh, provider) => {
  const caller = await mesh.caller({ allowHalfOpen: true });
  await leaveUnread(mesh, caller, provider);
  caller.socket.end();
  await mesh.pass(7000);
  await isClosed(mesh);
  assert.equal(mesh.net.unsent, 0);
});

meshTest('a caller that closes its side gets the replies to what it has sent', {}, async (mesh, provider) => {
  const caller = await mesh.caller({ allowHalfOpen: true });
  caller.send(1, SERVICE, LONG);
  const request = await provider.requests.next();
  caller.socket.end();
  await mesh.pass(5000);
  provider.reply(request);
  assert.equal((await caller.replies.next()).success, true);
  await until('the caller to see the end', () => caller.events.length === 2);
  assert.deepEqual(caller.events, ['end', 'close']);
});

meshTest('idleTimeout counts from the last reply', { idleTimeout: 10_000 }, async (mesh, provider) => {
  const caller = await mesh.caller();
  caller.send(1, SERVICE, LONG);
  const request = await provider.requests.next();
  await mesh.pass(30_000);
  provider.reply(request);
  await caller.replies.next();
  await mesh.pass(9000);
  assert.equal(mesh.listener.connections, 1);
  await mesh.pass(2000);
  await isClosed(mesh);
});

meshTest('a caller that breaks the protocol gets its last replies', {}, async (mesh, provider) => {
  const caller = await mesh.caller({ allowHalfOpen: true });
  caller.send(1, SERVICE, LONG);
  const request = await provider.requests.next();
  caller.socket.write('GET / HTTP/1.1\r\n\r\n');
  await mesh.pass(500);
  assert.deepEqual(caller.events, []);
  provider.reply(request);
  assert.equal((await caller.replies.next()).success, true);
  await until('the caller to see the end', () => caller.events.includes('end'));
  await mesh.pass(1500);
  await isClosed(mesh);
  assert.deepEqual(mesh.cluster.stats.totals(), { ok: 1 });
});

meshTest('but only those of the next second, and the others count as abandoned', {}, async (mesh, provider) => {
  const caller = await mesh.caller({ allowHalfOpen: true });
  caller.send(1, SERVICE, LONG);
  const request = await provider.requests.next();
  caller.socket.write('GET / HTTP/1.1\r\n\r\n');
  await settled();
  for (let i = 0; i < 8 && !caller.events.includes('end'); i++) await mesh.pass(250);
  assert.deepEqual(caller.events, ['end']);
  provider.reply(request);
  await mesh.pass(1500);
  await isClosed(mesh);
  assert.equal(caller.replies.count, 0);
  assert.deepEqual(mesh.cluster.stats.totals(), { ok: 0, abandoned: 1 });
});

meshTest('what many send at once to a provider that reads nothing is bounded', MANY, async (mesh, provider) => {
  const [limit, frame] = [4 << 20, HUGE.length];
  mesh.net.maxHeld = limit;
  const callers = [await mesh.caller()];
  callers[0]!.send(0, SERVICE, LONG);
  provider.reply(await provider.requests.next());
  provider.sockets[0]!.pause();
  while (callers.length < 32) callers.push(await mesh.caller());
  // It is not what arrives in parts that is bounded here.
  mesh.budget.limit = callers.length * 2 * frame;
  for (const { socket } of callers) socket.write(HUGE);
  let most = 0;
  const refused = (): number => callers.reduce((sum, { replies }) => sum + replies.count, -1);
  await until('all requests', () => {
    most = Math.max(most, mesh.net.unsent);
    return refused() + mesh.listener.active === callers.length;
  });
  assert.ok(refused() > callers.length / 2, `${refused()} are refused`);
  // Requests leave in steps of the high water, and one is found to be too many after it has been written.
  assert.ok(most > limit && most < limit + (1 << 20) + 2 * frame, `${most} bytes wait`);

  const last = callers.slice(1).find(({ replies }) => replies.count === 1)!;
  assert.match((await last.replies.next()).text, /takes no more requests: too many wait for it already/);
  provider.answerAll('done');
  provider.sockets[0]!.resume();
  await until('an answer to all others', () => mesh.listener.active === 0);
  last.send(2, SERVICE);
  assert.equal((await last.replies.next()).success, true);
  assert.equal(mesh.net.unsent, 0);
});

meshTest('what a slow caller takes lets its provider go on at once', MANY, async (mesh, provider) => {
  const maxOutput = 32 << 20;
  mesh.listener.adjust({ limits: { ...LIMITS, ...MANY.limits, maxOutput }, idleTimeout: 0, detectTimeout: 0 });
  const [, read] = await trickle(mesh, provider, 1000);
  await until('it to be held up', () => mesh.net.unsent > maxOutput);
  await settled();
  const waiting = mesh.listener.active;
  // The kernel's buffers move in steps of some MiB.
  while (mesh.listener.active === waiting && mesh.net.unsent > maxOutput * 0.7) {
    await read();
    await settled();
  }
  assert.ok(mesh.listener.active < waiting, 'more replies have come');
});
