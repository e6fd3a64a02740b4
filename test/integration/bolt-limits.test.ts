/** What a running sidecar refuses, how it says so, and that it goes on: limits of a listener, and wrong checksums. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMMAND, TYPE } from '../../bench/load/frames.ts';
import { encodeHeaders } from '../../src/dataplane/codec/bolt/headers.ts';
import { waitUntil, type Owner } from '../support/children.ts';
import { startSidecar, type TestSidecar } from '../support/mesh.ts';
import {
  DIALECTS,
  frameBytes,
  marked,
  openRawClient,
  replyTo,
  requestOf,
  startRawProvider,
  type RawPeer,
  type RawProvider,
  type ReceivedFrame,
} from '../support/raw-bolt.ts';

const SERVICE = 'com.demo.Echo:1.0';
const CRC = DIALECTS['v2 with checksums'];
const STATUS = { success: 0, busy: 4, connectionLost: 5, codec: 9 } as const;
const KIB = 1 << 10;
const LIMITS = { maxFrame: '64KiB', maxHeader: 1024, maxPending: 4, maxConnections: 3 };

interface Scene {
  readonly sidecar: TestSidecar;
  readonly provider: RawProvider;
  /** What the provider got, in order. */
  readonly received: ReceivedFrame[];
  readonly client: RawPeer;
  readonly other: RawPeer;
}

type Answer = (frame: ReceivedFrame, peer: RawPeer) => void;

/** A sidecar with small limits before a provider that echoes, or does what `answer` does. */
async function startScene(owner: Owner, answer?: Answer, policy: object = {}): Promise<Scene> {
  const received: ReceivedFrame[] = [];
  const echo = (frame: ReceivedFrame, peer: RawPeer): void => {
    if (frame.type === TYPE.request) peer.send(replyTo(frame, frame.content));
  };
  const provider = await startRawProvider(owner, (frame, peer) => {
    received.push(frame);
    (answer ?? echo)(frame, peer);
  });
  const sidecar = await startSidecar(owner, {
    name: 's',
    limits: LIMITS,
    clusters: [{ name: SERVICE, endpoints: [`127.0.0.1:${provider.port}`], ...policy }],
  });
  const client = await openRawClient(owner, sidecar.ports.egress);
  const other = await openRawClient(owner, sidecar.ports.egress);
  return { sidecar, provider, received, client, other };
}

async function works(client: RawPeer): Promise<void> {
  const id = client.nextId();
  client.send(requestOf(SERVICE, id, marked(id, 100)));
  const reply = await client.reply(id);
  assert.equal(reply.statusOrTimeout, STATUS.success);
  assert.ok(reply.content.equals(marked(id, 100)));
}

async function isRefused(client: RawPeer, id: number, status: number, why: RegExp): Promise<void> {
  const { statusOrTimeout, content, headers } = await client.reply(id);
  assert.equal(statusOrTimeout, status);
  assert.match(content.toString('latin1'), why);
  assert.ok(headers.some(([key]) => key === 'weft.failure'));
}

/** A frame of which one bit is another than when its checksum was made. */
function corrupted(id: number): Buffer {
  const bytes = frameBytes({ ...requestOf(SERVICE, id, marked(id, 100)), ...CRC });
  bytes[bytes.length - 10]! ^= 1;
  return bytes;
}

test('a frame over maxFrame is refused by its head, passed over, and the connection goes on', async (t) => {
  const { received, client } = await startScene(t);
  const why = /a frame of 512\d\d\d bytes is over the limits \(maxFrame 65536, maxHeader 1024\)/;
  for (const [name, dialect] of Object.entries(DIALECTS)) {
    const [over, oneway] = [client.nextId(), client.nextId()];
    client.send({ ...requestOf(SERVICE, over, Buffer.alloc(500 * KIB)), ...dialect });
    client.send({ ...requestOf(SERVICE, oneway, Buffer.alloc(500 * KIB)), ...dialect, type: TYPE.oneWay });
    await works(client);
    await isRefused(client, over, STATUS.busy, why);
    assert.equal(client.replies.has(oneway), false, `${name}: nobody waits for the answer to a one-way request`);
  }
  assert.equal(received.length, 3, 'the provider has got the small ones alone');
});

test('a header block over maxHeader is refused, one just below passes', async (t) => {
  const { client, received } = await startScene(t);
  const headersOf = (size: number): Buffer => {
    const service = [['service', SERVICE]] as const;
    const room = size - encodeHeaders([...service, ['x', '']]).length;
    return encodeHeaders([...service, ['x', 'y'.repeat(room)]]);
  };
  const [over, below] = [client.nextId(), client.nextId()];
  client.send({ ...requestOf(SERVICE, over, Buffer.alloc(0)), headers: headersOf(1025) });
  client.send({ ...requestOf(SERVICE, below, Buffer.alloc(0)), headers: headersOf(1024) });
  await isRefused(client, over, STATUS.busy, /is over the limits/);
  assert.equal((await client.reply(below)).statusOrTimeout, STATUS.success);
  assert.equal(received.length, 1);
  await works(client);
});

