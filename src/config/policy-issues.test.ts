import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkConfigText } from './load.ts';

const BASE = 'node: { id: a }\nlisteners: [{ name: e, address: 127.0.0.1:1, direction: egress }]\n';

/** Errors, then warnings, as `path: message`. */
async function told(text: string): Promise<string[]> {
  const result = await checkConfigText(BASE + text, { file: 'weft.yaml' });
  const issues = result.ok ? result.warnings : result.issues;
  return issues.map(({ path, message }) => `${path}: ${message}`);
}

function cluster(keys: string): string {
  return `clusters: [{ name: c, endpoints: ['h:1'], ${keys} }]`;
}

test('policy issues: what requests are balanced by', async () => {
  assert.deepEqual(await told(cluster('lb: maglev, hash: [{ header: x, query: y }, {}, { cookie: c }]')), [
    'clusters[0].hash[0]: expected one of header, cookie, query or source, found header and query',
    'clusters[0].hash[1]: expected one of header, cookie, query or source, found none',
  ]);
  assert.deepEqual(await told(cluster('lb: maglev, hash: [{ source: false }]')), [
    'clusters[0].hash[0].source: expected true, found false',
  ]);
  assert.deepEqual(await told(cluster('lb: ring_hash')), [
    'clusters[0].lb: ring_hash has nothing to balance by: endpoints are picked by chance',
  ]);
  assert.deepEqual(await told(cluster('hash: [{ header: x }]')), [
    'clusters[0].hash: only ring_hash and maglev balance by it',
  ]);
  assert.deepEqual(await told(`clusterDefaults: { hash: [{ header: x }], lb: maglev }\n${cluster('timeout: 1s')}`), []);
});

test('policy issues: odd numbers and facts', async () => {
  const balancing = 'balancing: { overprovision: 99, panicThreshold: 101, slowStart: x, preferZone: 1 }';
  assert.deepEqual(
    (await told(cluster(balancing))).map((line) => line.split(': ')[0]),
    ['overprovision', 'panicThreshold', 'slowStart', 'preferZone'].map((key) => `clusters[0].balancing.${key}`),
  );
  const endpoint =
    "clusters: [{ name: c, endpoints: [{ address: 'h:1', priority: -1, metadata: { zone: [a], v: 1 } }] }]";
  assert.deepEqual(await told(endpoint), [
    'clusters[0].endpoints[0].priority: -1 is out of range',
    'clusters[0].endpoints[0].metadata.zone: expected a text, found a list',
  ]);
});

test('policy issues: shares of requests', async () => {
  const routes = (text: string): string =>
    `${BASE.replace('egress }', `egress, http: { routes: [${text}] } }`)}registry: { type: embedded }`;
  const issues = async (text: string): Promise<string[]> => {
    const result = await checkConfigText(routes(text), { file: 'weft.yaml' });
    return (result.ok ? result.warnings : result.issues).map(
      ({ path, message }) => `${path.slice('listeners[0].http.routes[0]'.length)}: ${message}`,
    );
  };
  assert.deepEqual(await issues('{ clusters: [] }'), ['.clusters: the list is empty']);
  assert.deepEqual(await issues('{ clusters: [{ cluster: a, weight: 0 }, { cluster: b, weight: 0 }] }'), [
    '.clusters: all weights are 0, so requests can go nowhere',
  ]);
  assert.deepEqual(await issues('{ cluster: a, clusters: [{ cluster: b, weight: 1 }] }'), [
    '.clusters: a route takes one of cluster, clusters, redirect, respond',
  ]);
  assert.deepEqual(await issues('{ clusters: [{ cluster: b, weight: 1 }], subset: { v: 1 } }'), [
    '.subset: a subset is of one cluster',
  ]);
  assert.deepEqual(await issues('{ respond: { status: 200 }, subset: { v: 1 } }'), [
    '.subset: subset is for routes to a cluster, and this one answers itself',
  ]);
});

test('policy issues: keys may stand in clusterDefaults, and the balancer in a cluster', async () => {
  assert.deepEqual(await told(`clusterDefaults: { hash: [{ header: x }] }\n${cluster('lb: maglev')}`), []);
  assert.deepEqual(await told(`clusterDefaults: { lb: maglev }\n${cluster('hash: [{ header: x }]')}`), []);
  assert.deepEqual(await told(`clusterDefaults: { lb: maglev }\n${cluster('timeout: 1s')}`), [
    'clusterDefaults.lb: maglev has nothing to balance by: endpoints are picked by chance',
  ]);
});

