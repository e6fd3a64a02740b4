import assert from 'node:assert/strict';
import { test } from 'node:test';
import { POLICY } from '../cluster/testing/policy.ts';
import { Budget } from '../../core/budget.ts';
import { ManualClock } from '../../core/manual-clock.ts';
import { TimerWheel } from '../../core/timer-wheel.ts';
import { createLogger, silentLogger, type Logger } from '../../telemetry/log.ts';
import { Metrics } from '../../telemetry/metrics.ts';
import { boltCodec } from '../codec/bolt/codec.ts';
import { NetContext } from '../net/net-context.ts';
import { Clusters, type DiscoveryLimits } from './clusters.ts';
import { HTTP_LIMITS } from './testing/mesh-parts.ts';
import { settled, until } from '../../core/testing/settled.ts';
import { HEALTH } from '../upstream/testing/test-health.ts';
import { deadPort, TextServer } from '../upstream/testing/text-peer.ts';

/** Clusters out of a registry that tells whom it is asked for, and never answers. */
function setUp(limits: Partial<DiscoveryLimits> = {}, log: Logger = silentLogger) {
  const clock = new ManualClock();
  const metrics = new Metrics();
  const watched: string[] = [];
  const clusters = new Clusters(
    {
      clock,
      log,
      metrics,
      source: {
        watch({ service, protocol, group }) {
          const text = [service, ...(protocol === 'bolt' ? [] : [protocol]), ...(group === '' ? [] : [group])].join(
            '@',
          );
          watched.push(text);
          return { close: () => void watched.splice(watched.indexOf(text), 1) };
        },
      },
      upstream: {
        net: new NetContext(),
        clock,
        chance: () => 0.5,
        slowWheel: new TimerWheel(clock, 250),
        codec: boltCodec,
        limits: { maxFrame: 1 << 20, maxHeader: 0xffff, highWater: 1 << 20 },
        budget: new Budget(1 << 20),
        nextId: () => 1,
        http: HTTP_LIMITS,
      },
    },
    POLICY,
    { onDemand: true, maxServices: 2, idle: 60_000, ...limits },
  );
  return { clock, clusters, metrics, watched };
}

function bolt(service: string, group = '') {
  return { service, protocol: 'bolt', group };
}

test('a service that was looked up on demand is forgotten when nobody calls it', () => {
  const { clock, clusters, watched } = setUp();
  clusters.find('a', 'bolt');
  clock.advance(60_000);
  assert.deepEqual(watched, ['a']);
  clock.advance(6_000);
  assert.deepEqual(watched, []);
  clusters.close();
  assert.equal(clock.pending, 0);
});

test('of a static and a subscribed cluster of one name there is the static one, and one set of numbers', () => {
  const { clusters, metrics, watched } = setUp();
  const names = (): string[] => clusters.all.map(({ cluster, origin }) => `${cluster.name} ${origin}`);
  const apply = (...statics: string[]): void => {
    const endpoints = [{ host: '127.0.0.1', port: 1, weight: 1 }];
    const list = statics.map((name) => ({ name, policy: POLICY, endpoints }));
    clusters.apply(list, POLICY, { onDemand: true, maxServices: 2, idle: 60_000 });
  };
  clusters.pin([bolt('a')]);
  assert.deepEqual([names(), watched], [['a registry'], ['a']]);
  apply('a');
  assert.deepEqual([names(), watched], [['a static'], []]);
  clusters.pin([bolt('a')]);
  assert.deepEqual(names(), ['a static']);
  assert.match(metrics.render(), /weft_requests_total\{cluster="a",outcome="ok"\} 0/);
  apply();
  assert.deepEqual([names(), watched], [['a registry'], ['a']]);
  assert.match(metrics.render(), /weft_requests_total\{cluster="a",outcome="ok"\} 0/);
  clusters.close();
});

test('idle 0 means never', () => {
  const { clock, clusters, watched } = setUp({ idle: 0 });
  clusters.find('a', 'bolt');
  clock.advance(24 * 3_600_000);
  assert.deepEqual(watched, ['a']);
  clusters.close();
});

test('above the limit the service that was idle longest makes room, a subscribed one never', () => {
  const { clock, clusters, watched } = setUp();
  clusters.pin([bolt('kept')]);
  clusters.find('a', 'bolt');
  clock.advance(1);
  clusters.find('b', 'bolt');
  assert.deepEqual(watched, ['kept', 'b']);
  clusters.pin([bolt('kept'), bolt('b')]);
  assert.equal(clusters.find('c', 'bolt'), undefined);
  clusters.close();
});

test('a service is looked up in the group of its subscription, and in no other', () => {
  const { clusters, watched } = setUp();
  const early = clusters.find('a', 'bolt');
  assert.deepEqual(watched, ['a']);
  clusters.pin([bolt('a', 'blue')]);
  assert.deepEqual(watched, ['a@blue']);
  const blue = clusters.find('a', 'bolt');
  assert.notEqual(blue, early);
  clusters.pin([bolt('a', 'blue')]);
  assert.equal(clusters.find('a', 'bolt'), blue, 'nothing has changed');
  clusters.pin([]);
  assert.deepEqual(watched, []);
  clusters.find('a', 'bolt');
  assert.deepEqual(watched, ['a']);
  clusters.close();
});

