import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Config } from './config.ts';
import type { Issue } from './issue.ts';
import { parseConfig } from './parse.ts';

const OPTIONS = { file: '/etc/weft/weft.yaml', localAddress: () => '10.9.9.9' };

function valid(text: string): { config: Config; warnings: readonly Issue[] } {
  const result = parseConfig(text, OPTIONS);
  assert.ok(result.ok, JSON.stringify(result));
  return result;
}

const EGRESS = '{ name: e, address: 127.0.0.1:12220, protocol: bolt, direction: egress }';
const INGRESS = '{ name: i, address: 0.0.0.0:12200, protocol: bolt, direction: ingress, app: 127.0.0.1:12199 }';

describe('a valid config', () => {
  test('the smallest one has every default', () => {
    const { config } = valid('node: { id: a }');
    assert.deepEqual(config, {
      node: { id: 'a', app: 'app', zone: '' },
      admin: { address: { host: '127.0.0.1', port: 34901 } },
      stateDir: '/etc/weft/.weft',
      listeners: [],
      clusterDefaults: {
        lb: 'least_request',
        balancing: { preferZone: false, overprovision: 140, panicThreshold: 0, slowStart: 0 },
        hash: [],
        connectTimeout: 3000,
        timeout: 3000,
        connections: 1,
        maxPendingPerConnection: 8192,
        queue: { max: 1024, timeout: 3000 },
        heartbeat: { interval: 15_000, maxInterval: 90_000, misses: 6, timeout: 3000 },
        retries: {
          attempts: 0,
          on: [],
          statuses: [],
          grpc: [],
          nonIdempotent: false,
          perTryTimeout: 0,
          backoff: { base: 25, max: 250 },
          budget: { percent: 20, min: 10 },
        },
        breaker: { requests: 0, connections: 0 },
        outlier: {
          consecutive: 0,
          failurePercentage: 0,
          successRate: 0,
          minEndpoints: 5,
          minRequests: 50,
          interval: 10_000,
          baseEjection: 30_000,
          maxEjection: 300_000,
          maxEjected: 10,
        },
        http: { version: 'same', connections: 1024, timeout: 15_000, idleTimeout: 60_000 },
      },
      clusters: [],
      health: { heartbeat: { enabled: true, interval: 5000, timeout: 3000, misses: 3 } },
      discovery: { onDemand: true, maxServices: 1024, idle: 600_000, firstPush: 3000 },
      shutdown: { propagation: 2000, drain: 20_000 },
      log: { level: 'info', format: 'text' },
    });
  });

  test('as a rule it ends by itself before Kubernetes kills it, also with a registry that does not answer', () => {
    const { propagation, drain } = valid('node: { id: a }').config.shutdown;
    const [registryMs, graceMs, marginMs] = [5_000, 30_000, 2_000];
    assert.ok(registryMs + propagation + drain <= graceMs - marginMs, `${propagation} ms and ${drain} ms`);
  });

  test('a listener has its limits, and an ingress one what it advertises', () => {
    const { config } = valid(`{ node: { id: a }, listeners: [${EGRESS}, ${INGRESS}] }`);
    const [egress, ingress] = config.listeners;
    assert.deepEqual(egress, {
      name: 'e',
      address: { host: '127.0.0.1', port: 12220 },
      protocol: 'bolt',
      direction: 'egress',
      idleTimeout: 0,
      limits: {
        maxFrame: 16 * 1024 ** 2,
        maxHeader: 65535,
        maxPending: 1024,
        maxConnections: 10_000,
        maxBuffered: 256 * 1024 ** 2,
        maxOutput: 16 * 1024 ** 2,
        stallTimeout: 5_000,
      },
    });
    assert.ok(ingress?.direction === 'ingress');
    assert.deepEqual(ingress.app, { host: '127.0.0.1', port: 12199 });
    assert.deepEqual(ingress.advertise, { host: '10.9.9.9', port: 12200 });
  });

  test('what is advertised is given, the own address, or that of the node', () => {
    const advertised = (node: string, listener: string): unknown => {
      const { config } = valid(`
node: { id: a${node} }
listeners: [{ name: i, protocol: bolt, direction: ingress, app: '127.0.0.1:12199', ${listener} }]`);
      const [first] = config.listeners;
      return first?.direction === 'ingress' ? first.advertise : undefined;
    };
    assert.deepEqual(advertised('', "address: '127.0.0.2:80'"), { host: '127.0.0.2', port: 80 });
    assert.deepEqual(advertised(', address: 10.0.0.7', "address: '[::]:80'"), { host: '10.0.0.7', port: 80 });
    assert.deepEqual(advertised('', "address: '0.0.0.0:0'"), { host: '10.9.9.9', port: 0 });
    assert.deepEqual(advertised('', "address: '0.0.0.0:80', advertise: 'vip:81'"), { host: 'vip', port: 81 });
  });

  test('a cluster follows clusterDefaults in what it leaves out, also inside its sections', () => {
    const { config } = valid(`
node: { id: a }
clusterDefaults: { timeout: 1s, queue: { max: 7 }, retries: { attempts: 2, on: [reset], backoff: { max: 1s } } }
clusters:
  - name: s
    endpoints: ['h:1', { address: 'h:2', weight: 50, priority: 1, metadata: { zone: RZ01A } }]
    queue: { timeout: 0s }
    balancing: { slowStart: 30s }
    retries: { on: [connect-failure], backoff: { base: 50ms } }
    outlier: { consecutive: 5 }
    lb: round_robin`);
    assert.deepEqual(config.clusters[0], {
      ...config.clusterDefaults,
      name: 's',
      endpoints: [
        { address: { host: 'h', port: 1 }, weight: 100, priority: 0, metadata: {} },
        { address: { host: 'h', port: 2 }, weight: 50, priority: 1, metadata: { zone: 'RZ01A' } },
      ],
      lb: 'round_robin',
      balancing: { preferZone: false, overprovision: 140, panicThreshold: 0, slowStart: 30_000 },
      queue: { max: 7, timeout: 0 },
      retries: {
        ...config.clusterDefaults.retries,
        attempts: 2,
        on: ['connect-failure'],
        backoff: { base: 50, max: 1000 },
      },
      outlier: { ...config.clusterDefaults.outlier, consecutive: 5 },
    });
  });

  test('how endpoints are checked follows clusterDefaults, as far as it is of one type', () => {
    const health = (defaults: string, own: string): unknown =>
      valid(
        `{ node: { id: a }, clusterDefaults: { ${defaults} }, clusters: [{ name: s, endpoints: ['h:1'], ${own} }] }`,
      ).config.clusters[0]?.health;
    const base = { interval: 10_000, timeout: 3000, unhealthyThreshold: 3, healthyThreshold: 2 };
    const http = 'health: { type: http, path: /up, interval: 5s }';
    assert.equal(health('', ''), undefined);
    assert.deepEqual(health('', 'health: { type: tcp }'), { ...base, type: 'tcp' });
    assert.deepEqual(health('', 'health: { type: grpc, service: s, port: 9 }'), {
      ...{ ...base, type: 'grpc', service: 's', port: 9 },
    });
    const inherited = { ...base, interval: 5000 };
    assert.deepEqual(health(http, ''), { ...inherited, type: 'http', path: '/up' });
    assert.deepEqual(health(http, 'health: { timeout: 1s }'), {
      ...{ ...inherited, type: 'http', path: '/up', timeout: 1000 },
    });
    assert.deepEqual(health(http, 'health: { type: bolt }'), { ...inherited, type: 'bolt' });
    assert.equal(health(http, 'health: { type: none }'), undefined);
    assert.equal('health' in valid('node: { id: a }').config.clusterDefaults, false);
  });

  test('the registries', () => {
    const registry = (text: string): unknown => valid(`{ node: { id: a }, registry: ${text} }`).config.registry;
    assert.deepEqual(registry('{ type: embedded }'), {
      type: 'embedded',
      address: { host: '127.0.0.1', port: 34920 },
    });
    assert.deepEqual(registry('{ type: file, path: services.yaml }'), {
      type: 'file',
      path: '/etc/weft/services.yaml',
    });
    assert.deepEqual(registry("{ type: zookeeper, address: 'h1:2181,h2:2181', auth: { credential: 'u:p' } }"), {
      type: 'zookeeper',
      address: [
        { host: 'h1', port: 2181 },
        { host: 'h2', port: 2181 },
      ],
      root: '/',
      sessionTimeout: 10_000,
      auth: { scheme: 'digest', credential: 'u:p' },
    });
  });

  test("the app's health is asked on this machine, or at the app's host", () => {
    const ingress = INGRESS.replace('app: 127.0.0.1', 'app: 10.0.0.8');
    for (const host of ['localhost', '[::1]', '127.9.9.9', '10.0.0.8']) {
      const url = `http://${host}:9500/checkService`;
      const text = `node: { id: a }\nlisteners: [${ingress}]\nhealth: { checkService: { url: '${url}' } }`;
      assert.equal(valid(text).config.health.checkService?.url, url);
    }
  });

  test('JSON is read as well', () => {
    assert.equal(
      valid('{\n\t"node": { "id": "a" },\n\t"registry": { "type": "embedded" },\n\t"sdk": {}\n}').config.sdk?.address
        .port,
      13330,
    );
  });

  test('anchors and merge keys are followed', () => {
    const { config } = valid(`
node: { id: a }
listeners:
  - { name: a, address: 127.0.0.1:1, protocol: bolt, direction: egress, limits: &small { maxFrame: 1KiB } }
  - { name: b, address: 127.0.0.1:2, protocol: bolt, direction: egress, limits: { <<: *small, maxPending: 3 } }`);
    assert.deepEqual(
      config.listeners.map(({ limits }) => [limits.maxFrame, limits.maxPending]),
      [
        [1024, 1024],
        [1024, 3],
      ],
    );
  });
});

