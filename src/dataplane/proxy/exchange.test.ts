import assert from 'node:assert/strict';
import { RETRIES } from '../cluster/testing/policy.ts';
import { once } from 'node:events';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { FAILURE_CODE_HEADER, FAILURE_UNSENT_HEADER } from '../codec/bolt/encode.ts';
import { FrameKind } from '../message/frame.ts';
import { Provider, type Seen } from './testing/bolt-peer.ts';
import { until } from '../../core/testing/settled.ts';
import { SERVICE, SmallMesh, type SmallMeshOptions } from './testing/small-mesh.ts';

/** An exchange is tested with the sockets on both sides of it; only the time is made up. */
function meshTest(name: string, options: SmallMeshOptions, run: (mesh: SmallMesh) => Promise<void>): void {
  test(`exchange: ${name}`, async () => {
    const mesh = await SmallMesh.open(options);
    try {
      await run(mesh);
    } finally {
      await mesh.close();
    }
  });
}

const SHORT_QUEUE = { policy: { queue: { max: 2, timeout: 500 } } };

meshTest('callers that use the same id get their own replies, in any order', {}, async (mesh) => {
  const provider = await mesh.provider();
  mesh.endpoints(provider);
  const [ann, bob] = [await mesh.caller(), await mesh.caller()];
  ann.send(7, SERVICE, { content: 'of ann' });
  const first = await provider.requests.next();
  bob.send(7, SERVICE, { content: 'of bob' });
  const second = await provider.requests.next();
  assert.equal(first.connection, second.connection);
  assert.notEqual(first.id, second.id);
  assert.match(first.text, /of ann$/);
  provider.reply(second, 'to bob');
  const toBob = await bob.replies.next();
  provider.reply(first, 'to ann');
  const toAnn = await ann.replies.next();
  assert.deepEqual([toAnn.id, toAnn.text.slice(-6)], [7, 'to ann']);
  assert.deepEqual([toBob.id, toBob.text.slice(-6)], [7, 'to bob']);
});

meshTest('a one-way request is passed on, and nothing comes back', {}, async (mesh) => {
  const provider = await mesh.provider();
  mesh.endpoints(provider);
  const caller = await mesh.caller();
  caller.send(1, SERVICE, { oneway: true });
  assert.equal((await provider.requests.next()).kind, FrameKind.oneway);
  caller.send(2, SERVICE);
  provider.reply(await provider.requests.next());
  assert.equal((await caller.replies.next()).id, 2);
});

meshTest('a request without a cluster is refused with its reason', {}, async (mesh) => {
  const caller = await mesh.caller();
  caller.send(1, 'com.demo.Other:1.0');
  const reply = await caller.replies.next();
  assert.equal(reply.success, false);
  assert.match(reply.text, /no cluster is named com.demo.Other:1.0/);
});

meshTest('its time over, the caller hears so, and the late reply reaches nobody', {}, async (mesh) => {
  const provider = await mesh.provider();
  mesh.endpoints(provider);
  const caller = await mesh.caller();
  caller.send(1, SERVICE, { timeout: 800 });
  const late = await provider.requests.next();
  mesh.clock.advance(820);
  const timedOut = await caller.replies.next();
  assert.equal(timedOut.success, false);
  assert.match(timedOut.text, /no reply from 127.0.0.1:\d+ in 8\d\d ms/);
  provider.reply(late);
  caller.send(1, SERVICE);
  provider.reply(await provider.requests.next(), 'in time');
  assert.match((await caller.replies.next()).text, /in time$/);
});

