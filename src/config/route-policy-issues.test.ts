import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RouteConfig } from './config.ts';
import { checkConfigText } from './load.ts';

const BASE =
  'node: { id: a }\nregistry: { type: embedded }\nlisteners: [{ name: e, address: 127.0.0.1:1, direction: egress, ';
const ROUTE = 'listeners[0].http.routes[0]';

async function check(route: string): ReturnType<typeof checkConfigText> {
  return checkConfigText(`${BASE}http: { routes: [${route}] } }]`, { file: 'weft.yaml' });
}

/** Errors, else warnings, as `path below the route: message`. */
async function told(route: string): Promise<string[]> {
  const result = await check(route);
  const issues = result.ok ? result.warnings : result.issues;
  return issues.map(({ path, message }) => `${path.slice(ROUTE.length + 1)}: ${message}`);
}

async function taken(route: string): Promise<RouteConfig> {
  const result = await check(route);
  assert.ok(result.ok, JSON.stringify(result));
  assert.deepEqual(result.warnings, []);
  return result.config.listeners[0]!.http!.routes[0]!;
}

test('route policies: what a fault is', async () => {
  const { fault } = await taken(
    '{ cluster: c, fault: { delay: { duration: 2s, percent: 0.1 }, abort: { grpc: 14 }, header: X-Fault } }',
  );
  assert.deepEqual(fault, {
    delay: { duration: 2000, percent: 0.1 },
    abort: { grpc: 14, percent: 100 },
    header: 'x-fault',
  });
  assert.equal((await taken('{ cluster: c, fault: { header: true } }')).fault?.header, 'weft-fault');
});

test('route policies: what no fault is', async () => {
  assert.deepEqual(await told('{ cluster: c, fault: {} }'), ['fault: nothing goes wrong']);
  assert.deepEqual(await told('{ cluster: c, fault: { abort: { percent: 1 } } }'), [
    'fault.abort: an abort needs a status, a code of gRPC, or both',
  ]);
  assert.deepEqual(
    await told('{ cluster: c, fault: { delay: { percent: 101 }, abort: { status: 200, percent: -1 } } }'),
    [
      'fault.delay.duration: required and missing',
      'fault.delay.percent: 101 is out of range',
      'fault.abort.status: 200 is out of range',
      'fault.abort.percent: -1 is out of range',
    ],
  );
  assert.deepEqual(await told('{ cluster: c, fault: { delay: { duration: 0s, percent: x }, header: false } }'), [
    "fault.delay.duration: '0s' is too short",
    "fault.delay.percent: expected a number from 0 to 100, found 'x'",
    'fault.header: callers may ask for no fault unless they are let',
  ]);
  assert.deepEqual(await told("{ cluster: c, fault: { header: 'a b' } }"), [
    "fault.header: expected the name of a header field such as weft-fault, found 'a b'",
  ]);
  assert.deepEqual(await told('{ respond: { status: 200 }, fault: { header: true } }'), [
    'fault: fault is for routes to a cluster, and this one answers itself',
  ]);
});

test('route policies: what is different of retries', async () => {
  const { retries } = await taken('{ cluster: c, retries: { attempts: 3, on: [5xx], backoff: { max: 1s } } }');
  assert.deepEqual(retries, { attempts: 3, on: ['5xx'], backoff: { max: 1000 } });
  assert.deepEqual(await told('{ cluster: c, retries: {} }'), ['retries: nothing is changed']);
  assert.deepEqual(await told('{ cluster: c, retries: { budget: { min: 1 } } }'), ['retries.budget: unknown key']);
  assert.deepEqual(await told('{ respond: { status: 200 }, retries: { attempts: 0 } }'), [
    'retries: retries is for routes to a cluster, and this one answers itself',
  ]);
});

test('route policies: what a limit is', async () => {
  const { limit } = await taken(
    '{ cluster: c, limit: { requests: 100, per: 1m, burst: 200, by: [{ header: X-User }, { source: true }] } }',
  );
  assert.deepEqual(limit, { requests: 100, per: 60_000, burst: 200, by: [{ header: 'x-user' }, { source: true }] });
  assert.deepEqual((await taken('{ cluster: c, limit: { requests: 5 } }')).limit, { requests: 5, per: 1000 });
});

test('route policies: what no limit is', async () => {
  assert.deepEqual(await told('{ cluster: c, limit: { requests: 0, per: 0s, burst: 0.5 } }'), [
    'limit.requests: 0 is out of range',
    "limit.per: '0s' is too short",
    'limit.burst: expected a whole number, found 0.5',
  ]);
  assert.deepEqual(
    await told('{ cluster: c, limit: { requests: 1, by: [{ header: x, source: true }, {}, { header: a b }] } }'),
    [
      'limit.by[0]: expected one of header, cookie, query or source, found header and source',
      'limit.by[1]: expected one of header, cookie, query or source, found none',
      "limit.by[2].header: expected the name of a header field such as x-user, found 'a b'",
    ],
  );
  assert.deepEqual(await told('{ cluster: c, limit: { requests: 1, by: [] } }'), ['limit.by: the list is empty']);
  assert.deepEqual(await told('{ redirect: { path: /a }, limit: { requests: 1 } }'), [
    'limit: limit is for routes to a cluster, and this one answers itself',
  ]);
});

test('route policies: where copies go', async () => {
  const { mirror } = await taken('{ cluster: c, mirror: { cluster: d, subset: { v: 2 }, percent: 0.5 } }');
  assert.deepEqual(mirror, { cluster: 'd', subset: { v: '2' }, percent: 0.5 });
  assert.equal((await taken('{ cluster: c, mirror: { cluster: d } }')).mirror?.percent, 100);
  assert.deepEqual(await told('{ cluster: c, mirror: { percent: 5 } }'), ['mirror.cluster: required and missing']);
  assert.deepEqual(await told('{ respond: { status: 200 }, mirror: { cluster: d } }'), [
    'mirror: mirror is for routes to a cluster, and this one answers itself',
  ]);
  const text = `${BASE}http: { routes: [{ cluster: c, mirror: { cluster: d } }] } }]\nclusters: [{ name: c, endpoints: ['h:1'] }]`;
  const result = await checkConfigText(text.replace('registry: { type: embedded }\n', ''), { file: 'weft.yaml' });
  assert.deepEqual(result.ok && result.warnings.map(({ path, message }) => `${path}: ${message}`), [
    `${ROUTE}.mirror.cluster: there is neither a cluster 'd' nor a registry`,
  ]);
});