test('one name over two protocols is two clusters, each with its endpoints, group and numbers', () => {
  const { clusters, metrics, watched } = setUp({ maxServices: 3 });
  clusters.pin([{ service: 'shop', protocol: 'http', group: 'blue' }]);
  const [overBolt, overHttp] = [clusters.find('shop', 'bolt'), clusters.find('shop', 'http')];
  assert.deepEqual(watched, ['shop@http@blue', 'shop']);
  assert.notEqual(overBolt, overHttp);
  assert.deepEqual(
    [overBolt, overHttp].map((managed) => managed?.cluster.name),
    ['shop', 'shop@http'],
  );
  assert.match(metrics.render(), /^weft_requests_active\{cluster="shop@http"\} 0$/m);
  clusters.pin([]);
  assert.deepEqual(watched, ['shop'], 'that of HTTP alone was in a group that is no longer subscribed to');
  clusters.close();
});

test('a static cluster takes the calls of every protocol', () => {
  const { clusters, watched } = setUp();
  clusters.find('shop', 'http');
  const endpoints = [{ host: '127.0.0.1', port: 1, weight: 1 }];
  clusters.apply([{ name: 'shop', policy: POLICY, endpoints }], POLICY, { onDemand: true, maxServices: 2, idle: 0 });
  assert.deepEqual(watched, []);
  assert.equal(clusters.find('shop', 'http'), clusters.find('shop', 'bolt'));
  assert.equal(clusters.all.length, 1);
  clusters.close();
});

test('a name that another cluster has is not given again', () => {
  const { clusters } = setUp();
  assert.notEqual(clusters.find('shop', 'http'), undefined);
  assert.equal(clusters.find('shop@http', 'bolt'), undefined);
  clusters.apply([{ name: 'shop@http', policy: POLICY, endpoints: [] }], POLICY, {
    onDemand: true,
    maxServices: 2,
    idle: 0,
  });
  assert.deepEqual(
    clusters.all.map(({ cluster, origin }) => `${cluster.name} ${origin}`),
    ['shop@http static'],
  );
  clusters.close();
});

test('an endpoint that cannot be connected to is logged with what to look at, the app by its name', () => {
  const lines: string[] = [];
  const log = createLogger({ control: { level: 'info' }, format: 'text', write: (line) => void lines.push(line) });
  const { clusters } = setUp({}, log);
  const endpoints = [{ host: '127.0.0.1', port: 1, weight: 1 }];
  const list = [{ name: 'echo', policy: POLICY, endpoints }];
  clusters.apply(list, POLICY, { onDemand: true, maxServices: 2, idle: 60_000 });
  for (const managed of [clusters.find('echo', 'bolt')!, clusters.app({ host: '127.0.0.1', port: 12199 })]) {
    const [endpoint] = managed.cluster.endpoints;
    managed.cluster.setUsable(endpoint!, false, 'connection refused (ECONNREFUSED)');
    managed.cluster.setUsable(endpoint!, false, 'it said goaway');
  }
  clusters.close();
  const ends = lines.map((line) => line.replace(/^.* an endpoint cannot be used /, ''));
  assert.deepEqual(ends, [
    'cluster=echo endpoint=127.0.0.1:1 reason="connection refused (ECONNREFUSED)" ' +
      'check="is the service started, and does it listen at this address and port?"\n',
    'cluster=app@127.0.0.1:12199 endpoint=127.0.0.1:12199 reason="connection refused (ECONNREFUSED)" ' +
      'check="is the app started, and does it listen at this address and port?"\n',
  ]);
});

test('clusters are checked by their own policy and log it, the app is not; one that goes leaves nothing', async (t) => {
  const server = await TextServer.start();
  t.after(() => server.close());
  const port = await deadPort();
  const lines: string[] = [];
  const log = createLogger({ control: { level: 'info' }, format: 'json', write: (line) => lines.push(line) });
  const { clock, clusters, metrics } = setUp({}, log);
  t.after(() => clusters.close());
  const health = { ...POLICY, health: { ...HEALTH, type: 'tcp' } } as const;
  const endpoints = [server.port, port].map((at) => ({ host: '127.0.0.1', port: at, weight: 1 }));
  clusters.apply([{ name: 'shop', policy: health, endpoints }], health, { onDemand: true, maxServices: 2, idle: 0 });
  const timers = clock.pending;
  const app = clusters.app({ host: '127.0.0.1', port });
  app.cluster.use(0);
  await settled();
  assert.equal(clock.pending, timers);
  clusters.find('shop', 'http')!.cluster.use(0);
  await until('the first', () => server.peers.length > 0);
  clock.advance(10);
  await until('the other', () => lines.length > 0);
  const { message, endpoint, reason, check } = JSON.parse(lines[0]!) as Record<string, unknown>;
  assert.deepEqual(
    [message, endpoint, reason],
    ['an endpoint cannot be used', `127.0.0.1:${port}`, 'health check: connection refused (ECONNREFUSED)'],
  );
  assert.match(String(check), /listen at this address/);
  assert.match(metrics.render(), /weft_health_checks_total\{cluster="shop",result="failed"\} 1\n/);
  clusters.apply([], health, { onDemand: true, maxServices: 2, idle: 0 });
  assert.equal(clock.pending, timers);
  assert.doesNotMatch(metrics.render(), /weft_health_checks_total/);
  assert.equal(lines.length, 1, 'nobody hears of endpoints that are gone');
});