meshTest(
  'waits queue.timeout for the first endpoints, and is not sent when they come later',
  SHORT_QUEUE,
  async (mesh) => {
    const caller = await mesh.caller();
    caller.send(1, SERVICE, { timeout: 10_000 });
    caller.send(2, SERVICE, { timeout: 10_000 });
    caller.send(3, SERVICE, { timeout: 10_000 });
    const refused = await caller.replies.next();
    assert.equal(refused.id, 3);
    assert.match(refused.text, /2 requests wait for the first endpoints already/);
    mesh.clock.advance(520);
    const waited = [await caller.replies.next(), await caller.replies.next()];
    assert.deepEqual(new Set(waited.map(({ id }) => id)), new Set([1, 2]));
    for (const { text } of waited) assert.match(text, /waited 5\d\d ms for the first endpoints/);
    const provider = await mesh.provider();
    mesh.endpoints(provider);
    caller.send(4, SERVICE, { content: 'the fourth' });
    assert.match((await provider.requests.next()).text, /the fourth$/);
  },
);

meshTest('a caller hears why its request waits in vain before it stops waiting itself', {}, async (mesh) => {
  const caller = await mesh.caller();
  caller.send(1, SERVICE, { timeout: 1000 });
  caller.send(9, 'none');
  await caller.replies.next();
  mesh.clock.advance(970);
  assert.match((await caller.replies.next()).text, /waited 9[5-7]\d ms for the first endpoints/);
});

meshTest('once sent, its own deadline counts, not the one of the queue', SHORT_QUEUE, async (mesh) => {
  const provider = await mesh.provider();
  const caller = await mesh.caller();
  caller.send(1, SERVICE, { timeout: 10_000 });
  caller.send(9, 'none');
  await caller.replies.next();
  mesh.clock.advance(400);
  mesh.endpoints(provider);
  const request = await provider.requests.next();
  mesh.clock.advance(5000);
  provider.reply(request, 'after 5 s');
  assert.match((await caller.replies.next()).text, /after 5 s$/);
});

meshTest('what it has waited is not there for the next hop to wait again', {}, async (mesh) => {
  const provider = await mesh.provider();
  const caller = await mesh.caller();
  caller.send(1, SERVICE, { timeout: 2500 });
  caller.send(2, SERVICE);
  await until('both', () => mesh.cluster.stats.active === 2);
  mesh.clock.advance(2000);
  mesh.endpoints(provider);
  assert.equal((await provider.requests.next()).timeout, 500);
  assert.equal((await provider.requests.next()).timeout, 0, 'it said nothing, and nothing is said for it');
  caller.send(3, SERVICE, { timeout: 2500 });
  assert.equal((await provider.requests.next()).timeout, 2500, 'it has not waited');
});

meshTest('the request of a caller that has gone is given up', {}, async (mesh) => {
  const provider = await mesh.provider();
  mesh.endpoints(provider);
  const [leaver, other] = [await mesh.caller(), await mesh.caller()];
  leaver.send(1, SERVICE);
  const request = await provider.requests.next();
  leaver.socket.resetAndDestroy();
  while (mesh.cluster.stats.active > 0) await setImmediate();
  assert.deepEqual(mesh.cluster.stats.totals(), { ok: 0, abandoned: 1 });
  provider.reply(request);
  other.send(2, SERVICE);
  provider.reply(await provider.requests.next());
  assert.equal((await other.replies.next()).id, 2);
});

meshTest('a broken connection answers all that wait for it at once', {}, async (mesh) => {
  const provider = await mesh.provider();
  mesh.endpoints(provider);
  const caller = await mesh.caller();
  caller.send(1, SERVICE);
  caller.send(2, SERVICE);
  await provider.requests.next();
  await provider.requests.next();
  provider.cut();
  const replies = [await caller.replies.next(), await caller.replies.next()];
  for (const { success, text } of replies) {
    assert.equal(success, false);
    assert.match(text, /the connection to 127.0.0.1:\d+ was lost/);
  }
});

meshTest('an endpoint that refuses connections is left for another, without a retry', {}, async (mesh) => {
  const [gone, provider] = [await Provider.start(), await mesh.provider()];
  const { port } = gone;
  await gone.close();
  mesh.endpoints({ port }, provider);
  const caller = await mesh.caller();
  for (const id of [1, 2, 3, 4]) {
    caller.send(id, SERVICE);
    provider.reply(await provider.requests.next());
    assert.deepEqual(await caller.replies.next().then((reply) => [reply.id, reply.success]), [id, true]);
  }
});

