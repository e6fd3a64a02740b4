import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { ManualClock } from '../../core/manual-clock.ts';
import { createLogger, silentLogger } from '../../telemetry/log.ts';
import { ZkClient } from './client.ts';
import { FrameReader, JuteReader, JuteWriter } from './jute.ts';

const SESSION = 3000;

/** A server that says what a test wants it to. */
interface FakeServer {
  readonly port: number;
  /** How many connections were made. */
  connections: number;
  /** The session ids that clients came with. */
  readonly asked: bigint[];
  /** Answers a request; by default with success and no body. */
  reply: (socket: Socket, xid: number, op: number) => void;
  /** Answers a connect request. */
  welcome: (socket: Socket) => void;
  /** Ends all connections. */
  cut(): void;
}

async function startFake(t: TestContext): Promise<FakeServer> {
  const sockets = new Set<Socket>();
  const fake: FakeServer = {
    port: 0,
    connections: 0,
    asked: [],
    reply: (socket, xid) => void socket.write(head(xid, 0).frame()),
    welcome: (socket) => void socket.write(welcome(SESSION, 7n)),
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    fake.connections++;
    const frames = new FrameReader();
    let connected = false;
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) =>
      frames.push(chunk as Buffer, (frame) => {
        const reader = new JuteReader(frame);
        if (connected) return fake.reply(socket, reader.int(), reader.int());
        connected = true;
        reader.int();
        reader.long();
        reader.int();
        fake.asked.push(reader.long());
        return fake.welcome(socket);
      }),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    fake.cut();
    server.close();
    await once(server, 'close');
  });
  return Object.assign(fake, { port: (server.address() as AddressInfo).port });
}

function head(xid: number, error: number): JuteWriter {
  return new JuteWriter().int(xid).long(1n).int(error);
}

function welcome(timeout: number, session: bigint): Buffer {
  return new JuteWriter().int(0).int(timeout).long(session).buffer(Buffer.alloc(16)).frame();
}

/** Waits for what takes time, which goes on in steps of 10 ms. */
async function passing<T>(clock: ManualClock, event: Promise<T>): Promise<T> {
  let over = false;
  void event.then(() => (over = true));
  // oxlint-disable-next-line no-unmodified-loop-condition -- a callback changes it
  for (let turns = 0; !over; turns++) {
    assert.ok(turns < 100_000, 'it never happened');
    clock.advance(10);
    await new Promise(setImmediate);
  }
  return event;
}

/** Waits until exactly so many clients, or tries of one, have asked for a session. */
async function asked(fake: FakeServer, times: number): Promise<void> {
  for (let turns = 0; fake.asked.length < times; turns++) {
    assert.ok(turns < 100_000, `asked ${fake.asked.length} times, not ${times}`);
    await new Promise(setImmediate);
  }
  assert.equal(fake.asked.length, times);
}

/** A client whose log of ups and downs a test can wait for. */
function open(
  t: TestContext,
  fake: Pick<FakeServer, 'port'>,
  log = silentLogger,
): { client: ZkClient; clock: ManualClock; next(): Promise<string> } {
  const clock = new ManualClock();
  const happened: string[] = [];
  let wake: () => void = () => {};
  const tell = (what: string): void => {
    happened.push(what);
    wake();
  };
  const client = new ZkClient(
    {
      servers: [{ host: '127.0.0.1', port: fake.port }],
      sessionTimeout: SESSION,
      clock,
      chance: () => 0.5,
      log,
    },
    { up: () => tell('up'), down: () => tell('down'), event: ({ type, path }) => tell(`${type} ${path}`) },
  );
  t.after(() => client.close());
  const next = async (): Promise<string> => {
    while (happened.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    return happened.shift() ?? '';
  };
  return { client, clock, next };
}

test('where nothing listens, the log says so once and what to look at', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  const lines: string[] = [];
  const log = createLogger({ control: { level: 'warn' }, format: 'text', write: (line) => void lines.push(line) });
  const { clock } = open(t, { port }, log);
  for (let turns = 0; turns < 1_000 && lines.length === 0; turns++) await new Promise(setImmediate);
  clock.advance(60_000);
  await new Promise(setImmediate);
  assert.equal(lines.length, 1);
  assert.match(
    lines[0]!,
    /keeping what is known and trying again .* reason="connection refused \(ECONNREFUSED\)" check="is ZooKeeper started, /,
  );
});

test('an error code that nobody knows rejects the one request', async (t) => {
  const fake = await startFake(t);
  fake.reply = (socket, xid) => void socket.write(head(xid, -118).frame());
  const { client, next } = open(t, fake);
  assert.equal(await next(), 'up');
  await assert.rejects(client.stat('/a'), { zkCode: -118 });
  assert.equal(client.isUp, true);
});

