/** What becomes of calls, and of an endpoint's place among the others, when its connections come and go. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClusterPolicy } from '../cluster/policy.ts';
import type { Caller, Provider, Seen } from './testing/bolt-peer.ts';
import { settled, until } from '../../core/testing/settled.ts';
import { SERVICE, SmallMesh } from './testing/small-mesh.ts';

function meshTest(name: string, policy: Partial<ClusterPolicy>, run: (mesh: SmallMesh) => Promise<void>): void {
  test(`connections of an endpoint: ${name}`, async () => {
    const mesh = await SmallMesh.open({ policy });
    try {
      await run(mesh);
    } finally {
      await mesh.close();
    }
  });
}

/** Long enough for no call to end by itself. */
const PATIENT = { timeout: 1_000_000 };
const TWO_OF_ONE = { connections: 2, maxPendingPerConnection: 1 };
const HEARTBEAT = { interval: 1_000, maxInterval: 1_000, misses: 2, timeout: 1_000 };

meshTest('calls that were queued for the first go out as any gets room', TWO_OF_ONE, async (mesh) => {
  const provider = await mesh.provider();
  mesh.endpoints(provider);
  const caller = await mesh.caller();
  for (const id of [1, 2, 3, 4, 5]) caller.send(id, SERVICE);
  const replied: number[] = [];
  const onConnections = new Set<number>();
  for (let i = 0; i < 5; i++) {
    const request = await provider.requests.next();
    onConnections.add(request.connection);
    // Both are busy before the first is answered.
    if (i === 0) await provider.requests.arrival();
    provider.reply(request);
    replied.push((await caller.replies.next()).id);
  }
  assert.deepEqual(replied, [1, 2, 3, 4, 5]);
  assert.deepEqual(onConnections, new Set([0, 1]));
});

meshTest('a call that waited for one that fails goes out on the other', TWO_OF_ONE, async (mesh) => {
  const provider = await mesh.provider();
  const { port } = provider;
  mesh.endpoints(provider);
  const caller = await mesh.caller();
  caller.send(1, SERVICE);
  const first = await provider.requests.next();
  provider.refuse();
  caller.send(2, SERVICE);
  await until('the second call', () => mesh.cluster.stats.active === 2);
  await settled();
  assert.equal(mesh.endpointOf({ port }).resources!.connections, 1);
  provider.reply(first);
  assert.equal((await caller.replies.next()).id, 1);
  const second = await provider.requests.next();
  assert.equal(second.connection, 0);
  provider.reply(second);
  assert.deepEqual(await replyOf(caller.replies.next()), [2, true]);
});

meshTest('calls are not a reason to try for a second one again and again', { connections: 2 }, async (mesh) => {
  const provider = await mesh.provider();
  mesh.endpoints(provider);
  const caller = await mesh.caller();
  caller.send(1, SERVICE, PATIENT);
  await provider.requests.next();
  provider.greeting = 'closing';
  for (let id = 2; id < 30; id++) {
    caller.send(id, SERVICE, PATIENT);
    assert.equal((await provider.requests.next()).connection, 0);
    await settled();
  }
  assert.equal(provider.sockets.length, 2);
  provider.greeting = 'serving';
  mesh.clock.advance(10_000);
  caller.send(30, SERVICE, PATIENT);
  await until('another try', () => provider.sockets.length === 3);
});

meshTest('one that accepts and closes is tried less and less often', {}, async (mesh) => {
  const provider = await mesh.provider();
  provider.greeting = 'closing';
  mesh.endpoints(provider);
  const caller = await mesh.caller();
  caller.send(1, SERVICE);
  assert.equal((await caller.replies.next()).success, false);
  await mesh.pass(2_000, 10);
  // 50, 100, 200, 400 and 800 ms apart, as chance has it here.
  assert.equal(provider.sockets.length, 6);
  assert.equal(mesh.endpointOf(provider).usable, false);
  provider.greeting = 'serving';
  await mesh.pass(2_000, 100);
  assert.equal(mesh.endpointOf(provider).usable, true);
});

meshTest('one that worked is followed at once, but not in a loop', {}, async (mesh) => {
  const provider = await mesh.provider();
  mesh.endpoints(provider);
  const caller = await mesh.caller();
  caller.send(1, SERVICE, PATIENT);
  await provider.requests.next();
  provider.cut(0);
  await until('the next connection', () => provider.sockets.length === 2);
  assert.equal((await caller.replies.next()).success, false);
  await until('a word on it', () => mesh.endpointOf(provider).usable);
  provider.greeting = 'goaway';
  provider.goaway(1);
  await settled();
  assert.equal(provider.sockets.length, 2, 'the clock stands still');
  await mesh.pass(5_000, 10);
  assert.ok(provider.sockets.length < 30, `${provider.sockets.length} connections`);
});