const RETRY = { policy: { retries: { ...RETRIES, attempts: 1, on: ['connect-failure', 'reset'] } } } as const;

meshTest('a reset is tried elsewhere once when the policy says so', RETRY, async (mesh) => {
  const providers = [await mesh.provider(), await mesh.provider()] as const;
  mesh.endpoints(...providers);
  const caller = await mesh.caller();
  caller.send(1, SERVICE, { content: 'payload', timeout: 2000 });
  const [first, second] = await whoGot(providers);
  mesh.clock.advance(1000);
  first.cut();
  const again = await second.requests.next();
  assert.equal(again.timeout, 1000, 'the rest of its time');
  assert.match(again.text, /payload$/);
  second.cut();
  assert.match((await caller.replies.next()).text, /was lost/);
});

meshTest("the next sidecar's failure to reach its app is tried elsewhere", RETRY, async (mesh) => {
  const providers = [await mesh.provider(), await mesh.provider()] as const;
  mesh.endpoints(...providers);
  const caller = await mesh.caller();
  caller.send(1, SERVICE);
  const [first, second, request] = await whoGot(providers);
  first.reply(request, '', [
    [FAILURE_CODE_HEADER, 'no_healthy_endpoint'],
    [FAILURE_UNSENT_HEADER, 'true'],
  ]);
  second.reply(await second.requests.next(), 'from the other');
  assert.match((await caller.replies.next()).text, /from the other$/);
});

meshTest('a failure whose headers cannot be read is passed on, and is nobody else’s trouble', RETRY, async (mesh) => {
  const provider = await mesh.provider();
  mesh.endpoints(provider);
  const [ann, bob] = [await mesh.caller(), await mesh.caller()];
  ann.send(1, SERVICE);
  const toAnn = await provider.requests.next();
  bob.send(2, SERVICE);
  const toBob = await provider.requests.next();
  provider.reply(toAnn, 'a failure', Buffer.from([0, 0, 0, 9, 1]));
  const failed = await ann.replies.next();
  assert.deepEqual([failed.success, failed.text.slice(-9)], [false, 'a failure']);
  provider.reply(toBob);
  assert.equal((await bob.replies.next()).success, true);
});

meshTest('an endpoint that leaves finishes what it has, and its connection is closed', {}, async (mesh) => {
  const [old, next] = [await mesh.provider(), await mesh.provider()];
  mesh.endpoints(old);
  const caller = await mesh.caller();
  caller.send(1, SERVICE);
  const request = await old.requests.next();
  mesh.endpoints(next);
  caller.send(2, SERVICE);
  next.reply(await next.requests.next(), 'from the new');
  assert.match((await caller.replies.next()).text, /from the new$/);
  const ended = once(old.sockets[0]!, 'end');
  old.reply(request, 'from the old');
  assert.match((await caller.replies.next()).text, /from the old$/);
  await ended;
});

meshTest('requests over the limit of a connection are refused', { limits: { maxPending: 1 } }, async (mesh) => {
  const provider = await mesh.provider();
  mesh.endpoints(provider);
  const caller = await mesh.caller();
  caller.send(1, SERVICE);
  caller.send(2, SERVICE);
  const refused = await caller.replies.next();
  assert.equal(refused.id, 2);
  assert.match(refused.text, /1 requests of this connection wait for replies already/);
  provider.reply(await provider.requests.next());
  assert.equal((await caller.replies.next()).id, 1);
});

/** The provider that has got the request, the other one, and the request. */
async function whoGot([one, two]: readonly [Provider, Provider]): Promise<readonly [Provider, Provider, Seen]> {
  const inbox = await Promise.race([one.requests.arrival(), two.requests.arrival()]);
  const request = await inbox.next();
  return inbox === one.requests ? [one, two, request] : [two, one, request];
}