describe('warnings', () => {
  const warned = (text: string): (readonly [string, string])[] =>
    valid(`node: { id: a }\n${text}`).warnings.map(({ path, message }) => [path, message] as const);

  test('nothing to do, and nowhere to send calls', () => {
    assert.deepEqual(warned(''), [['', 'there are no listeners: the proxy will carry no calls']]);
    const [nowhere] = warned(`listeners: [${EGRESS}]`);
    assert.equal(nowhere?.[0], 'listeners');
    assert.deepEqual(warned(`listeners: [${EGRESS}]\nregistry: { type: embedded }`), []);
  });

  test('a local API that others can reach, and apps behind it that cannot be published', () => {
    const base = `registry: { type: embedded }\nlisteners: [${INGRESS}, { ${INGRESS.slice(1, -1).replace('i,', 'j,').replace('12200', '12300')} }]`;
    assert.deepEqual(warned(base), []);
    assert.deepEqual(warned(`${base}\nsdk: { address: '0.0.0.0:13330' }`), [
      ['listeners[1]', "apps are published at the first ingress listener ('i') alone, not at this one"],
      ['sdk.address', 'whoever can reach 0.0.0.0 may publish and subscribe: the local API has no authentication'],
    ]);
    assert.deepEqual(
      warned(`registry: { type: embedded }\nlisteners: [${INGRESS}]\nsdk: { address: 'localhost:1' }`),
      [],
    );
  });

  test('health without ingress', () => {
    const paths = warned(
      `listeners: [${EGRESS}]\nclusters: [{ name: s, endpoints: ['h:1'] }]\nhealth: { checkService: { url: 'http://localhost/' } }`,
    ).map(([path]) => path);
    assert.deepEqual(paths, ['health.checkService']);
  });

  test('retries of nothing', () => {
    const base = `listeners: [${EGRESS}]\n`;
    const paths = (text: string): string[] => warned(base + text).map(([path]) => path);
    assert.deepEqual(paths(`clusters: [{ name: s, endpoints: ['h:1'], retries: { attempts: 1 } }]`), [
      'clusters[0].retries.attempts',
    ]);
    assert.deepEqual(
      paths(
        `clusterDefaults: { retries: { on: [reset] } }\nclusters: [{ name: s, endpoints: ['h:1'], retries: { attempts: 1 } }]`,
      ),
      [],
    );
  });
});