for (const [what, bytes] of [
  ['a frame of a length that cannot be', Buffer.from('ffffffff00', 'hex')],
  ['a frame that is too short', Buffer.from('0000000200ff', 'hex')],
  ['a reply to a request that was never made', head(999, 0).frame()],
  ['text', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
] as const) {
  test(`${what} costs the connection, and what was asked in it, and nothing else`, async (t) => {
    const fake = await startFake(t);
    fake.reply = (socket) => void socket.write(bytes);
    const { client, clock, next } = open(t, fake);
    assert.equal(await next(), 'up');
    await assert.rejects(client.stat('/a'), { zkCode: -4 });
    assert.equal(await next(), 'down');
    clock.advance(2000);
    assert.equal(await next(), 'up');
    assert.deepEqual(fake.asked, [0n, 7n], 'it comes back with its session');
  });
}

test('a reply whose body is cut short costs the connection', async (t) => {
  const fake = await startFake(t);
  const { client, next } = open(t, fake);
  await next();
  await assert.rejects(client.stat('/a'), { zkCode: -4 });
  assert.equal(await next(), 'down');
});

test('events of any kind are told', async (t) => {
  const fake = await startFake(t);
  fake.welcome = (socket) => {
    socket.write(welcome(SESSION, 7n));
    for (const type of [4, 3, 2, 99]) socket.write(head(-1, 0).int(type).int(3).text('/a').frame());
  };
  const { next } = open(t, fake);
  const told = [];
  for (let i = 0; i < 5; i++) told.push(await next());
  assert.deepEqual(told, ['up', 'childrenChanged /a', 'dataChanged /a', 'deleted /a', 'other /a']);
});

test('a server that goes silent is left after two thirds of the session, pings are not answers', async (t) => {
  const fake = await startFake(t);
  let pings = 0;
  fake.reply = (_socket, _xid, op) => void (pings += op === 11 ? 1 : 0);
  const { client, clock, next } = open(t, fake);
  await next();
  const pending = client.stat('/a');
  clock.advance((SESSION * 2) / 3 - 1);
  assert.equal(client.isUp, true);
  clock.advance(1);
  await assert.rejects(pending, { zkCode: -4 });
  assert.equal(await next(), 'down');
  clock.advance(2000);
  assert.equal(await next(), 'up');
  assert.equal(fake.connections, 2);
});

test('a server that never takes the session is left soon, and given longer once all servers were tried', async (t) => {
  const fake = await startFake(t);
  fake.welcome = () => {};
  const { clock } = open(t, fake);
  await asked(fake, 1);
  // Each patience, and then the wait before the next try.
  const waits = [1000 + 50, 2000 + 100, SESSION + 200, SESSION + 400];
  for (const [done, wait] of waits.entries()) {
    clock.advance(wait - 1);
    await asked(fake, done + 1);
    clock.advance(1);
    await asked(fake, done + 2);
  }
});

test('connections that end as soon as they begin are made ever less often, until one lasts', async (t) => {
  const fake = await startFake(t);
  const { client, clock, next } = open(t, fake);
  const cut = async (): Promise<void> => {
    fake.cut();
    assert.equal(await next(), 'down');
  };
  assert.equal(await next(), 'up');
  for (const wait of [50, 100, 200, 400]) {
    await cut();
    const lost = clock.now();
    assert.equal(await passing(clock, next()), 'up');
    assert.ok(clock.now() - lost >= wait, `${clock.now() - lost} ms, not ${wait}`);
  }
  for (let passed = 0; passed < 5000; passed += 1000) {
    clock.advance(1000);
    // Something is heard, as from a server that answers pings.
    await client.remove('/a');
  }
  await cut();
  clock.advance(50);
  assert.equal(await next(), 'up');
});

test('a session that has expired is begun anew', async (t) => {
  const fake = await startFake(t);
  const { clock, next } = open(t, fake);
  await next();
  fake.reply = (socket) => void socket.destroy();
  fake.welcome = (socket) => void socket.write(welcome(0, 0n));
  clock.advance(SESSION / 3);
  assert.equal(await next(), 'down');
  while (fake.asked.length < 2) {
    clock.advance(100);
    await new Promise(setImmediate);
  }
  fake.welcome = (socket) => void socket.write(welcome(SESSION, 8n));
  await passing(clock, next());
  assert.deepEqual([fake.asked[1], fake.asked.at(-1)], [7n, 0n]);
});
