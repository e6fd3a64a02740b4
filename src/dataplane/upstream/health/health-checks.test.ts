import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settled, until } from '../../../core/testing/settled.ts';
import type { HealthPolicy } from '../../cluster/policy.ts';
import { loadAsk } from './questions.ts';
import { TestHealth } from '../testing/test-health.ts';
import { deadPort, TextServer } from '../testing/text-peer.ts';

interface Scene {
  readonly server: TextServer;
  readonly health: TestHealth;
  /** What the server answers with from now on. */
  say(status: number): void;
}

/** A test with one endpoint that answers 200 until it is told otherwise; nothing may be left of it. */
function healthTest(
  name: string,
  policy: Partial<HealthPolicy>,
  run: (scene: Scene) => Promise<void>,
  chance?: () => number,
): void {
  test(`health checks: ${name}`, async () => {
    const server = await TextServer.start();
    let status = 200;
    server.answerAll(() => `HTTP/1.1 ${status} X\r\nContent-Length: 0\r\n\r\n`);
    const health = new TestHealth({ type: 'http', ...policy }, [server.port], chance);
    try {
      await run({ server, health, say: (other) => void (status = other) });
    } finally {
      health.close();
      await until('all connections are closed', () => server.peers.every(({ ended }) => ended));
      await settled();
      await server.close();
    }
    assert.equal(health.clock.pending, 0, 'timers are left');
  });
}

healthTest('nobody is checked before a request asks for the cluster', {}, async ({ server, health }) => {
  await health.pass(30_000);
  assert.deepEqual([server.peers.length, health.clock.pending], [0, 0]);
  await health.use();
  assert.deepEqual([server.peers.length, health.results], [1, [true]]);
  assert.equal(server.peers[0]!.ended, true, 'nothing is kept');
  await health.pass(9000);
  assert.equal(server.peers.length, 1);
  await health.pass(1000);
  assert.equal(server.peers.length, 2);
});

healthTest('the first answer counts at once, later ones when they are confirmed', {}, async ({ health, say }) => {
  say(503);
  await health.use();
  assert.deepEqual(health.changes, ['down: health check: status 503']);
  say(200);
  await health.pass(10_000);
  assert.deepEqual(health.usable, [false], 'healthyThreshold is 2');
  await health.pass(10_000);
  assert.deepEqual(health.usable, [true]);
  say(500);
  await health.pass(10_000);
  await health.pass(10_000);
  say(200);
  await health.use();
  await health.pass(10_000);
  say(500);
  await health.pass(10_000);
  await health.pass(10_000);
  assert.deepEqual(health.usable, [true], 'never three in a row');
  await health.pass(10_000);
  assert.deepEqual(health.changes, ['down: health check: status 503', 'up', 'down: health check: status 500']);
  say(404);
  await health.pass(10_000);
  assert.deepEqual([...health.cluster.endpoints][0]!.reason, 'health check: status 404', 'what is wrong now');
});

