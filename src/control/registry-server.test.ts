import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_CLIENT_LINE } from '../registry/embedded/protocol.ts';
import { MAX_INSTANCE, MAX_NAME } from '../registry/instances.ts';
import { HELLO, INSTANCE, KEY, raw, serve, status } from './testing/raw-session.ts';
import type { Line } from './testing/raw-session.ts';

test('a session says hello, publishes and watches', async (t) => {
  const { server } = await serve(t);
  const session = raw(t, server).send(HELLO, { op: 'watch', key: KEY }, { op: 'publish', id: 1, instance: INSTANCE });
  assert.deepEqual(await session.next(), { op: 'welcome', lease: 6000, beat: 2000 });
  assert.deepEqual(await session.next(), { op: 'instances', key: KEY, settled: true, instances: [] });
  assert.deepEqual(await session.next(), { op: 'instances', key: KEY, settled: true, instances: [INSTANCE] });
  assert.deepEqual(await session.next(), { op: 'ok', id: 1 });
  session.send({ op: 'bye' });
  assert.deepEqual(await session.ended(), [{ op: 'bye', reason: 'as you wish' }]);
});

test('what cannot be understood ends the session, with the reason', async (t) => {
  const { server } = await serve(t);
  const publish = (instance: object): Line => ({ op: 'publish', id: 1, instance });
  const cases: [unknown[], RegExp][] = [
    [['{'], /JSON/],
    [['null'], /Invalid|Expected/],
    [[{ op: 'watch', key: KEY }], /first message must be hello/],
    [[HELLO, HELLO], /hello was said before/],
    [[HELLO, { op: 'nonsense' }], /op/],
    [[HELLO, publish({ ...INSTANCE, extra: 1 })], /extra/],
    [[HELLO, publish({ ...INSTANCE, metadata: { a: 1 } })], /metadata/],
    [[HELLO, 'x'.repeat(MAX_CLIENT_LINE + 1)], /longer than/],
  ];
  for (const [messages, reason] of cases) {
    const lines = await raw(t, server)
      .send(...messages)
      .ended();
    const refused = lines.find((line) => line['op'] === 'refused');
    assert.match(String(refused?.['reason']), reason, JSON.stringify(messages).slice(0, 100));
    assert.equal(lines.at(-1)?.['op'], 'bye');
  }
});

test('an instance that cannot be is refused, and the session with all that it holds goes on', async (t) => {
  const { server } = await serve(t);
  const session = raw(t, server).send(HELLO, { op: 'publish', id: 0, instance: INSTANCE });
  assert.equal((await session.next())?.['op'], 'welcome');
  assert.deepEqual(await session.next(), { op: 'ok', id: 0 });
  const cases: [object, RegExp][] = [
    [{ address: 'nowhere' }, /not host:port/],
    [{ weight: 0.5 }, /weight/],
    [{ service: '' }, /service is empty/],
    [{ group: 'x'.repeat(MAX_NAME + 1) }, /group is longer/],
    [{ metadata: { text: 'x'.repeat(MAX_INSTANCE) } }, /bytes with its metadata, more than/],
  ];
  for (const [id, [change, reason]] of cases.entries()) {
    session.send({ op: 'publish', id, instance: { ...INSTANCE, ...change } });
    const answer = await session.next();
    assert.deepEqual([answer?.['op'], answer?.['id']], ['refused', id]);
    assert.match(String(answer?.['reason']), reason);
  }
  session.send({ op: 'watch', key: KEY });
  assert.deepEqual((await session.next())?.['instances'], [INSTANCE]);
});

test('sessions, registrations and watches are bounded', async (t) => {
  const { server } = await serve(t, { maxSessions: 1, maxPublications: 1, maxWatches: 1 });
  const session = raw(t, server).send(HELLO, { op: 'publish', id: 1, instance: INSTANCE });
  session.send({ op: 'publish', id: 2, instance: { ...INSTANCE, address: '10.0.0.2:1' } });
  session.send({ op: 'publish', id: 3, instance: { ...INSTANCE, weight: 1 } }, { op: 'watch', key: KEY });
  await session.next();
  const answers = [await session.next(), await session.next(), await session.next()];
  assert.deepEqual(
    answers.map((line) => line?.['op']),
    ['ok', 'refused', 'ok'],
  );
  assert.equal(await status(server, 'POST', '/v1/session', { 'content-type': 'application/x-ndjson' }), 503);
  const other = { ...KEY, group: 'other' };
  session.send({ op: 'watch', key: other });
  assert.deepEqual((await session.nextNews())?.['op'], 'instances');
  const reason = 'a session may watch 1 keys, not more';
  assert.deepEqual(await session.nextNews(), { op: 'unwatched', key: other, reason });
  session.send({ op: 'unpublish', id: 4, key: KEY, address: INSTANCE.address });
  assert.deepEqual((await session.nextNews())?.['instances'], [], 'the watch that it has goes on');
});

