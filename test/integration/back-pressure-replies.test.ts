/** A caller that does not read its replies slows its provider, not others, and costs no more memory than the limits. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitUntil, type Owner } from '../support/children.ts';
import { startSidecar, type TestSidecar } from '../support/mesh.ts';
import { standsStill, watchMemory } from '../support/pressure.ts';
import {
  marked,
  openRawClient,
  replyTo,
  requestOf,
  startRawProvider,
  type RawPeer,
  type RawProvider,
} from '../support/raw-bolt.ts';

const LARGE = 'com.demo.Large:1.0';
const SMALL = 'com.demo.Small:1.0';
const REPLY = 256 << 10;
const CALLS = 512;
const MIB = 1 << 20;
const LIMITS = { maxOutput: '4MiB', stallTimeout: '60s' };
/** What the replies may take of a proxy: far below their 128 MiB, above `maxOutput` and what waits to be collected. */
const MEMORY = 48 * MIB;

/** Answers each request with `length` bytes that hold its own number. */
function startProvider(owner: Owner, length: number): Promise<RawProvider> {
  return startRawProvider(owner, (frame, peer) => {
    const number = frame.content.readUInt32BE(0);
    peer.send(() => replyTo(frame, marked(number, length)));
  });
}

function ask(client: RawPeer, service: string, from: number, to: number): void {
  for (let id = from; id < to; id++) client.send(requestOf(service, id, marked(id, 4)));
}

async function answered(client: RawPeer, from: number, to: number, length: number): Promise<void> {
  await waitUntil(() => client.replies.size >= to - from, { what: `${to - from} replies`, ms: 30_000 });
  for (let id = from; id < to; id++) {
    const reply = client.replies.get(id);
    assert.equal(reply?.statusOrTimeout, 0, `the status of call ${id}`);
    assert.ok(reply.content.equals(marked(id, length)), `the content of call ${id}`);
  }
}

interface Scene {
  readonly sidecar: TestSidecar;
  readonly large: RawProvider;
  readonly reader: RawPeer;
  readonly other: RawPeer;
  readonly memory: { readonly grown: number };
}

/** A sidecar before two providers, and two callers of which `reader` has asked for 128 MiB and reads nothing. */
async function startScene(owner: Owner, limits: object, policy: object = {}): Promise<Scene> {
  const large = await startProvider(owner, REPLY);
  const small = await startProvider(owner, 100);
  const sidecar = await startSidecar(owner, {
    name: 's',
    limits,
    clusters: [
      { name: LARGE, endpoints: [`127.0.0.1:${large.port}`], ...policy },
      { name: SMALL, endpoints: [`127.0.0.1:${small.port}`] },
    ],
  });
  const reader = await openRawClient(owner, sidecar.ports.egress);
  const other = await openRawClient(owner, sidecar.ports.egress);
  reader.socket.pause();
  const memory = watchMemory(sidecar);
  ask(reader, LARGE, 0, CALLS);
  return { sidecar, large, reader, other, memory };
}

function unsentOf(provider: RawProvider): number {
  return provider.peers.reduce((sum, peer) => sum + peer.unsent, 0);
}

test('a caller that reads nothing holds up its provider alone, and gets every reply when it reads on', async (t) => {
  const { large, reader, other, memory } = await startScene(t, LIMITS);
  const unsent = await standsStill('the provider', () => unsentOf(large));
  assert.ok(unsent * REPLY > 96 * MIB, `the provider keeps ${unsent} replies to itself`);
  assert.ok(memory.grown < MEMORY, `grew by ${memory.grown} bytes`);

  ask(other, SMALL, 0, 200);
  await answered(other, 0, 200, 100);
  assert.equal(unsentOf(large), unsent, 'the provider still waits');

  reader.socket.resume();
  await answered(reader, 0, CALLS, REPLY);
});

test('a provider that is held up is not taken for dead, and its other callers wait for no longer than it', async (t) => {
  const heartbeat = { interval: '200ms', timeout: '200ms', misses: 2 };
  const { sidecar, large, reader, other } = await startScene(t, LIMITS, { heartbeat });
  await standsStill('the provider', () => unsentOf(large));
  ask(other, LARGE, CALLS, CALLS + 1);
  const since = performance.now();
  await waitUntil(() => performance.now() - since > 2_000, { what: 'far longer than the heartbeats may miss' });
  const [cluster] = await sidecar.clusters();
  assert.deepEqual(
    cluster?.endpoints.map(({ usable, reason, connections }) => ({ usable, reason, connections })),
    [{ usable: true, reason: '', connections: 1 }],
  );
  assert.equal(other.replies.size, 0, 'the other call of this provider waits as well');
  reader.socket.resume();
  await answered(reader, 0, CALLS, REPLY);
  await answered(other, CALLS, CALLS + 1, REPLY);
  assert.equal(large.peers.length, 1, 'on the connection of the start');
});

test('a caller that reads nothing for stallTimeout is closed, and its provider serves the others again', async (t) => {
  const { sidecar, large, reader, other } = await startScene(t, { ...LIMITS, stallTimeout: '1s' });
  await standsStill('the provider', () => unsentOf(large));
  ask(other, LARGE, CALLS, CALLS + 8);
  await answered(other, CALLS, CALLS + 8, REPLY);
  const outcome = /^weft_requests_total\{cluster="com\.demo\.Large:1\.0",outcome="abandoned"\} (\d+)$/m;
  const [, abandoned] = outcome.exec(await sidecar.metrics()) ?? [];
  assert.ok(Number(abandoned) > CALLS / 2, `${abandoned} calls abandoned`);
  reader.socket.resume();
  await reader.hasClosed();
});

test('a maxOutput below the size of a reply slows nobody who reads', async (t) => {
  const { reader } = await startScene(t, { ...LIMITS, maxOutput: '64KiB' });
  reader.socket.resume();
  await answered(reader, 0, CALLS, REPLY);
});
