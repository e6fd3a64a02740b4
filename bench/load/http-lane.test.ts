import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { LoadSpec } from './contract.ts';
import { exchangeOf } from './http-traffic.ts';
import { holdConnections, runLoad } from './load.ts';

const spec: Omit<LoadSpec, 'port'> = {
  traffic: { protocol: 'http1' },
  connections: 4,
  pace: { kind: 'closed', inFlight: 1 },
  warmUpMs: 0,
  durationMs: 50,
  proxies: [],
};
/** Where a reply is lost on purpose, what the load waits for it. */
const STALL_MS = 200;

type Answer = (mark: string, socket: Socket) => void;

function replyTo(mark: string): string {
  const { reply } = exchangeOf(mark);
  return `HTTP/1.1 200 OK\r\nContent-Length: ${reply.length}\r\n\r\n${reply.toString('latin1')}`;
}

/** A server of the load's own requests: each comes in one piece, one at a time. */
async function serve(t: TestContext, answer: Answer): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes) => answer(/mark=([0-9a-f]+) HTTP/.exec(bytes.toString('latin1'))?.[1] ?? '', socket));
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

/** The first answer is another, all others are honest. */
function onceOtherwise(otherwise: Answer): Answer {
  let done = false;
  return (mark, socket) => {
    if (done) return void socket.write(replyTo(mark));
    done = true;
    otherwise(mark, socket);
  };
}

const honest: Answer = (mark, socket) => void socket.write(replyTo(mark));

for (const [name, pace] of [
  ['closed loop', { kind: 'closed', inFlight: 1 }],
  ['open loop', { kind: 'open', rate: 1000 }],
] as const) {
  test(`an honest server has no failures: ${name}`, async (t) => {
    const result = await runLoad({ ...spec, pace, port: await serve(t, honest) });
    assert.deepEqual(result.failureNotes, []);
    assert.ok(result.requests > 0 && result.latency.p50 > 0);
  });
}

test('a reply may come in pieces', async (t) => {
  const port = await serve(t, (mark, socket) => {
    const reply = replyTo(mark);
    socket.write(reply.slice(0, 20));
    setImmediate(() => socket.write(reply.slice(20)));
  });
  const result = await runLoad({ ...spec, port });
  assert.deepEqual(result.failureNotes, []);
});

test('a request that is due behind another in flight waits, and its wait counts', async (t) => {
  let mostAtOnce = 0;
  let atOnce = 0;
  const port = await serve(t, (mark, socket) => {
    mostAtOnce = Math.max(mostAtOnce, ++atOnce);
    setTimeout(() => {
      atOnce--;
      socket.write(replyTo(mark));
    }, 5);
  });
  // A request each ms, and a server that takes 5 ms for each: the line grows all the time.
  const pace = { kind: 'open', rate: 1000 } as const;
  const result = await runLoad({ ...spec, connections: 1, pace, durationMs: 100, port });
  assert.equal(mostAtOnce, 1);
  assert.equal(result.failures, 0);
  assert.ok(result.latency.max > 20);
});

for (const [name, otherwise, expected] of [
  ['a status', (mark, socket) => void socket.write(replyTo(mark).replace('200', '503')), /status 503/],
  ['an altered byte', (mark, socket) => void socket.write(`${replyTo(mark).slice(0, -1)}X`), /altered bytes/],
  ["another caller's reply", (_, socket) => void socket.write(replyTo('f'.repeat(16))), /another caller's reply/],
  ['a reply that comes twice', (mark, socket) => void socket.write(replyTo(mark).repeat(2)), /bytes after the reply/],
  ['a reply without a length', (_, socket) => void socket.write('HTTP/1.1 200 OK\r\n\r\n'), /without a status line/],
  ['what is no HTTP', (_, socket) => void socket.write('\r\n\r\n'), /without a status line/],
  ['a head without an end', (_, socket) => void socket.write('x'.repeat(20_000)), /without a status line/],
  ['a connection that ends', (_, socket) => void socket.destroy(), /closed/],
] as const satisfies [string, Answer, RegExp][]) {
  test(`the load notices ${name}`, async (t) => {
    const result = await runLoad({ ...spec, port: await serve(t, onceOtherwise(otherwise)) }, STALL_MS);
    assert.ok(result.failures > 0);
    assert.match(result.failureNotes.join('\n'), expected);
  });
}

test('connections are held after one call each, and closed on release', async (t) => {
  (await holdConnections(await serve(t, honest), 20, { protocol: 'http1' }))();
});