healthTest('an endpoint that fails leaves the picker in the same tick', {}, async ({ server, health, say }) => {
  const other = await TextServer.start();
  other.answerAll('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  health.endpoints(server.port, other.port);
  say(503);
  health.cluster.use(0);
  await until('the first answer', () => health.results.length > 0);
  for (let i = 0; i < 10; i++) assert.equal(health.cluster.pick(undefined)?.port, other.port);
  health.close();
  await other.close();
});

for (const [chance, interval] of [
  [0, 8000],
  [0.999, 11_996],
] as const) {
  healthTest(
    `the interval is jittered: ${interval} ms`,
    {},
    async ({ server, health }) => {
      health.cluster.use(0);
      await until('the first', () => health.results.length === 1);
      await health.pass(interval - 2);
      assert.equal(server.peers.length, 1);
      await health.pass(2);
      assert.equal(server.peers.length, 2);
    },
    () => chance,
  );
}

healthTest('a cluster that is not used is not checked, and is as it was found', {}, async ({ server, health, say }) => {
  say(503);
  await health.use();
  for (let ms = 0; ms < 80_000; ms += 5000) await health.pass(5000);
  assert.equal(health.clock.pending, 0, 'it sleeps');
  const checks = server.peers.length;
  assert.equal(checks, 7, 'one each 10 s in 60 s');
  assert.deepEqual(health.usable, [false]);
  say(200);
  await health.pass(600_000);
  assert.equal(server.peers.length, checks);
  await health.use();
  assert.deepEqual(health.usable, [true], 'the first answer counts');
});

healthTest('requests that go on keep the checks going', { interval: 1000 }, async ({ server, health }) => {
  await health.use();
  for (let s = 0; s < 200; s++) {
    health.cluster.use(health.clock.now());
    await health.pass(1000);
  }
  assert.ok(server.peers.length >= 200, `${server.peers.length}`);
});

healthTest('endpoints that come are checked, those that leave are not', {}, async ({ server, health }) => {
  await health.use();
  const dead = await deadPort();
  health.endpoints(server.port, dead);
  await until('the new one', () => health.results.length === 2);
  assert.deepEqual(health.usable, [true, false]);
  assert.match(health.changes[0]!, /^down: health check: connection refused \(ECONNREFUSED\)$/);
  health.endpoints(dead);
  const checks = server.peers.length;
  await health.pass(30_000);
  assert.equal(server.peers.length, checks);
  assert.deepEqual(health.usable, [false], 'it stays as it was');
});

healthTest('another policy counts at once, none forgets', {}, async ({ server, health }) => {
  await health.use();
  server.answerAll(({ head }) => `HTTP/1.1 ${head.startsWith('GET /ok ') ? 200 : 404} X\r\nContent-Length: 0\r\n\r\n`);
  health.adjust({ type: 'http', path: '/bad' });
  await until('it is checked', () => health.changes.length > 0);
  assert.deepEqual(health.changes, ['down: health check: status 404']);
  const checks = server.peers.length;
  health.adjust({ type: 'http', path: '/bad' });
  await settled();
  assert.equal(server.peers.length, checks, 'the same is no change');
  health.adjust({ type: 'http', path: '/ok' });
  await settled();
  assert.deepEqual(health.usable, [true]);
  health.adjust({ type: 'http', path: '/bad' });
  await settled();
  assert.deepEqual(health.usable, [false]);
  health.checks.close();
  assert.deepEqual(health.usable, [true]);
  assert.equal(health.clock.pending, 0);
  await health.use();
  assert.equal(health.clock.pending, 0, 'nobody wakes it');
});

healthTest(
  'a stuck peer is cut when the time is over, and asked once at a time',
  { interval: 1000, timeout: 5000 },
  async ({ server, health }) => {
    server.onPeer = () => {};
    await health.use();
    for (let s = 1; s < 5; s++) await health.pass(1000 - (s === 1 ? 20 : 0));
    assert.deepEqual([server.peers.length, server.peers[0]!.closed, health.usable], [1, false, [true]]);
    await health.pass(1000);
    await until('it is cut', () => server.peers[0]!.ended);
    assert.deepEqual(health.changes, ['down: health check: no answer in 5000 ms']);
    await health.pass(1);
    assert.equal(server.peers.length, 2);
  },
);

healthTest('so does another version of HTTP', {}, async ({ health }) => {
  await health.use();
  health.adjust({ type: 'http' }, { version: 'http2' });
  await until('it is checked', () => health.changes.length > 0);
  assert.deepEqual(health.changes, ['down: health check: what answers there does not speak HTTP/2']);
});

healthTest('a cluster that closes in the middle of a check leaves nothing', {}, async ({ server, health }) => {
  server.onPeer = () => {};
  await health.use();
  assert.ok(health.clock.pending > 0);
  health.close();
  assert.equal(health.clock.pending, 0);
  await until('it is cut', () => server.peers[0]!.ended);
  assert.deepEqual([health.results, health.changes], [[], []]);
});

healthTest('nor do checks that end before the first has begun', {}, async ({ server, health }) => {
  await loadAsk('http', 'http1');
  health.cluster.use(0);
  health.checks.close();
  await settled();
  assert.deepEqual([server.peers.length, health.clock.pending], [0, 0]);
});

healthTest('the first checks of many endpoints are a little apart', { type: 'tcp' }, async ({ health }) => {
  const servers = [await TextServer.start(), await TextServer.start(), await TextServer.start()];
  health.endpoints(...servers.map(({ port }) => port));
  health.cluster.use(0);
  await until('the first answer', () => health.results.length > 0);
  await settled();
  assert.equal(health.results.length, 1);
  await health.pass(5);
  assert.equal(health.results.length, 2);
  await health.pass(5);
  assert.deepEqual(health.results, [true, true, true]);
  health.close();
  await settled();
  for (const server of servers) await server.close();
});

healthTest(
  'an endpoint that comes, or a policy, while the cluster has just gone idle, counts when it is used again',
  { type: 'http' },
  async ({ server, health }) => {
    const late = await TextServer.start();
    for (const one of [server, late]) one.answerAll('HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n');
    await health.use();
    for (let i = 0; i < 12; i++) await health.pass(5000);
    await health.pass(2000);
    health.endpoints(server.port, late.port);
    await health.use();
    for (let i = 0; i < 5; i++) await health.pass(10_000);
    assert.deepEqual(health.usable, [false, false]);
    assert.notEqual(late.peers.length, 0);
    health.close();
    await late.close();
  },
);
