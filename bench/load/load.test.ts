import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { LoadSpec } from './contract.ts';
import { startEchoServer } from './echo-server.ts';
import { FrameReader } from './frame-reader.ts';
import { layoutAt } from './frames.ts';
import { holdConnections, runLoad } from './load.ts';

const BOLT = { protocol: 'bolt', dialect: { version: 1, crc: false }, oneByOne: false } as const;

const spec: Omit<LoadSpec, 'port'> = {
  traffic: BOLT,
  connections: 4,
  pace: { kind: 'closed', inFlight: 4 },
  warmUpMs: 0,
  durationMs: 50,
  proxies: [],
};

/** Where a reply is lost on purpose, what the load waits for it. */
const STALL_MS = 200;

async function echo(t: TestContext): Promise<number> {
  const server = await startEchoServer();
  t.after(() => server.close());
  return server.port;
}

/** A relay that hands each reply of the echo server, a copy, to `tamper` and passes on what that returns. */
async function tamperingRelay(t: TestContext, tamper: (reply: Buffer) => Buffer): Promise<number> {
  const upstreamPort = await echo(t);
  const sockets: Socket[] = [];
  const server = createServer((client) => {
    const upstream = connect(upstreamPort, '127.0.0.1');
    sockets.push(client, upstream);
    for (const socket of [client, upstream]) socket.on('error', () => socket.destroy());
    const reader = new FrameReader((bytes, at, end) => void client.write(tamper(Buffer.from(bytes.subarray(at, end)))));
    client.pipe(upstream);
    upstream.on('data', (chunk: Buffer) => reader.push(chunk));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return (server.address() as AddressInfo).port;
}

for (const [name, change] of [
  ['closed loop', {}],
  ['each request in its own write', { traffic: { ...BOLT, oneByOne: true } }],
  ['v2 with CRC', { traffic: { ...BOLT, dialect: { version: 2, crc: true } } }],
  ['more in flight than one write takes', { connections: 1, pace: { kind: 'closed', inFlight: 256 } }],
  ['open loop', { pace: { kind: 'open', rate: 1000 } }],
] as const satisfies [string, Partial<LoadSpec>][]) {
  test(`an honest echo has no failures: ${name}`, async (t) => {
    const result = await runLoad({ ...spec, ...change, port: await echo(t) });
    assert.deepEqual(result.failureNotes, []);
    assert.equal(result.failures, 0);
    // A quantile may lie a hundredth above what was measured, so above the maximum too.
    assert.ok(result.requests > 0 && result.latency.p50 > 0 && result.latency.max * 1.01 >= result.latency.p50);
  });
}

test('a window that would end without a reply lasts until there is one', async (t) => {
  const port = await echo(t);
  const pace = { kind: 'open', rate: 20 } as const;
  const result = await runLoad({ ...spec, pace, durationMs: 0, port });
  assert.ok(result.requests > 0);
});

for (const [name, tamper, expected] of [
  ['an altered byte', (reply) => flip(reply, reply.length - 1), /altered bytes/],
  ['an altered class name', (reply) => flip(reply, 24), /altered bytes/],
  ["another caller's content", (reply) => flip(reply, reply.length - 1024 + 3), /another caller's content/],
  ['an id that nobody waits for', (reply) => flip(reply, layoutAt(reply, 0).id), /does not wait/],
  ['a status', (reply) => flip(reply, layoutAt(reply, 0).statusOrTimeout + 1), /status 1/],
  ['a reply that comes twice', (reply) => Buffer.concat([reply, reply]), /does not wait/],
] as const satisfies [string, (reply: Buffer) => Buffer, RegExp][]) {
  test(`the load notices ${name}`, async (t) => {
    const port = await tamperingRelay(t, onlyOnce(tamper));
    const result = await runLoad({ ...spec, connections: 1, pace: { kind: 'closed', inFlight: 2 }, port }, STALL_MS);
    assert.ok(result.failures > 0);
    assert.match(result.failureNotes.join('\n'), expected);
  });
}

test('the load notices a CRC that does not fit', async (t) => {
  const port = await tamperingRelay(
    t,
    onlyOnce((reply) => flip(reply, reply.length - 1)),
  );
  const traffic = { ...BOLT, dialect: { version: 2, crc: true } } as const;
  const result = await runLoad({ ...spec, traffic, connections: 1, port });
  assert.match(result.failureNotes.join('\n'), /a wrong CRC/);
});

test('a reply that never comes is a failure, and the run ends', async (t) => {
  const port = await tamperingRelay(
    t,
    onlyOnce(() => Buffer.alloc(0)),
  );
  const result = await runLoad({ ...spec, connections: 2, port }, STALL_MS);
  assert.equal(result.failures, 1);
  assert.deepEqual(result.failureNotes, ['1 requests without a reply']);
});

test('a run without any reply rejects', async (t) => {
  const port = await tamperingRelay(t, () => Buffer.alloc(0));
  await assert.rejects(runLoad({ ...spec, port, durationMs: 5000 }, STALL_MS), /no reply for 200 ms, 16 requests wait/);
});

test('connections are held after one call each, and closed on release', async (t) => {
  const release = await holdConnections(await echo(t), 20, BOLT);
  release();
});

function flip(bytes: Buffer, at: number): Buffer {
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes;
}

/** The very first reply is one of those that are compared byte by byte. */
function onlyOnce(tamper: (reply: Buffer) => Buffer): (reply: Buffer) => Buffer {
  let done = false;
  return (reply) => {
    if (done) return reply;
    done = true;
    return tamper(reply);
  };
}