meshTest(
  'the silence of one of two does not count, nor its end',
  { connections: 2, heartbeat: HEARTBEAT },
  async (mesh) => {
    const provider = await mesh.provider();
    mesh.endpoints(provider);
    const endpoint = mesh.endpointOf(provider);
    const caller = await mesh.caller();
    caller.send(1, SERVICE, PATIENT);
    const first = await provider.requests.next();
    caller.send(2, SERVICE, PATIENT);
    await provider.requests.next();
    await until('the second connection', () => provider.sockets.length === 2);
    provider.mute(1);
    for (let i = 0; i < 20; i++) {
      await mesh.pass(500, 500);
      assert.equal(endpoint.usable, true);
    }
    assert.equal(endpoint.resources!.connections, 1, 'the silent one is closed');
    provider.mute(0);
    await mesh.pass(2_500, 500);
    assert.equal(endpoint.usable, false, 'now none answers');
    assert.match(endpoint.reason, /no answer to a heartbeat/);
    assert.equal(first.connection, 0);
  },
);

meshTest('after goaway the old one has no say', { heartbeat: HEARTBEAT }, async (mesh) => {
  const [provider, other] = [await mesh.provider(), await mesh.provider()];
  mesh.endpoints(provider, other);
  const endpoint = mesh.endpointOf(provider);
  const caller = await mesh.caller();
  await holdOneCall(caller, provider, other);
  provider.goaway(0);
  await until('the next connection', () => provider.sockets.length === 2);
  provider.mute(0);
  for (let i = 0; i < 10; i++) {
    await mesh.pass(500, 500);
    assert.equal(endpoint.usable, true);
  }
  assert.match((await caller.replies.next()).text, /was lost: 2 heartbeats unanswered/);
  await serves(mesh, [provider, other]);
});

meshTest('one is made again while an old one finishes what it has', {}, async (mesh) => {
  const [provider, other] = [await mesh.provider(), await mesh.provider()];
  mesh.endpoints(provider, other);
  const caller = await mesh.caller();
  const held = await holdOneCall(caller, provider, other);
  provider.goaway(held.connection);
  await until('its successor', () => provider.sockets.length === 2 && mesh.endpointOf(provider).usable);
  provider.cut(1);
  await until('its loss', () => !mesh.endpointOf(provider).usable);
  await mesh.pass(100, 50);
  await until('the next successor', () => provider.sockets.length === 3 && mesh.endpointOf(provider).usable);
  provider.reply(held);
  assert.equal((await caller.replies.next()).success, true);
  await serves(mesh, [provider, other]);
});

meshTest('goaway and loss, over and over, leave the endpoint as it was', { connections: 2 }, async (mesh) => {
  const [provider, other] = [await mesh.provider(), await mesh.provider()];
  mesh.endpoints(provider, other);
  await serves(mesh, [provider, other]);
  for (let round = 0; round < 20; round++) {
    const last = provider.sockets.length - 1;
    if (round % 3 === 0) provider.cut(last);
    else provider.goaway(last);
    if (round % 2 === 0) provider.cut();
    await settled();
    await mesh.pass(12_000, 3_000);
    assert.equal(mesh.endpointOf(provider).usable, true, `round ${round}`);
    await serves(mesh, [provider, other]);
  }
  assert.ok(mesh.endpointOf(provider).resources!.connections <= 2);
});

meshTest('a reply that comes after its caller stopped waiting is nobody else’s', {}, async (mesh) => {
  const provider = await mesh.provider();
  mesh.endpoints(provider);
  const [ann, bob] = [await mesh.caller(), await mesh.caller()];
  ann.send(1, SERVICE, { timeout: 500 });
  const late = await provider.requests.next();
  mesh.clock.advance(600);
  assert.match((await ann.replies.next()).text, /no reply from/);
  bob.send(1, SERVICE);
  const request = await provider.requests.next();
  provider.reply(late, 'for ann');
  provider.reply(request, 'for bob');
  assert.match((await bob.replies.next()).text, /for bob$/);
});

/** One call each; that of `other` is answered. */
async function holdOneCall(caller: Caller, provider: Provider, other: Provider): Promise<Seen> {
  for (const id of [1, 2]) caller.send(id, SERVICE, PATIENT);
  other.reply(await other.requests.next());
  assert.equal((await caller.replies.next()).success, true);
  return provider.requests.next();
}

/** Each of them gets calls, and all calls succeed. */
async function serves(mesh: SmallMesh, providers: readonly Provider[]): Promise<void> {
  const caller = await mesh.caller();
  const served = new Set<Provider>();
  for (let id = 1; id <= 2 * providers.length; id++) {
    caller.send(id, SERVICE, PATIENT);
    const inbox = await Promise.race(providers.map(({ requests }) => requests.arrival()));
    const provider = providers.find(({ requests }) => requests === inbox)!;
    provider.reply(await inbox.next());
    served.add(provider);
    assert.deepEqual(await replyOf(caller.replies.next()), [id, true]);
  }
  assert.equal(served.size, providers.length);
}

async function replyOf(reply: Promise<Seen>): Promise<[number, boolean]> {
  const { id, success } = await reply;
  return [id, success];
}
