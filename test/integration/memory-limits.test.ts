/** The memory of a running sidecar stays within maxBuffered, whoever makes it wait and in whatever number. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitUntil, type Owner } from '../support/children.ts';
import { startSidecar, type TestSidecar } from '../support/mesh.ts';
import { standsStill } from '../support/pressure.ts';
import {
  frameBytes,
  marked,
  openRawClient,
  replyTo,
  requestOf,
  startRawProvider,
  type RawPeer,
  type RawProvider,
} from '../support/raw-bolt.ts';

const SERVICE = 'com.demo.Large:1.0';
const LARGE = 256 << 10;
const MIB = 1 << 20;
const BUSY = 4;
const MAX_BUFFERED = 16 * MIB;
const LIMITS = { maxBuffered: MAX_BUFFERED, maxFrame: MIB };

async function metric(sidecar: TestSidecar, name: string): Promise<number> {
  return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(await sidecar.metrics())?.[1]);
}

interface Scene {
  readonly sidecar: TestSidecar;
  readonly provider: RawProvider;
  readonly callers: readonly RawPeer[];
}

/** Callers that have each asked for `calls` large replies and read nothing. */
async function startScene(owner: Owner, limits: object, count: number, calls: number): Promise<Scene> {
  const provider = await startRawProvider(owner, (frame, peer) => {
    const number = frame.content.readUInt32BE(0);
    peer.send(() => replyTo(frame, marked(number, number === 0 ? 4 : LARGE)));
  });
  const clusters = [{ name: SERVICE, endpoints: [`127.0.0.1:${provider.port}`] }];
  const sidecar = await startSidecar(owner, { name: 's', limits, clusters });
  const callers = await Promise.all(Array.from({ length: count }, () => openRawClient(owner, sidecar.ports.egress)));
  for (const caller of callers) {
    caller.socket.pause();
    for (let id = 1; id <= calls; id++) caller.send(requestOf(SERVICE, id, marked(id, 4)));
  }
  return { sidecar, provider, callers };
}

test('replies for many slow callers, none of them over its own limit, hold up the provider at maxBuffered', async (t) => {
  const limits = { ...LIMITS, maxOutput: '64MiB', stallTimeout: '60s' };
  const { sidecar, provider, callers } = await startScene(t, limits, 16, 64);
  const unsent = await standsStill('the provider', () => provider.peers[0]?.unsent ?? 0);
  const waiting = await metric(sidecar, 'weft_unsent_bytes');
  assert.ok(waiting > MAX_BUFFERED / 2, `${waiting} bytes wait`);
  assert.ok(waiting < MAX_BUFFERED + 2 * MIB, `${waiting} bytes wait`);
  assert.ok(unsent > 100, `the provider keeps ${unsent} replies to itself`);

  for (const { socket } of callers) socket.resume();
  for (const caller of callers) {
    await waitUntil(() => caller.replies.size === 64, { what: 'all are answered', ms: 30_000 });
    for (const [id, { content }] of caller.replies) assert.ok(content.equals(marked(id, LARGE)));
  }
  assert.equal(await metric(sidecar, 'weft_unsent_bytes'), 0);
});

test('a caller below its limit that takes nothing for stallTimeout is closed too', async (t) => {
  const { sidecar, callers } = await startScene(t, { maxOutput: '64MiB', stallTimeout: '1s' }, 1, 64);
  await waitUntil(async () => (await metric(sidecar, 'weft_downstream_connections')) === 0, { what: 'it is closed' });
  assert.equal(await metric(sidecar, 'weft_unsent_bytes'), 0);
  callers[0]!.socket.resume();
  await callers[0]!.hasClosed();
});

test('requests that do not come to their end cost replies nothing, and are closed after stallTimeout', async (t) => {
  const limits = { ...LIMITS, stallTimeout: '2s' };
  const { sidecar } = await startScene(t, limits, 0, 0);
  const caller = await openRawClient(t, sidecar.ports.egress);
  caller.send(requestOf(SERVICE, 0, marked(0, 4)));
  await caller.reply(0);
  const whole = frameBytes(requestOf(SERVICE, 1, Buffer.alloc(MIB - 100)));
  const holders = await Promise.all(Array.from({ length: 16 }, () => openRawClient(t, sidecar.ports.egress)));
  for (const { socket } of holders) socket.write(whole.subarray(0, -1));
  const nothingLeft = async (): Promise<boolean> => (await metric(sidecar, 'weft_buffered_bytes')) > 15.9 * MIB;
  await waitUntil(nothingLeft, { what: 'they have all the memory for requests' });

  for (let id = 1; id <= 32; id++) caller.send(requestOf(SERVICE, id, marked(id, 4)));
  for (let id = 1; id <= 32; id++) {
    const { statusOrTimeout, content } = await caller.reply(id);
    assert.equal(statusOrTimeout, 0, content.toString('latin1', 0, 200));
    assert.ok(content.equals(marked(id, LARGE)));
  }
  for (const holder of holders) await holder.hasClosed();
  assert.equal(await metric(sidecar, 'weft_buffered_bytes'), 0);
});

test('requests that wait for the first endpoints are kept up to maxBuffered, and refused beyond', async (t) => {
  const sidecar = await startSidecar(t, {
    name: 's',
    limits: LIMITS,
    // Nobody listens there, so nothing is ever known.
    registry: { type: 'embedded', address: '127.0.0.1:1' },
    clusterDefaults: { queue: { max: 10_000, timeout: '60s' } },
  });
  const caller = await openRawClient(t, sidecar.ports.egress);
  const calls = 256;
  for (let id = 1; id <= calls; id++) caller.send(() => requestOf(SERVICE, id, marked(id, LARGE)));
  const kept = Math.floor(MAX_BUFFERED / LARGE);
  await waitUntil(() => caller.replies.size > calls - kept, { what: 'those beyond are refused' });
  for (const { statusOrTimeout, content } of caller.replies.values()) {
    assert.equal(statusOrTimeout, BUSY);
    assert.match(content.toString('latin1'), /no memory left for .+ \(maxBuffered\)/);
  }
  const held = await metric(sidecar, 'weft_buffered_bytes');
  assert.ok(held <= MAX_BUFFERED && held > MAX_BUFFERED - MIB, `${held} bytes are kept`);
  caller.socket.resetAndDestroy();
  await waitUntil(async () => (await metric(sidecar, 'weft_buffered_bytes')) === 0, { what: 'all is given back' });
});
