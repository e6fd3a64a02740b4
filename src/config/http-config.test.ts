import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Config, ListenerConfig } from './config.ts';
import { diffConfig } from './diff.ts';
import { toFileForm } from './file-form.ts';
import type { Issue } from './issue.ts';
import { checkConfigText } from './load.ts';

const OPTIONS = { file: '/etc/weft/weft.yaml', localAddress: () => '10.9.9.9' };

async function valid(text: string): Promise<{ config: Config; warnings: readonly Issue[] }> {
  const result = await checkConfigText(`node: { id: a }\n${text}`, OPTIONS);
  assert.ok(result.ok, JSON.stringify(result));
  return result;
}

/** The listener of a config that holds one. */
async function listener(keys: string): Promise<ListenerConfig> {
  const { config } = await valid(`listeners: [{ name: l, address: '127.0.0.1:1', ${keys} }]`);
  return config.listeners[0]!;
}

const EGRESS = 'direction: egress';
const INGRESS = "direction: ingress, app: '127.0.0.1:2'";

describe('a listener', () => {
  test('takes every protocol when it says none, with all defaults', async () => {
    const { protocol, detectTimeout, http, tcp, tls } = await listener(EGRESS);
    assert.deepEqual(
      { protocol, detectTimeout, http, tcp, tls },
      {
        protocol: 'auto',
        detectTimeout: 3000,
        tls: undefined,
        tcp: undefined,
        http: {
          versions: ['http1', 'http2'],
          limits: {
            maxHead: 65_536,
            maxFields: 100,
            maxBody: 0,
            maxStreams: 256,
            headTimeout: 10_000,
            bodyTimeout: 60_000,
            streamIdleTimeout: 300_000,
          },
          upgrades: ['websocket'],
          grpcWeb: true,
          forwarding: { for: 'keep', style: 'x-forwarded', via: 'weft', requestId: true },
          routes: [],
        },
      },
    );
  });

  test('has what its protocol has, and no more', async () => {
    const keys = async (text: string): Promise<string[]> => {
      const one = await listener(text);
      return (['detectTimeout', 'http', 'tcp'] as const).filter((key) => one[key] !== undefined);
    };
    assert.deepEqual(await keys(`${EGRESS}, protocol: bolt`), []);
    assert.deepEqual(await keys(`${EGRESS}, protocol: http`), ['http']);
    assert.deepEqual(await keys(`${EGRESS}, protocol: tcp, tcp: { cluster: db }`), ['tcp']);
    assert.deepEqual(await keys(`${EGRESS}, tcp: { cluster: db }`), ['detectTimeout', 'http', 'tcp']);
    assert.deepEqual(await keys(`${INGRESS}, protocol: tcp`), ['tcp']);
    assert.deepEqual(await keys(INGRESS), ['detectTimeout', 'http', 'tcp']);
  });

  test('tells the app who calls, and passes on what the app says', async () => {
    assert.equal((await listener(INGRESS)).http?.forwarding.for, 'append');
    assert.equal((await listener(`${INGRESS}, http: { forwarding: { for: remove } }`)).http?.forwarding.for, 'remove');
    assert.equal((await listener(`${EGRESS}, http: { forwarding: { via: '' } }`)).http?.forwarding.for, 'keep');
  });

  test('finds its certificate from the folder of the config', async () => {
    const { tls } = await listener(`${EGRESS}, tls: { certificate: web.pem, key: /keys/web.pem }`);
    assert.deepEqual(tls, { certificate: '/etc/weft/web.pem', key: '/keys/web.pem' });
  });

  test('changes in place but for its protocol and certificate', async () => {
    const apply = async (before: string, after: string): Promise<unknown> => {
      const of = async (keys: string): Promise<Config> =>
        (await valid(`listeners: [{ name: l, address: '127.0.0.1:1', ${keys} }]`)).config;
      return diffConfig(await of(before), await of(after)).listeners.changed.map((one) => [one.keys, one.apply]);
    };
    const routes = 'http: { routes: [{ cluster: s }] }';
    assert.deepEqual(await apply(EGRESS, `${EGRESS}, ${routes}, tcp: { cluster: d }, detectTimeout: 1s`), [
      [['detectTimeout', 'http', 'tcp'], 'in-place'],
    ]);
    assert.deepEqual(await apply(`${EGRESS}, protocol: http`, `${EGRESS}, protocol: http, ${routes}`), [
      [['http'], 'in-place'],
    ]);
    assert.deepEqual(await apply(EGRESS, `${EGRESS}, tls: { certificate: a, key: b }`), [[['tls'], 'reopen']]);
    assert.deepEqual(await apply(`${EGRESS}, protocol: bolt`, EGRESS), [
      [['protocol', 'detectTimeout', 'http'], 'reopen'],
    ]);
  });
});

