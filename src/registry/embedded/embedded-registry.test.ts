import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { HostPort } from '../../config/address.ts';
import { ManualClock } from '../../core/manual-clock.ts';
import { createLogger } from '../../telemetry/log.ts';
import type { Registry, ServiceInstance } from '../registry.ts';
import { embeddedRegistry } from './embedded-registry.ts';
import { encode } from './protocol.ts';

interface Bench {
  readonly clock: ManualClock;
  readonly registry: Registry;
  readonly lines: string[];
  readonly address: HostPort;
  /** Waits for the server's next request. */
  asked(): Promise<void>;
  /** The server goes away for good. */
  leave(): Promise<void>;
}

/** A registry whose server answers as `answer` does. */
async function start(t: TestContext, answer: RequestListener): Promise<Bench> {
  const server: Server = createServer((request, response) => {
    // As the real one does when a client leaves.
    request.on('end', () => response.end()).resume();
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const clock = new ManualClock();
  const lines: string[] = [];
  const log = createLogger({ control: { level: 'warn' }, format: 'text', write: (line) => void lines.push(line) });
  const { port } = server.address() as AddressInfo;
  const address = { host: '127.0.0.1', port };
  const registry = await embeddedRegistry.create({ address }, { clock, chance: () => 0.5, log, nodeId: 'node' });
  const leave = async (): Promise<void> => {
    if (!server.listening) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  t.after(async () => {
    await registry.close();
    await leave();
  });
  return { clock, registry, lines, address, asked: async () => void (await once(server, 'request')), leave };
}

/** Lets time pass until `done`; the network takes its turns between. */
async function pass(clock: ManualClock, done: () => boolean): Promise<void> {
  for (let turns = 0; !done(); turns++) {
    assert.ok(turns < 10_000, 'it never happened');
    clock.advance(50);
    await new Promise(setImmediate);
  }
}

const KEY = { service: 's', protocol: 'bolt', group: '' };
const INSTANCE: ServiceInstance = { ...KEY, address: '10.0.0.1:1', weight: 1, metadata: {} };
const WELCOME = encode({ op: 'welcome', lease: 6000, beat: 2000 });

for (const [what, body] of [
  ['text', 'hello\n'],
  ['a message of no kind', '{"op":"nonsense"}\n'],
  ['instances of a wrong shape', '{"op":"instances","key":{},"settled":true,"instances":[1]}\n'],
  ['a refusal of everything', encode({ op: 'refused', id: null, reason: 'no' })],
  ['a farewell', encode({ op: 'bye', reason: 'closing' })],
] as const) {
  test(`a server that says ${what} is left, and asked again; the log tells it once`, async (t) => {
    let requests = 0;
    const bench = await start(t, (_request, response) => {
      requests++;
      response.write(body);
    });
    await pass(bench.clock, () => requests > 3);
    assert.equal(bench.registry.state, 'connecting');
    assert.equal(bench.lines.length, 1, bench.lines.join(''));
    assert.match(bench.lines[0]!, /check="is weft control running, and is this its address\?"$/m);
  });
}

test('where nothing listens at the start or later, the log says so once and asks for weft control', async (t) => {
  const bench = await start(t, (_request, response) => void response.write(WELCOME));
  await pass(bench.clock, () => bench.registry.state === 'connected');
  await bench.leave();
  await pass(bench.clock, () => bench.registry.state === 'connecting');
  assert.match(bench.lines[0]!, / registry lost, keeping what is known and trying again .* check="is weft control /);

  const lines: string[] = [];
  const log = createLogger({ control: { level: 'warn' }, format: 'text', write: (line) => void lines.push(line) });
  const deps = { clock: bench.clock, chance: () => 0.5, log, nodeId: 'late' };
  const late = await embeddedRegistry.create({ address: bench.address }, deps);
  t.after(() => late.close());
  await pass(bench.clock, () => lines.length > 0);
  bench.clock.advance(60_000);
  await new Promise(setImmediate);
  assert.equal(lines.length, 1);
  assert.match(
    lines[0]!,
    / registry not reached yet, trying again .* reason="connection refused \(ECONNREFUSED\)" check="is weft control started, and does it listen at this address and port\?"$/m,
  );
});

test('a session that is lost before it has lasted is no reason to believe what it did not list', async (t) => {
  const at = (address: string): ServiceInstance => ({ ...INSTANCE, address });
  const [a, b] = [at('10.0.0.1:1'), at('10.0.0.2:1')];
  let inReach = true;
  let current: ServerResponse | undefined;
  const bench = await start(t, (_request, response) => {
    current = response;
    if (inReach) response.write(WELCOME);
    else response.writeHead(503).end();
  });
  const answer = (...instances: ServiceInstance[]): void =>
    void current?.write(encode({ op: 'instances', key: KEY, settled: true, instances }));
  const told: string[] = [];
  bench.registry.watch(KEY, (list) => void told.push(list.map(({ address }) => address).join(' ')));
  const lose = async (): Promise<void> => {
    inReach = false;
    current?.destroy();
    await pass(bench.clock, () => bench.registry.state === 'connecting');
    bench.clock.advance(10_000);
  };
  const regain = async (): Promise<void> => {
    inReach = true;
    await pass(bench.clock, () => bench.registry.state === 'connected');
  };

  await regain();
  answer(a);
  await pass(bench.clock, () => told.length === 1);
  await lose();
  await regain();
  // The provider of the other is not back yet, and is so only after one more loss.
  answer(b);
  await pass(bench.clock, () => told.length === 2);
  await lose();
  await regain();
  bench.clock.advance(5000);
  answer(a, b);
  answer(a);
  await pass(bench.clock, () => told.at(-1) === '10.0.0.1:1');
  assert.deepEqual(told, ['10.0.0.1:1', '10.0.0.1:1 10.0.0.2:1', '10.0.0.1:1']);
});

test('sessions that end as soon as they begin are begun ever less often, until one lasts', async (t) => {
  let requests = 0;
  let current: ServerResponse | undefined;
  const bench = await start(t, (_request, response) => {
    requests++;
    current = response;
    response.write(WELCOME);
    if (requests !== 11) response.end();
  });
  await pass(bench.clock, () => requests > 6);
  const now = bench.clock.now();
  await pass(bench.clock, () => requests > 10);
  assert.ok(bench.clock.now() - now >= 4 * 500, `${bench.clock.now() - now} ms for four more`);
  await pass(bench.clock, () => bench.registry.state === 'connected' && requests === 11);
  bench.clock.advance(5000);
  current?.end();
  await pass(bench.clock, () => bench.registry.state === 'connecting');
  const lost = bench.clock.now();
  await pass(bench.clock, () => requests === 12);
  assert.ok(bench.clock.now() - lost <= 400, `${bench.clock.now() - lost} ms`);
});

test('a watch that the server refuses is told in the log', async (t) => {
  const bench = await start(t, (_request, response) => {
    response.write(WELCOME + encode({ op: 'unwatched', key: KEY, reason: 'too many' }));
  });
  await pass(bench.clock, () => bench.lines.length > 0);
  assert.match(bench.lines.join(''), /refused a watch key=s@bolt reason="?too many/);
  assert.equal(bench.registry.state, 'connected');
});

test('a server that has no session to give is asked again', async (t) => {
  let requests = 0;
  const bench = await start(t, (_request, response) => {
    if (++requests < 3) response.writeHead(503).end('too many sessions\n');
    else response.write(WELCOME);
  });
  await pass(bench.clock, () => bench.registry.state === 'connected');
  assert.match(bench.lines.join(''), /HTTP 503/);
});

test('a server that never says welcome is left after five seconds', async (t) => {
  let requests = 0;
  const bench = await start(t, () => void requests++);
  await bench.asked();
  bench.clock.advance(4999);
  assert.equal(bench.lines.length, 0);
  bench.clock.advance(1);
  assert.match(bench.lines.join(''), /no welcome within 5000 ms/);
  await pass(bench.clock, () => requests === 2);
});

test('an unpublish() whose answer is lost with the session resolves: the server drops what that held', async (t) => {
  const bench = await start(t, (request, response) => {
    response.write(WELCOME);
    request.on('data', (chunk: Buffer) => {
      const text = chunk.toString();
      const id = /"op":"publish","id":(\d+)/.exec(text)?.[1];
      if (id !== undefined) response.write(encode({ op: 'ok', id: Number(id) }));
      if (text.includes('"op":"unpublish"')) response.destroy();
    });
  });
  await bench.registry.publish(INSTANCE);
  let gone = false;
  void bench.registry.unpublish(KEY, INSTANCE.address).then(() => (gone = true));
  await pass(bench.clock, () => bench.registry.state === 'connecting');
  await pass(bench.clock, () => gone);
});

test('a client that is back says all that it wants, and then that this was all', async (t) => {
  /** What was said in each session. */
  const said: string[] = [];
  let current: ServerResponse | undefined;
  const bench = await start(t, (request, response) => {
    const session = said.push('') - 1;
    current = response;
    request.on('data', (chunk: Buffer) => (said[session] += chunk.toString()));
    response.write(WELCOME);
  });
  bench.registry.watch(KEY, () => {});
  void bench.registry.publish(INSTANCE);
  for (let session = 0; session < 2; session++) {
    await pass(bench.clock, () => said[session]?.includes('"op":"resumed"') === true);
    const ops = [...(said[session] ?? '').matchAll(/"op":"(\w+)"/g)].map(([, op]) => op).filter((op) => op !== 'beat');
    assert.deepEqual(ops, ['hello', 'watch', 'publish', 'resumed']);
    current?.destroy();
    await pass(bench.clock, () => bench.registry.state === 'connecting');
  }
});

test('a refused publication rejects with the reason of the server, and is not tried again', async (t) => {
  const said: string[] = [];
  let current: ServerResponse | undefined;
  const bench = await start(t, (request, response) => {
    const session = said.push('') - 1;
    current = response;
    response.write(WELCOME);
    request.on('data', (chunk: Buffer) => {
      said[session] += chunk.toString();
      const id = /"op":"publish","id":(\d+)/.exec(chunk.toString())?.[1];
      if (id !== undefined) response.write(encode({ op: 'refused', id: Number(id), reason: 'enough of you' }));
    });
  });
  await assert.rejects(bench.registry.publish(INSTANCE), {
    code: 'registry_refused',
    message: /s at 10\.0\.0\.1:1: enough of you/,
  });
  current?.destroy();
  await pass(bench.clock, () => said[1]?.includes('"op":"resumed"') === true);
  assert.equal(said[1]?.includes('"op":"publish"'), false, said[1] ?? '');
});
