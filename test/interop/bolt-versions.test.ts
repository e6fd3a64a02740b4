/** Every version of Bolt frames through two sidecars, with sofa-bolt-node as the client and sofa-rpc-node as the provider. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePort, type Child, type Owner } from '../support/children.ts';
import { encodeHeaders } from '../../src/dataplane/codec/bolt/headers.ts';
import { ECHO, startSidecar, type TestSidecar } from '../support/mesh.ts';
import { DIALECTS, openRawClient, replyTo, requestOf, startRawProvider } from '../support/raw-bolt.ts';
import {
  echoParts,
  echoRequest,
  openBoltClient,
  startProvider,
  type BoltClient,
  type BoltVersion,
} from '../support/sofa-node.ts';

const VERSIONS: Readonly<Record<keyof typeof DIALECTS, Required<BoltVersion>>> = {
  v1: { protocolType: 'bolt', boltVersion: 1, crcEnable: false },
  v2: { protocolType: 'bolt2', boltVersion: 1, crcEnable: false },
  'v2 with checksums': { protocolType: 'bolt2', boltVersion: 2, crcEnable: true },
};
const NAMES = Object.keys(VERSIONS) as (keyof typeof VERSIONS)[];

interface Chain {
  readonly provider: Child;
  readonly egress: TestSidecar;
  readonly ingress: TestSidecar;
}

/** sofa-rpc-node behind a sidecar, and the sidecar that calls it. */
async function startChain(owner: Owner): Promise<Chain> {
  const appPort = await freePort();
  const provider = await startProvider(owner, 'provider', appPort);
  const ingress = await startSidecar(owner, { name: 'ingress', appPort });
  const clusters = [{ name: ECHO, endpoints: [`127.0.0.1:${ingress.ports.ingress}`] }];
  const egress = await startSidecar(owner, { name: 'egress', clusters });
  return { provider, egress, ingress };
}

/** What the client writes from now on. */
function speak(client: BoltClient, version: BoltVersion): void {
  Object.assign(client.conn._encoder, version);
}

/** The provider answers in the version that it was asked in; the client has checked the checksum. */
function isIn(answer: BoltVersion, asked: Required<BoltVersion>): void {
  const { protocolType, boltVersion = 1, crcEnable = false } = answer;
  assert.deepEqual({ protocolType, boltVersion, crcEnable }, asked);
}

test('every version of Bolt through two sidecars', async (t) => {
  const { provider, egress } = await startChain(t);
  const client = await openBoltClient(t, egress.ports.egress);

  for (const name of NAMES) {
    await t.test(`${name}: calls are answered in it, whatever their size`, async () => {
      speak(client, VERSIONS[name]);
      for (const size of [0, 1, 1000, 70_000, 1_000_000]) {
        const text = 'x'.repeat(size);
        const { data, options } = await client.invoke(echoRequest('echo', text));
        assert.ok(data.appResponse === text, `${size} bytes`);
        isIn(options, VERSIONS[name]);
      }
    });

    await t.test(`${name}: a one-way call arrives`, async () => {
      speak(client, VERSIONS[name]);
      client.oneway(echoRequest('tell', name));
      await provider.waitFor(new RegExp(`^TOLD ${name}$`));
    });

    await t.test(`${name}: a heartbeat is answered in it`, async () => {
      speak(client, VERSIONS[name]);
      const { options } = await client.conn.writeHeartbeat({ timeout: 3_000 });
      isIn(options, VERSIONS[name]);
    });

    await t.test(`${name}: a refusal by the sidecar is in it, with its reason`, async () => {
      speak(client, VERSIONS[name]);
      const request = { ...echoRequest('echo', ''), serverSignature: 'com.demo.Nobody:1.0' };
      const { data, options } = await client.invoke(request);
      assert.match(String(data.error), /no cluster is named com\.demo\.Nobody:1\.0/);
      isIn(options, VERSIONS[name]);
    });
  }

  await t.test('all of them on one connection at the same time', async () => {
    for (let round = 0; round < 20; round++) {
      const calls = Array.from({ length: 30 }, async (_, i) => {
        const version = VERSIONS[NAMES[(round + i) % NAMES.length]!];
        const text = `call ${round} ${i}`;
        speak(client, version);
        const { data, options } = await client.invoke(echoRequest('echo', text));
        assert.equal(data.appResponse, text);
        isIn(options, version);
      });
      await Promise.all(calls);
    }
  });
});

test('header values of null pass through both sidecars, and the provider answers', async (t) => {
  const { egress } = await startChain(t);
  const client = await openRawClient(t, egress.ports.egress);
  const headers = encodeHeaders([
    ['nothing', null],
    ['service', ECHO],
    ['empty', ''],
  ]);
  for (const [index, name] of NAMES.entries()) {
    const { className, content } = echoParts('echo', name);
    client.send({ ...requestOf(ECHO, index, content), ...DIALECTS[name], className, headers });
    const reply = await client.reply(index);
    assert.equal(reply.statusOrTimeout, 0);
    assert.ok(reply.content.includes(name));
  }
});

test('a request arrives as it was sent but for its id, and heartbeats do not arrive at all', async (t) => {
  const received: { headers: unknown; content: string; timeout: number; checksum: string }[] = [];
  const provider = await startRawProvider(t, (frame, peer) => {
    const { headers, content, statusOrTimeout: timeout, checksum } = frame;
    received.push({ headers, content: content.toString(), timeout, checksum });
    peer.send(replyTo(frame, content));
  });
  const clusters = [{ name: ECHO, endpoints: [`127.0.0.1:${provider.port}`] }];
  const egress = await startSidecar(t, { name: 'egress', clusters });
  const client = await openRawClient(t, egress.ports.egress);
  // One that waits for the connection is passed on with the rest of its timeout.
  client.send(requestOf(ECHO, 99, Buffer.alloc(0)));
  await client.reply(99);
  received.length = 0;
  const headers = [
    ['nothing', null],
    ['service', ECHO],
    ['empty', ''],
    ['name', 'größe'],
  ] as const;
  for (const [index, name] of NAMES.entries()) {
    for (let i = 0; i < 10; i++) client.send({ ...DIALECTS[name], type: 1, command: 0, id: 100 * (index + 1) + i });
    client.send({
      ...requestOf(ECHO, index, Buffer.from(name)),
      ...DIALECTS[name],
      timeout: 4321,
      headers: encodeHeaders(headers),
    });
    assert.equal((await client.reply(index)).content.toString(), name);
    for (let i = 0; i < 10; i++) await client.reply(100 * (index + 1) + i);
  }
  assert.deepEqual(
    received,
    NAMES.map((content) => ({
      headers,
      content,
      timeout: 4321,
      checksum: DIALECTS[content] === DIALECTS['v2 with checksums'] ? 'right' : 'none',
    })),
  );
  assert.equal(provider.heartbeats, 1, 'the one with which the sidecar begins a connection');
});
