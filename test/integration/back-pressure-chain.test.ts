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
  /** On a connection of its own to the same sidecar. */
  readonly other: RawPeer;
  readonly provider: RawPeer;
  readonly memories: readonly { readonly grown: number }[];
}

interface Sizes {
  readonly request: number;
  readonly reply: number;
}

/** caller → egress → ingress → provider, each connected. */
async function startChain(owner: Owner, { request, reply }: Sizes, changed: object = {}): Promise<Chain> {
  const server = await startRawProvider(owner, (frame, peer) => {
    const number = frame.content.readUInt32BE(0);
    assert.ok(frame.content.equals(marked(number, request)), `request ${number} is whole`);
    peer.send(() => replyTo(frame, marked(number, reply)));
  });
  const limits = { maxOutput: '4MiB', stallTimeout: '60s', ...changed };
  const ingress = await startSidecar(owner, { name: 'ingress', appPort: server.port, limits });
  const clusters = [{ name: SERVICE, endpoints: [`127.0.0.1:${ingress.ports.ingress}`] }];
  const egress = await startSidecar(owner, { name: 'egress', clusters, limits });
  const caller = await openRawClient(owner, egress.ports.egress);
  const other = await openRawClient(owner, egress.ports.egress);
  caller.send(requestOf(SERVICE, CALLS, marked(CALLS, request)));
  await caller.reply(CALLS);
  caller.replies.clear();
  const memories = [egress, ingress].map((sidecar: TestSidecar) => watchMemory(sidecar));
  return { caller, other, provider: server.peers[0]!, memories };
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
  const chain = await startChain(t, { request: SMALL, reply: LARGE });
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
  const chain = await startChain(t, { request: LARGE, reply: SMALL });
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

test('a caller that takes nothing for stallTimeout is closed by its own sidecar, and none of the others loses a call', async (t) => {
  const { caller, other, provider } = await startChain(t, { request: SMALL, reply: LARGE }, { stallTimeout: '1s' });
  caller.socket.pause();
  sendAll(caller, SMALL);
  await standsStill('the provider', () => provider.unsent);
  for (let id = 0; id < 8; id++) other.send(requestOf(SERVICE, id, marked(id, SMALL)));
  for (let id = 0; id < 8; id++) {
    const reply = await other.reply(id);
    assert.equal(reply.statusOrTimeout, 0, reply.content.toString('latin1', 0, 200));
    assert.ok(reply.content.equals(marked(id, LARGE)));
  }
});

test('a caller that reads slowly is closed by nobody, though its sidecar keeps far more than it reads in stallTimeout', async (t) => {
  const { caller } = await startChain(t, { request: SMALL, reply: LARGE }, { maxOutput: '24MiB', stallTimeout: '1s' });
  const slowly = readSlowly(caller, 20);
  t.after(async () => slowly.goOn());
  sendAll(caller, SMALL);
  await waitUntil(() => caller.socket.bytesRead > 20 * MIB, { what: '20 MiB are read', ms: 20_000 });
  slowly.goOn();
  await allAnswered(caller, LARGE);
});
