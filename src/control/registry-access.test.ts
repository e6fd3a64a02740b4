/** Where the registry's server listens, and whom it lets in. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { ManualClock } from '../core/manual-clock.ts';
import { createLogger, silentLogger } from '../telemetry/log.ts';
import { startRegistryServer } from './registry-server.ts';
import { HELLO, raw, serve, status } from './testing/raw-session.ts';

test('browsers of other sites are kept out', async (t) => {
  const { server } = await serve(t);
  const type = { 'content-type': 'application/x-ndjson' };
  assert.equal(await status(server, 'POST', '/v1/session', { ...type, origin: 'http://evil.example' }), 403);
  assert.equal(await status(server, 'POST', '/v1/session', { 'content-type': 'text/plain' }), 415);
  assert.equal(await status(server, 'GET', '/services', { host: 'evil.example:34920' }), 403);
  assert.equal(await status(server, 'GET', '/services', { host: 'localhost:34920' }), 200);
  assert.equal(await status(server, 'GET', '/services', { host: '[::1]:34920' }), 200);
  assert.equal(await status(server, 'GET', '/healthz'), 200);
  assert.equal(await status(server, 'GET', '/v1/session'), 405);
  assert.equal(await status(server, 'DELETE', '/services'), 405);
  assert.equal(await status(server, 'GET', '/nothing'), 404);
});

test('where other machines can connect, names are good for sidecars and not for reading', async (t) => {
  const { server } = await serve(t, { address: { host: '0.0.0.0', port: 0 }, allowRemote: true });
  const named = { host: 'registry.example:34920' };
  const type = { 'content-type': 'application/x-ndjson' };
  // A page whose name was made to point here says no Origin when it reads, and always when it posts.
  assert.equal(await status(server, 'GET', '/services', named), 403);
  assert.equal(await status(server, 'POST', '/v1/session', { ...named, ...type, origin: 'http://x.example' }), 403);
  assert.equal(await status(server, 'POST', '/v1/session', { ...named, 'content-type': 'text/plain' }), 415);
  assert.equal(await status(server, 'GET', '/services', { host: '10.0.0.1:34920' }), 200);
  assert.equal(await status(server, 'GET', '/services', { host: '[2001:db8::1]:34920' }), 200);
  assert.equal(await status(server, 'GET', '/services', { host: 'localhost:34920' }), 200);
  assert.equal(await status(server, 'GET', '/healthz', named), 200);
  const session = raw(t, server, named).send(HELLO);
  assert.equal((await session.next())?.['op'], 'welcome');
});

test('where other machines can connect needs a flag, and a warning says why', async () => {
  const clock = new ManualClock();
  const address = { host: '0.0.0.0', port: 0 };
  await assert.rejects(startRegistryServer({ address, clock, log: silentLogger }), {
    code: 'registry_remote',
    message: /--allow-remote/,
  });
  const lines: string[] = [];
  const log = createLogger({ control: { level: 'warn' }, format: 'text', write: (line) => void lines.push(line) });
  const server = await startRegistryServer({ address, clock, log, allowRemote: true });
  await server.close();
  assert.match(lines.join(''), /no authentication/);
});

test('an address in use is told as such', async (t) => {
  const { server } = await serve(t);
  const again = startRegistryServer({ address: server.address, clock: new ManualClock(), log: silentLogger });
  await assert.rejects(again, { code: 'listen_failed', message: /something else listens there/ });
});

test('a connection that sends no request is ended when its time is over', async (t) => {
  const { server } = await serve(t, { headTimeout: 100 });
  const idle = request({ host: '127.0.0.1', port: server.address.port, agent: false });
  t.after(() => void idle.destroy());
  const [response] = (await once(idle, 'response', { signal: AbortSignal.timeout(5000) })) as [IncomingMessage];
  assert.equal(response.resume().statusCode, 408);
});
