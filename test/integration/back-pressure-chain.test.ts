/** Slowness travels through two sidecars, from a caller to its provider and the other way, and neither keeps much. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitUntil, type Owner } from '../support/children.ts';
import { startSidecar, type TestSidecar } from '../support/mesh.ts';
import { readSlowly, standsStill, watchMemory } from '../support/pressure.ts';
import { marked, openRawClient, replyTo, requestOf, startRawProvider, type RawPeer } from '../support/raw-bolt.ts';

const SERVICE = 'com.demo.Large:1.0';
const LARGE = 256 << 10;
const SMALL = 16;
const CALLS = 512;
const MIB = 1 << 20;
/** What a proxy may grow by: it keeps little, but most of what passed through it may wait to be collected. */
const MEMORY = 120 * MIB;

interface Chain {
  readonly caller: RawPeer;
  readonly provider: RawPeer;
  readonly memories: readonly { readonly grown: number }[];
}

/** caller → egress → ingress → provider, each connected, with replies of `replySize` bytes. */
async function startChain(owner: Owner, requestSize: number, replySize: number): Promise<Chain> {
  const server = await startRawProvider(owner, (frame, peer) => {
    const number = frame.content.readUInt32BE(0);
    assert.ok(frame.content.equals(marked(number, requestSize)), `request ${number} is whole`);
    peer.send(() => replyTo(frame, marked(number, replySize)));
  });
  const limits = { maxOutput: '4MiB', stallTimeout: '60s' };
  const ingress = await startSidecar(owner, { name: 'ingress', appPort: server.port, limits });
  const clusters = [{ name: SERVICE, endpoints: [`127.0.0.1:${ingress.ports.ingress}`] }];
  const egress = await startSidecar(owner, { name: 'egress', clusters, limits });
  const caller = await openRawClient(owner, egress.ports.egress);
  caller.send(requestOf(SERVICE, CALLS, marked(CALLS, requestSize)));
  await caller.reply(CALLS);
  caller.replies.clear();
  const memories = [egress, ingress].map((sidecar: TestSidecar) => watchMemory(sidecar));
  return { caller, provider: server.peers[0]!, memories };
}

function sendAll(caller: RawPeer, size: number): void {
  for (let id = 0; id < CALLS; id++) caller.send(() => requestOf(SERVICE, id, marked(id, size)));
}

async function allAnswered(caller: RawPeer, size: number): Promise<void> {
  await waitUntil(() => caller.replies.size === CALLS, { what: 'all are answered', ms: 30_000 });
  for (const [id, reply] of caller.replies) {
    assert.equal(reply.statusOrTimeout, 0);
    assert.ok(reply.content.equals(marked(id, size)), `the reply to ${id} is whole`);
  }
}

function keptLittle({ memories }: Chain): void {
  for (const { grown } of memories) assert.ok(grown < MEMORY, `grew by ${grown} bytes`);
}

test('a caller that stops reading stops its provider, and gets every reply when it reads on', async (t) => {
  const chain = await startChain(t, SMALL, LARGE);
  const { caller, provider } = chain;
  caller.socket.pause();
  sendAll(caller, SMALL);
  const unsent = await standsStill('the provider', () => provider.unsent);
  assert.ok(unsent * LARGE > 64 * MIB, `the provider keeps ${unsent} replies to itself`);
  keptLittle(chain);
  caller.socket.resume();
  await allAnswered(caller, LARGE);
});

test('a provider that reads slowly slows its caller, and answers every request', async (t) => {
  const chain = await startChain(t, LARGE, SMALL);
  const { caller, provider } = chain;
  const slowly = readSlowly(provider);
  t.after(async () => slowly.goOn());
  const from = provider.socket.bytesRead;
  sendAll(caller, LARGE);
  await waitUntil(() => provider.socket.bytesRead - from > 16 * MIB, { what: '16 MiB are received', ms: 20_000 });
  assert.ok(caller.unsent * LARGE > 64 * MIB, `the caller keeps ${caller.unsent} requests to itself`);
  keptLittle(chain);
  slowly.goOn();
  await allAnswered(caller, SMALL);
});
