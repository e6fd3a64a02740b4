import assert from 'node:assert/strict';
import type { RouteSpec } from '../../route/route-spec.ts';
import { type HttpMesh, httpTests } from '../testing/http-mesh.ts';

/** What an exchange counts of routes, with real sockets on both sides of it. */
const httpTest = httpTests('routes of an http exchange');

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const FAILED = 'HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n';

const ROUTES: RouteSpec[] = [
  { name: 'api', match: { path: { prefix: '/api' } }, cluster: 'shop' },
  { name: 'lost', match: { path: { prefix: '/lost' } }, cluster: 'nowhere' },
  { name: 'old', match: { path: { prefix: '/old' } }, redirect: { path: '/new', status: 308 } },
  { name: 'health', match: { path: { exact: '/health' } }, respond: { status: 200, body: 'ok', headers: {} } },
];

function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: shop\r\n\r\n`;
}

function countsOf(mesh: HttpMesh): object {
  const { listener } = mesh;
  const routes = ROUTES.map(({ name }) => [name, listener.stats.route(name).totals()]);
  return { ...Object.fromEntries(routes), unrouted: listener.stats.unroutedTotals };
}

httpTest(
  'each is counted by how its requests ended, and those of no route by nobody',
  { routes: ROUTES },
  async (mesh) => {
    const { caller, endpoint } = await mesh.asked(get('/api/1'));
    await endpoint.message();
    endpoint.send(OK);
    await caller.message();
    for (const [path, answer] of [
      ['/api/2', FAILED],
      ['/other', OK],
    ] as const) {
      caller.send(get(path));
      await endpoint.message();
      endpoint.send(answer);
      await caller.message();
    }
    assert.deepEqual(countsOf(mesh), {
      api: { ok: 1, error: 1 },
      lost: { ok: 0 },
      old: { ok: 0 },
      health: { ok: 0 },
      unrouted: {},
    });
  },
);

httpTest('what a route answers by itself has reached what it was for', { routes: ROUTES }, async (mesh) => {
  const caller = await mesh.caller();
  for (const path of ['/old/1', '/old/2', '/health', '/lost']) {
    caller.send(get(path));
    await caller.message();
  }
  assert.deepEqual(countsOf(mesh), {
    api: { ok: 0 },
    lost: { ok: 0, no_route: 1 },
    old: { ok: 2 },
    health: { ok: 1 },
    unrouted: { no_route: 1 },
  });
});