test('routes have their names and their defaults, and fields and hosts are in lower case', async () => {
  const { http } = await listener(`${EGRESS}, http: { routes: [
    { match: { hosts: ['*.A.test'], path: /a, headers: [{ name: X-A, exact: B }] }, cluster: s, requestHeaders: { set: { X-B: C } } },
    { name: old, match: { path: { prefix: /old } }, redirect: { prefix: /new } },
    { respond: { status: 404 } }] }`);
  assert.deepEqual(http?.routes, [
    {
      name: 'routes[0]',
      match: {
        hosts: ['*.a.test'],
        path: { exact: '/a' },
        headers: [{ name: 'x-a', exact: 'B', invert: false }],
      },
      cluster: 's',
      requestHeaders: { set: { 'x-b': 'C' }, add: {}, remove: [] },
    },
    { name: 'old', match: { path: { prefix: '/old' } }, redirect: { prefix: '/new', status: 308 } },
    { name: 'routes[2]', match: {}, respond: { status: 404, body: '', headers: {} } },
  ]);
});

test('a cluster follows clusterDefaults in what its http leaves out', async () => {
  const { config } = await valid(`clusterDefaults: { http: { version: http2, timeout: 1s } }
clusters: [{ name: s, endpoints: ['h:1'], http: { timeout: 2s } }]`);
  const http = { version: 'http2', connections: 1024, timeout: 2000, idleTimeout: 60_000 };
  assert.deepEqual(config.clusters[0]?.http, http);
});

test('the effective config is a file that means the same', async () => {
  const { config } = await valid(`registry: { type: embedded }
listeners:
  - { name: b, address: '127.0.0.1:3', protocol: bolt, ${EGRESS} }
  - { name: t, address: '127.0.0.1:4', protocol: tcp, ${EGRESS}, tcp: { cluster: db, idleTimeout: 0s } }
  - { name: i, address: '127.0.0.1:5', ${INGRESS}, http: { limits: { maxBody: 1MiB } } }
  - name: e
    address: '127.0.0.1:6'
    direction: egress
    tls: { certificate: a.pem, key: b.pem }
    http:
      routes:
        - match: { path: { regex: '/v[0-9]+' }, query: [{ name: q, range: { from: 0, to: 9 } }] }
          cluster: s
          rewrite: { host: 'a.test:80', regex: { pattern: '^/v', replacement: '/$1' } }
          timeout: 1m
        - { respond: { status: 200, body: "a\\nb", headers: { x-a: b } } }`);
  const again = await checkConfigText(JSON.stringify(toFileForm(config)), OPTIONS);
  assert.ok(again.ok, JSON.stringify(again));
  assert.deepEqual(again.config, config);
});

test('clusters that are nowhere are warned of where there is no registry', async () => {
  const text = `listeners: [{ name: l, address: '127.0.0.1:1', ${EGRESS}, tcp: { cluster: db }, http: { routes: [{ cluster: s, match: { path: /s } }, { cluster: t }] } }]
clusters: [{ name: t, endpoints: ['h:1'] }]`;
  const { warnings } = await valid(text);
  assert.deepEqual(
    warnings.map(({ path }) => path),
    ['listeners[0].tcp.cluster', 'listeners[0].http.routes[0].cluster'],
  );
  assert.deepEqual((await valid(`registry: { type: embedded }\n${text}`)).warnings, []);
});
