import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { waitUntil } from '../support/children.ts';
import { call, startLocalApi } from './sdk-support.ts';
import type { Running } from './sdk-support.ts';

const SERVICE = 'com.demo.Echo:1.0';
const HEARTBEAT = { interval: 100, timeout: 300, misses: 2 };

/** An application whose only skill is to acknowledge Bolt heartbeats, unless it is told to hang. */
class App {
  hanging = false;
  server: Server | undefined;
  readonly #sockets = new Set<Socket>();

  async listen(port = 0): Promise<number> {
    this.server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('data', (request: Buffer) => {
        if (this.hanging) return;
        const ack = Buffer.alloc(20);
        ack.set([1, 0, 0, 0, 1], 0);
        request.copy(ack, 5, 5, 9);
        socket.write(ack);
      });
    });
    this.server.listen(port, '127.0.0.1');
    await once(this.server, 'listening');
    return (this.server.address() as AddressInfo).port;
  }

  /** As if its process were gone. */
  die(): void {
    this.server?.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }
}

async function startApp(t: TestContext): Promise<{ app: App; port: number }> {
  const app = new App();
  const port = await app.listen();
  t.after(() => app.die());
  return { app, port };
}

async function publish({ api }: Running, port: number): Promise<void> {
  await call(api.address.port, '/configs/application', { body: { appName: 'shop' } });
  await call(api.address.port, '/services/publish', { body: { serviceName: SERVICE, port } });
}

function becomes({ api, registry }: Running, status: string): Promise<unknown> {
  const held = status === 'published' ? 1 : 0;
  const check = (): boolean => api.publications[0]?.status === status && registry.published.length === held;
  return waitUntil(check, { what: `the service is ${status}`, every: 5 });
}

test('a service is published while its process answers, and goes with it at once', async (t) => {
  const { app, port } = await startApp(t);
  const running = await startLocalApi(t, { health: { heartbeat: { ...HEARTBEAT, interval: 60_000 } } });
  await publish(running, port);
  await becomes(running, 'published');

  const before = performance.now();
  app.die();
  await becomes(running, 'unpublished');
  assert.ok(performance.now() - before < 2000);
  assert.equal(
    running.api.health.reasons[0],
    `port ${port}: connection refused (ECONNREFUSED); ` +
      'is the app started, and does it listen at this address and port?',
  );
  assert.equal(running.api.portOf(SERVICE, 'bolt'), port);

  await app.listen(port);
  await becomes(running, 'published');
});

test('a process that hangs is unpublished after the misses', async (t) => {
  const { app, port } = await startApp(t);
  const running = await startLocalApi(t, { health: { heartbeat: HEARTBEAT } });
  await publish(running, port);
  await becomes(running, 'published');
  app.hanging = true;
  await becomes(running, 'unpublished');
  assert.match(running.api.publications[0]?.reason ?? '', /2 heartbeats in a row/);
  app.hanging = false;
  await becomes(running, 'published');
});

test('suspicion finds a hang without waiting for the interval', async (t) => {
  const { app, port } = await startApp(t);
  const running = await startLocalApi(t, { health: { heartbeat: { interval: 60_000, timeout: 100, misses: 1 } } });
  await publish(running, port);
  await becomes(running, 'published');
  app.hanging = true;
  running.api.suspect(port);
  await becomes(running, 'unpublished');
});

test('a shutdown takes everything back and keeps it for the next start', async (t) => {
  const { port } = await startApp(t);
  const running = await startLocalApi(t, { health: { heartbeat: HEARTBEAT } });
  await publish(running, port);
  await becomes(running, 'published');
  await running.api.unpublishAll();
  await becomes(running, 'unpublished');
  await running.api.close();
  const again = await startLocalApi(t, { stateDir: running.stateDir, health: { heartbeat: HEARTBEAT } });
  await becomes(again, 'published');
});

test('checkService decides beside the heartbeat, whatever the shape of its answer', async (t) => {
  let answer: { status: number; text: string } = { status: 200, text: 'passed:false\nno database' };
  const server = createHttpServer((_request, response) => {
    response.writeHead(answer.status).end(answer.text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/checkService`;
  const { port } = await startApp(t);
  const health = { heartbeat: HEARTBEAT, checkService: { url, interval: 50, timeout: 1000 } };
  const running = await startLocalApi(t, { health });
  await publish(running, port);
  await becomes(running, 'unpublished');
  assert.match(running.api.publications[0]?.reason ?? '', /"passed:false"/);
  for (const text of ['passed:true', 'passed:true\r\nsince 08:00', `passed:true\n${'x'.repeat(1 << 20)}`]) {
    answer = { status: 200, text };
    await becomes(running, 'published');
    answer = { status: 500, text };
    await becomes(running, 'unpublished');
  }
});
