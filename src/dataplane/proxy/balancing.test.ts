import assert from 'node:assert/strict';
import { settled, until } from '../../core/testing/settled.ts';
import { httpTests } from './testing/http-mesh.ts';

const httpTest = httpTests('balancing');

const BY_USER = { policy: { lb: 'maglev', hash: [{ header: 'x-user' }], http: { version: 'http1' } } } as const;

function named(name: string): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${name.length}\r\n\r\n${name}`;
}

httpTest('requests of one key go to one endpoint, over HTTP/1 and HTTP/2, and return to it', BY_USER, async (mesh) => {
  const servers = [await mesh.textServer(), await mesh.textServer(), await mesh.textServer()];
  for (const server of servers) server.answerAll(named(String(server.port)));
  mesh.endpoints(...servers);
  const [one, two] = [await mesh.caller(), await mesh.http2Caller()];
  const ask = async (user: string): Promise<string> => {
    one.send(`GET / HTTP/1.1\r\nHost: shop\r\nX-User: ${user}\r\n\r\n`);
    const { body } = await one.message();
    const call = two.request('/', ['x-user', user]);
    await call.status();
    assert.equal(call.content, body);
    return body;
  };
  const users = Array.from({ length: 60 }, (_, i) => `user-${i}`);
  const owners = new Map<string, string>();
  for (const user of users) owners.set(user, await ask(user));
  assert.equal(new Set(owners.values()).size, 3);
  const [gone, ...left] = servers as [(typeof servers)[0], ...typeof servers];
  mesh.endpoints(...left);
  for (const user of users) {
    const owner = await ask(user);
    assert.notEqual(owner, String(gone.port));
  }
  mesh.endpoints(...left, gone);
  for (const user of users) assert.equal(await ask(user), owners.get(user));
});

httpTest(
  'peak_ewma: an endpoint whose replies take long gets hardly any requests',
  { policy: { lb: 'peak_ewma', http: { version: 'http1' } } },
  async (mesh) => {
    const [quick, slow] = [await mesh.textServer(), await mesh.textServer()];
    quick.answerAll(named('quick'));
    mesh.endpoints(quick, slow);
    const caller = await mesh.caller();
    let late = 0;
    for (let i = 0; i < 40; i++) {
      caller.send('GET / HTTP/1.1\r\nHost: shop\r\n\r\n');
      await until('a request or its answer', () => caller.text !== '' || slow.peers.some(({ text }) => text !== ''));
      await mesh.pass(10, 10);
      for (const peer of slow.peers) {
        if (peer.text === '') continue;
        late++;
        await mesh.pass(500, 100);
        await peer.message();
        peer.send(named('slow'));
      }
      await caller.message();
      await settled();
    }
    assert.ok(late <= 1, `${late} of 40`);
  },
);

const V1 = { version: 'v1' };
const V2 = { version: 'v2' };

httpTest(
  'a route shares requests by weights among subsets and clusters, once for each request',
  {
    policy: { http: { version: 'http1' } },
    routes: [
      {
        name: 'canary',
        match: {},
        clusters: [
          { cluster: 'shop', weight: 95, subset: V1 },
          { cluster: 'shop', weight: 5, subset: V2 },
          { cluster: 'shop', weight: 0, subset: { version: 'v3' } },
        ],
      },
    ],
  },
  async (mesh) => {
    const servers = await Promise.all(
      ['v1', 'v1', 'v2', 'v3'].map(async (version) => {
        const server = await mesh.textServer();
        server.answerAll(named(version));
        return { port: server.port, metadata: { version } };
      }),
    );
    mesh.endpoints(...servers);
    const caller = await mesh.caller();
    const counts: Record<string, number> = {};
    const requests = 4000;
    for (let sent = 0; sent < requests; sent += 100) {
      caller.send('GET / HTTP/1.1\r\nHost: shop\r\n\r\n'.repeat(100));
      for (let i = 0; i < 100; i++) {
        const { body } = await caller.message();
        counts[body] = (counts[body] ?? 0) + 1;
      }
    }
    assert.deepEqual(Object.keys(counts).toSorted(), ['v1', 'v2']);
    assert.ok(Math.abs(counts['v2']! / requests - 0.05) < 0.01, JSON.stringify(counts));
  },
);

httpTest(
  'a subset without endpoints is a failure, not another subset',
  { routes: [{ name: 'r', match: {}, cluster: 'shop', subset: V2 }] },
  async (mesh) => {
    const server = await mesh.textServer();
    mesh.endpoints({ port: server.port, metadata: V1 });
    const caller = await mesh.caller();
    caller.send('GET / HTTP/1.1\r\nHost: shop\r\n\r\n');
    const { head, body } = await caller.message();
    assert.match(head, /^HTTP\/1.1 503 /);
    assert.match(body, /no endpoint .*version=v2/);
  },
);

const BOTH = [
  'HTTP/2 reaches an endpoint of HTTP/1, which is asked once a minute for the other version',
  'gRPC does not, and its caller hears why',
] as const;

for (const [i, name] of BOTH.entries()) {
  httpTest(name, {}, async (mesh) => {
    const server = await mesh.textService();
    let asked = 0;
    server.answerAll(({ head }) => {
      if (!head.startsWith('PRI')) return named('one');
      asked++;
      return 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';
    });
    const caller = await mesh.http2Caller();
    if (i === 1) {
      const call = caller.request('/a.B/C', ['content-type', 'application/grpc'], false);
      assert.equal(await call.status(), 200);
      assert.equal(call.field('grpc-status'), '14');
      assert.match(call.field('grpc-message') ?? '', /does not speak HTTP\/2/);
      return;
    }
    for (let n = 0; n < 5; n++) {
      const call = caller.request('/', ['x', String(n)], n % 2 === 0, n % 2 === 0 ? 'GET' : 'POST');
      if (n % 2 === 1) call.send('content', true);
      assert.equal(await call.status(), 200);
      assert.equal(call.content, 'one');
    }
    assert.equal(asked, 1);
    await mesh.pass(61_000, 1000);
    assert.equal(await caller.request('/').status(), 200);
    assert.equal(asked, 2);
    assert.equal(mesh.endpointOf(server).usable, true);
  });
}
