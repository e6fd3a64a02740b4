/** Routes and forwarding fields through a running proxy: what the endpoint and the caller see of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Owner } from '../support/children.ts';
import { cluster, startHttpProxy } from '../support/http-mesh.ts';
import { openCaller, startHttpServer, type Caller, type Version } from '../support/http-peers.ts';

interface Told {
  readonly name: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Tells which server it is and what came. */
async function startTelling(owner: Owner, version: Version, name: string): Promise<number> {
  const { port } = await startHttpServer(owner, version, ({ url, headers }, response) => {
    response.setHeader('server', name);
    response.end(JSON.stringify({ name, url, headers }));
  });
  return port;
}

async function told(caller: Caller, asked: Parameters<Caller['ask']>[0]): Promise<Told> {
  return JSON.parse((await caller.ask(asked)).body.toString()) as Told;
}

const ROUTES = [
  {
    name: 'beta',
    match: { hosts: ['*.example.com'], path: { prefix: '/api' }, headers: [{ name: 'x-group', exact: 'beta' }] },
    cluster: 'beta',
    rewrite: { host: 'beta.internal', prefix: '/v2' },
    requestHeaders: { set: { 'x-tenant': 'blue' }, add: { 'x-seen': 'weft' }, remove: ['x-secret'] },
    responseHeaders: { set: { 'x-route': 'beta' }, remove: ['server'] },
  },
  {
    match: { path: { regex: '/users/[0-9]+' } },
    cluster: 'beta',
    rewrite: { regex: { pattern: '/users/(.*)', replacement: '/p/$1' } },
  },
  { match: { methods: ['DELETE'] }, respond: { status: 405, body: 'no', headers: { allow: 'GET' } } },
  { match: { query: [{ name: 'v', range: { from: 2, to: 4 } }] }, cluster: 'beta' },
  {
    match: { path: { prefix: '/old' } },
    redirect: { scheme: 'https', host: 'new.example', prefix: '/new', status: 301 },
  },
  { match: { path: '/missing' }, cluster: 'nowhere' },
];

for (const version of ['http1', 'http2'] as const) {
  test(`routes choose, rewrite, redirect and answer over ${version}`, async (t) => {
    const [shop, beta] = [await startTelling(t, version, 'shop'), await startTelling(t, version, 'beta')];
    const proxy = await startHttpProxy(t, {
      listener: { http: { routes: ROUTES } },
      clusters: [cluster('shop', shop), cluster('beta', beta)],
    });
    const caller = await openCaller(t, version, proxy.port);

    const fields = { 'x-group': 'beta', 'x-secret': 's', 'x-seen': 'me', 'x-tenant': 'red' };
    const response = await caller.ask({ host: 'A.Example.com:80', path: '/api/x?y=1', fields });
    const { name, url, headers } = JSON.parse(response.body.toString()) as Told;
    assert.deepEqual([name, url], ['beta', '/v2/x?y=1']);
    assert.equal(headers['host'] ?? headers[':authority'], 'beta.internal');
    assert.deepEqual([headers['x-tenant'], headers['x-seen'], headers['x-secret']], ['blue', 'me, weft', undefined]);
    assert.deepEqual([response.fields['x-route'], response.fields['server']], ['beta', undefined]);

    assert.equal((await told(caller, { path: '/users/12?q=1' })).url, '/p/12?q=1');
    assert.equal((await told(caller, { path: '/apix' })).name, 'shop');
    assert.equal((await told(caller, { path: '/?v=3' })).name, 'beta');
    assert.equal((await told(caller, { path: '/?v=4' })).name, 'shop');

    const refused = await caller.ask({ method: 'DELETE' });
    assert.deepEqual([refused.status, refused.fields['allow'], refused.body.toString()], [405, 'GET', 'no']);
    const moved = await caller.ask({ path: '/old/a?b=c' });
    assert.deepEqual(
      [moved.status, moved.fields['location'], moved.body.length],
      [301, 'https://new.example/new/a?b=c', 0],
    );
    const missing = await caller.ask({ path: '/missing' });
    assert.deepEqual([missing.status, missing.fields['weft-failure']], [404, 'no_route']);
    assert.match(missing.body.toString(), /nowhere/);
    // Those of no route count for none.
    const counted = await Promise.all(
      ['beta', 'routes[1]', 'routes[2]', 'routes[3]', 'routes[4]', 'routes[5]'].map(async (route) =>
        proxy.metric('weft_route_requests_total', { listener: 'web', route }),
      ),
    );
    assert.deepEqual(counted, [1, 1, 1, 1, 1, 1]);
    assert.equal(await proxy.metric('weft_unrouted_requests_total'), 1);
    const admin = `http://127.0.0.1:${proxy.sidecar.ports.admin}`;
    const table = await (await fetch(`${admin}/listeners?format=text`)).text();
    assert.match(table, /^web .* no_route 1\n/m);
    assert.match(
      table,
      /^web +routes\[4\] +redirect 301 +1 +0 +–\nweb +routes\[5\] +cluster nowhere +1 +1 +no_route 1\n/m,
    );
    assert.match(await (await fetch(`${admin}/clusters?format=text`)).text(), /\n1 request reached no cluster: see /);
  });

  test(`forwarding fields over ${version}: kept on egress, appended on ingress, as configured otherwise`, async (t) => {
    const port = await startTelling(t, version, 'shop');
    const proxy = await startHttpProxy(t, { appPort: port, clusters: [cluster('shop', port)] });
    const egress = await openCaller(t, version, proxy.port);
    const ingress = await openCaller(t, version, proxy.ingressPort);
    const via = version === 'http1' ? '1.1 weft' : '2 weft';

    const out = (await told(egress, { fields: { 'x-forwarded-for': '10.0.0.1' } })).headers;
    assert.deepEqual([out['x-forwarded-for'], out['x-forwarded-proto'], out['via']], ['10.0.0.1', undefined, via]);
    assert.match(out['x-request-id'] ?? '', /^[\w-]{16,}$/);
    const bare = (await told(egress, { fields: { 'x-request-id': 'mine' } })).headers;
    assert.deepEqual([bare['x-forwarded-for'], bare['x-request-id']], [undefined, 'mine']);

    const fields = { 'x-forwarded-for': '10.0.0.1', via: '1.0 other' };
    const { headers } = await told(ingress, { host: 'any.example', fields });
    assert.equal(headers['x-forwarded-for'], '10.0.0.1, 127.0.0.1');
    assert.equal(headers['x-forwarded-host'], 'any.example');
    assert.equal(headers['x-forwarded-proto'], 'http');
    assert.equal(headers['via'], `1.0 other, ${via}`);
    assert.equal(headers['host'] ?? headers[':authority'], 'any.example');
  });

  test(`the fields of RFC 7239 over ${version}, in place of what came, without via and id`, async (t) => {
    const port = await startTelling(t, version, 'shop');
    const http = { forwarding: { for: 'replace', style: 'forwarded', via: '', requestId: false } };
    const proxy = await startHttpProxy(t, { listener: { http }, clusters: [cluster('shop', port)] });
    const caller = await openCaller(t, version, proxy.port);
    const { headers } = await told(caller, { fields: { forwarded: 'for=evil', 'x-forwarded-for': 'evil' } });
    assert.match(headers['forwarded'] ?? '', /for="?127\.0\.0\.1/);
    assert.doesNotMatch(JSON.stringify(headers), /evil/);
    assert.deepEqual([headers['via'], headers['x-request-id']], [undefined, undefined]);
  });
}