test('a reply over maxFrame fails its own call alone', async (t) => {
  const { client, provider } = await startScene(t, (frame, peer) => {
    peer.send(replyTo(frame, frame.content.length === 1 ? Buffer.alloc(500 * KIB) : frame.content));
  });
  const id = client.nextId();
  client.send(requestOf(SERVICE, id, Buffer.alloc(1)));
  await works(client);
  await isRefused(client, id, STATUS.busy, /the reply of 512\d\d\d bytes from 127\.0\.0\.1:\d+ is over the limits/);
  assert.equal(provider.peers.length, 1, 'the connection is the first one');
});

test('requests beyond maxPending of a connection are refused, those of others and later ones are not', async (t) => {
  const held: (() => void)[] = [];
  const { client, other } = await startScene(t, (frame, peer) => {
    const answer = (): void => peer.send(replyTo(frame, frame.content));
    if (frame.content.length === 1) held.push(answer);
    else answer();
  });
  const ids = Array.from({ length: 6 }, () => client.nextId());
  for (const id of ids) client.send(requestOf(SERVICE, id, Buffer.alloc(1)));
  const why = /4 requests of this connection wait for replies already/;
  for (const id of ids.slice(4)) await isRefused(client, id, STATUS.busy, why);
  await works(other);
  await waitUntil(() => held.length === 4, { what: 'the others are with the provider' });
  for (const answer of held) answer();
  for (const id of ids.slice(0, 4)) assert.equal((await client.reply(id)).statusOrTimeout, STATUS.success);
  await works(client);
});

test('requests beyond maxPendingPerConnection to an endpoint are refused, whoever sends them', async (t) => {
  const held: (() => void)[] = [];
  const hold = (frame: ReceivedFrame, peer: RawPeer): void => {
    held.push(() => peer.send(replyTo(frame, frame.content)));
  };
  const { client, other } = await startScene(t, hold, { maxPendingPerConnection: 3 });
  const ids = Array.from({ length: 3 }, () => client.nextId());
  for (const id of ids) client.send(requestOf(SERVICE, id, Buffer.alloc(1)));
  await waitUntil(() => held.length === 3, { what: 'all of the first are with the provider' });
  other.send(requestOf(SERVICE, 1, Buffer.alloc(1)));
  await isRefused(other, 1, STATUS.busy, /127\.0\.0\.1:\d+ takes no more requests: too many wait for it already/);
  for (const answer of held) answer();
  for (const id of ids) assert.equal((await client.reply(id)).statusOrTimeout, STATUS.success);
});

test('connections beyond maxConnections are closed at once, and there is room again when one goes', async (t) => {
  const { sidecar, client, other } = await startScene(t);
  const third = await openRawClient(t, sidecar.ports.egress);
  await works(third);
  const fourth = await openRawClient(t, sidecar.ports.egress);
  await fourth.hasClosed();
  for (const peer of [client, other, third]) await works(peer);
  third.socket.destroy();
  const another = async (): Promise<boolean> => {
    await works(await openRawClient(t, sidecar.ports.egress));
    return true;
  };
  await waitUntil(another, { what: 'another one is taken' });
});

test('a wrong checksum is answered and ends its connection; no other notices', async (t) => {
  const { sidecar, received, client, other } = await startScene(t);
  await works(other);
  client.socket.write(corrupted(7));
  client.send({ ...requestOf(SERVICE, 8, Buffer.alloc(0)), ...CRC });
  await isRefused(client, 7, STATUS.codec, /the checksum is wrong/);
  await client.hasClosed();
  assert.equal(client.replies.has(8), false, 'what follows is not read');
  assert.equal(received.length, 1);
  await sidecar.child.waitFor(/warn .*does not speak the listener's protocol.* reason="wrong checksum"/);
  await works(other);
});

test('bytes that are no frame end their connection, with a line in the log', async (t) => {
  const { sidecar, client, other } = await startScene(t);
  client.socket.write('GET / HTTP/1.1\r\n\r\n');
  await client.hasClosed();
  await sidecar.child.waitFor(
    /does not speak the listener's protocol.* protocol=bolt reason="a Bolt frame begins with/,
  );
  await works(other);
});

test('a wrong checksum from a provider fails what waits on its connection, and the next call has a new one', async (t) => {
  const { client, provider, other } = await startScene(t, (frame, peer) => {
    if (frame.content.length === 1) return;
    if (frame.checksum === 'right') peer.socket.write(corruptedReply(frame));
    else peer.send(replyTo(frame, frame.content));
  });
  const [waiting, bad] = [client.nextId(), other.nextId()];
  client.send(requestOf(SERVICE, waiting, Buffer.alloc(1)));
  await works(client);
  other.send({ ...requestOf(SERVICE, bad, Buffer.alloc(100)), ...CRC });
  const why = /the connection to 127\.0\.0\.1:\d+ was lost: sent a frame with a wrong checksum/;
  await isRefused(client, waiting, STATUS.connectionLost, why);
  await isRefused(other, bad, STATUS.connectionLost, why);
  await works(client);
  assert.equal(provider.peers.length, 2);
});

function corruptedReply(frame: ReceivedFrame): Buffer {
  const bytes = frameBytes({ ...replyTo(frame, frame.content), command: COMMAND.response });
  bytes[bytes.length - 10]! ^= 1;
  return bytes;
}