test('policy issues: parts that do nothing alone', async () => {
  assert.deepEqual(await told(cluster('retries: { attempts: 1, on: [timeout, retriable-status] }')), [
    'clusters[0].retries.on: timeout is that of one try, and tries have none',
    'clusters[0].retries.on: retriable-status names no status',
  ]);
  assert.deepEqual(await told(cluster('retries: { attempts: 1, on: [reset], statuses: [503] }')), [
    'clusters[0].retries.statuses: they are tried again with retriable-status alone',
  ]);
  assert.deepEqual(await told(cluster('retries: { on: [reset] }')), [
    'clusters[0].retries.on: nothing is tried again: attempts is 0',
  ]);
  assert.deepEqual(
    await told(`clusterDefaults: { retries: { attempts: 1 } }\n${cluster('retries: { on: [reset] }')}`),
    ['clusterDefaults.retries.attempts: no failure is named that is tried again, so nothing is'],
  );
  assert.deepEqual(await told(cluster('balancing: { preferZone: true }')), [
    'clusters[0].balancing.preferZone: no endpoint is in the zone of this node, which has none',
  ]);
});

test('policy issues: how endpoints are checked', async () => {
  const health = (keys: string): Promise<string[]> => told(cluster(`health: { ${keys} }`));
  assert.deepEqual(await health('type: http, path: /healthz, host: shop.internal, statuses: [200, 204]'), []);
  assert.deepEqual(await health("type: grpc, service: shop.Carts, host: 'carts:80', port: 9000"), []);
  assert.deepEqual(await health('type: bolt, interval: 5s, timeout: 1s'), []);
  assert.deepEqual(await health('interval: 5s'), [
    'clusters[0].health: type is missing, and clusterDefaults.health has none',
  ]);
  assert.deepEqual(await health('type: tcp, path: /, host: a, statuses: [200], service: b'), [
    'clusters[0].health.path: path is for checks of type http, and this one is tcp',
    'clusters[0].health.host: host is for checks of type http or grpc, and this one is tcp',
    'clusters[0].health.statuses: statuses is for checks of type http, and this one is tcp',
    'clusters[0].health.service: service is for checks of type grpc, and this one is tcp',
  ]);
  assert.deepEqual(await health('type: https, path: /'), [
    "clusters[0].health.type: expected tcp, http, grpc, bolt or none, found 'https'",
  ]);
  assert.deepEqual(await health("type: http, path: 'healthz?a=b', statuses: []"), [
    "clusters[0].health.path: expected a path such as /healthz, found 'healthz?a=b'",
    'clusters[0].health.statuses: the list is empty: no endpoint would be well',
  ]);
  assert.deepEqual(await health('type: http, path: "/\\ud800", interval: 1ms, port: 0, unhealthyThreshold: 0'), [
    'clusters[0].health.path: the text holds half of a character',
    "clusters[0].health.interval: '1ms' is too short",
    'clusters[0].health.port: 0 is out of range',
    'clusters[0].health.unhealthyThreshold: 0 is out of range',
  ]);
});

test('policy issues: how endpoints are checked by default', async () => {
  const defaults = (keys: string, own = ''): Promise<string[]> =>
    told(`clusterDefaults: { health: { ${keys} } }\n${cluster(own)}`);
  assert.deepEqual(await defaults('type: http', 'health: { path: /healthz }'), []);
  assert.deepEqual(await defaults('type: http, path: /healthz', 'health: { type: none }'), []);
  assert.deepEqual(await defaults('type: http, path: /healthz', 'health: { type: tcp }'), []);
  assert.deepEqual(await defaults('type: tcp', 'health: { path: /healthz }'), [
    'clusters[0].health.path: path is for checks of type http, and this one is tcp',
  ]);
  assert.deepEqual(await defaults('interval: 5s'), ['clusterDefaults.health.type: required and missing']);
  assert.deepEqual(await defaults('type: none'), [
    "clusterDefaults.health.type: expected tcp, http, grpc or bolt, found 'none'",
  ]);
});