test('the end of the server is no news of anything that is gone', async (t) => {
  const { server } = await serve(t);
  const provider = raw(t, server).send({ ...HELLO, client: 'provider' }, { op: 'publish', id: 1, instance: INSTANCE });
  await provider.sync();
  const watcher = raw(t, server).send(HELLO, { op: 'watch', key: KEY });
  await watcher.sync();
  await server.close();
  assert.deepEqual(await watcher.ended(), [{ op: 'bye', reason: 'the registry is closing' }]);
});

for (const grace of [0, 1000]) {
  test(`when a client has published all again, its older session ends with what only that held; grace ${grace}`, async (t) => {
    const { server } = await serve(t, { grace });
    const watcher = raw(t, server).send(HELLO, { op: 'watch', key: KEY });
    await watcher.sync();
    const holder = { ...HELLO, client: 'holder' };
    const former = { ...INSTANCE, address: '10.0.0.2:12200' };
    const first = raw(t, server).send(holder, { op: 'publish', id: 1, instance: INSTANCE });
    first.send({ op: 'publish', id: 2, instance: former });
    await first.sync();
    const second = raw(t, server).send(holder, { op: 'publish', id: 1, instance: INSTANCE });
    await second.sync();
    const told = async (): Promise<unknown> => (await watcher.sync()).at(-1)?.['instances'];
    assert.deepEqual(await told(), [INSTANCE, former]);
    second.send({ op: 'resumed' });
    await second.sync();
    assert.deepEqual(await told(), [INSTANCE]);
    await first.ended();
  });
}

test('until it has settled it says so, and then tells every watcher', async (t) => {
  const { server, clock } = await serve(t, { settle: 3000 });
  const session = raw(t, server).send(HELLO, { op: 'watch', key: KEY });
  await session.next();
  assert.deepEqual(await session.next(), { op: 'instances', key: KEY, settled: false, instances: [] });
  clock.advance(3000);
  const told = [await session.next(), await session.next()].find((line) => line?.['op'] === 'instances');
  assert.deepEqual(told, { op: 'instances', key: KEY, settled: true, instances: [] });
});

test('a session without a word for its lease is over, one with words is not', async (t) => {
  const { server, clock } = await serve(t, { lease: 300 });
  const watcher = raw(t, server).send(HELLO, { op: 'watch', key: KEY });
  const silent = raw(t, server).send({ ...HELLO, client: 'd' }, { op: 'publish', id: 1, instance: INSTANCE });
  await silent.sync();
  await watcher.sync();
  const told: Line[] = [];
  for (let passed = 0; passed < 1000; passed += 100) {
    clock.advance(100);
    told.push(...(await watcher.sync()));
  }
  await silent.ended();
  told.push(...(await watcher.sync()));
  assert.deepEqual(
    told.map((line) => line['instances']),
    [[]],
  );
});

test('with a grace, a client that is back in time is never seen to leave; its old session ends', async (t) => {
  const { server, clock } = await serve(t, { grace: 1000, lease: 1e6 });
  const watcher = raw(t, server).send(HELLO, { op: 'watch', key: KEY });
  await watcher.sync();
  const holder = { ...HELLO, client: 'holder' };
  const first = raw(t, server).send(holder, { op: 'publish', id: 1, instance: INSTANCE });
  await first.sync();
  assert.deepEqual((await watcher.nextNews())?.['instances'], [INSTANCE]);
  first.request.destroy();
  await first.ended();
  const heavier = { ...INSTANCE, weight: 200 };
  const second = raw(t, server).send(holder, { op: 'publish', id: 1, instance: heavier }, { op: 'resumed' });
  await second.sync();
  assert.deepEqual((await watcher.nextNews())?.['instances'], [heavier]);
  clock.advance(5000);
  assert.deepEqual(await watcher.sync(), [], 'the first is forgotten, and its grace with it');
  second.request.destroy();
  const gone = watcher.nextNews();
  let told: Line | undefined;
  void gone.then((line) => (told = line));
  // When the server notices the end of the connection is up to the system.
  // oxlint-disable-next-line no-unmodified-loop-condition -- a callback changes it
  while (told === undefined) {
    clock.advance(100);
    await new Promise(setImmediate);
  }
  assert.deepEqual(told['instances'], []);
});
