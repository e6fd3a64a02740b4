/** A provider that does not read its requests slows their callers, not others, and costs no more memory than the limits. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TYPE } from '../../bench/load/frames.ts';
import { waitUntil, type Owner } from '../support/children.ts';
import { startSidecar, type TestSidecar } from '../support/mesh.ts';
import { readSlowly, watchMemory } from '../support/pressure.ts';
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
const REQUEST = 256 << 10;
const CALLS = 512;
const MIB = 1 << 20;
const BUSY = 4;
const SUCCESS = 0;
/** The kernel's buffers of two connections, and what the proxy keeps before it stops reading. */
const BETWEEN = 40 * MIB;
/** What a proxy may grow by: it keeps little, but most of what passed through it may wait to be collected. */
const MEMORY = 120 * MIB;

interface Scene {
  readonly sidecar: TestSidecar;
  readonly provider: RawProvider;
  /** The numbers of the requests that came whole, in order. */
  readonly received: readonly number[];
  readonly caller: RawPeer;
  readonly other: RawPeer;
}

/** A sidecar before a provider that takes large requests, and one whose small ones are to go on meanwhile. */
async function startScene(owner: Owner): Promise<Scene> {
  const received: number[] = [];
  const provider = await startRawProvider(owner, (frame, peer) => {
    const number = frame.content.readUInt32BE(0);
    assert.ok(frame.content.equals(marked(number, REQUEST)), `request ${number} is whole`);
    received.push(number);
    if (frame.type === TYPE.request) peer.send(replyTo(frame, marked(number, 16)));
  });
  const small = await startRawProvider(owner, (frame, peer) => peer.send(replyTo(frame, frame.content)));
  const sidecar = await startSidecar(owner, {
    name: 's',
    clusters: [
      { name: LARGE, endpoints: [`127.0.0.1:${provider.port}`] },
      { name: SMALL, endpoints: [`127.0.0.1:${small.port}`] },
    ],
  });
  const caller = await openRawClient(owner, sidecar.ports.egress);
  const other = await openRawClient(owner, sidecar.ports.egress);
  // Opens the connection, so that a test can stop its reading.
  caller.send(requestOf(LARGE, CALLS, marked(CALLS, REQUEST)));
  await caller.reply(CALLS);
  caller.replies.clear();
  received.length = 0;
  return { sidecar, provider, received, caller, other };
}

function sendAll(caller: RawPeer, type: number): void {
  for (let id = 0; id < CALLS; id++) caller.send(() => ({ ...requestOf(LARGE, id, marked(id, REQUEST)), type }));
}

/** Bytes that the caller is rid of and the provider has not seen. */
function between(caller: RawPeer, provider: RawPeer, from: number): number {
  return caller.socket.bytesWritten - caller.socket.writableLength - provider.socket.bytesRead - from;
}

async function checkSmallCalls(other: RawPeer): Promise<void> {
  for (let id = 1; id <= 200; id++) {
    other.send(requestOf(SMALL, id, marked(id, 100)));
    assert.ok((await other.reply(id)).content.equals(marked(id, 100)));
  }
}

for (const [kind, type] of [
  ['requests', TYPE.request],
  ['one-way requests', TYPE.oneWay],
] as const) {
  test(`a provider that reads ${kind} slowly slows their caller, and gets them all`, async (t) => {
    const { sidecar, provider, received, caller, other } = await startScene(t);
    const peer = provider.peers[0]!;
    const memory = watchMemory(sidecar);
    const from = between(caller, peer, 0);
    const slowly = readSlowly(peer);
    t.after(async () => slowly.goOn());
    sendAll(caller, type);
    let most = 0;
    const enough = (): boolean => {
      most = Math.max(most, between(caller, peer, from));
      return received.length * REQUEST > 16 * MIB;
    };
    await Promise.all([waitUntil(enough, { what: '16 MiB are received', ms: 20_000 }), checkSmallCalls(other)]);
    assert.ok(most < BETWEEN, `${most} bytes were on their way`);
    assert.ok(caller.unsent * REQUEST > 64 * MIB, `the caller keeps ${caller.unsent} requests to itself`);
    assert.ok(memory.grown < MEMORY, `grew by ${memory.grown} bytes`);

    slowly.goOn();
    await waitUntil(() => received.length === CALLS, { what: 'all are received', ms: 20_000 });
    assert.deepEqual(
      received,
      Array.from({ length: CALLS }, (_, i) => i),
    );
    if (type === TYPE.oneWay) return;
    await waitUntil(() => caller.replies.size === CALLS, { what: 'all are answered' });
    for (const [id, { statusOrTimeout: status, content }] of caller.replies) {
      assert.equal(status, SUCCESS);
      assert.ok(content.equals(marked(id, 16)));
    }
  });
}

test('requests for a provider that takes none are refused after a while, the others go on, and so does it', async (t) => {
  const { sidecar, provider, received, caller, other } = await startScene(t);
  const memory = watchMemory(sidecar);
  provider.peers[0]!.socket.pause();
  sendAll(caller, TYPE.request);
  await checkSmallCalls(other);
  await waitUntil(() => caller.unsent === 0, { what: 'the caller is held up no longer' });
  assert.ok(memory.grown < MEMORY, `grew by ${memory.grown} bytes`);
  await checkSmallCalls(other);

  provider.peers[0]!.socket.resume();
  await waitUntil(() => caller.replies.size === CALLS, { what: 'all are answered' });
  const served = [...caller.replies.values()].filter(({ statusOrTimeout: status }) => status === SUCCESS);
  const refused = [...caller.replies.values()].filter(({ statusOrTimeout: status }) => status === BUSY);
  assert.equal(served.length, received.length);
  assert.equal(served.length + refused.length, CALLS);
  assert.ok(served.length > 0 && refused.length > 0);
  caller.send(requestOf(LARGE, CALLS, marked(CALLS, REQUEST)));
  assert.equal((await caller.reply(CALLS)).statusOrTimeout, SUCCESS);
});
