/** The small server under the local API and the admin interface, with clients that mean no good. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { systemClock } from '../../src/core/clock.ts';
import { HttpServer } from '../../src/sdk/http/http-server.ts';
import { silentLogger } from '../../src/telemetry/log.ts';
import { waitUntil } from '../support/children.ts';
import { call } from './sdk-support.ts';

/** What a request may take to arrive, and some time to notice. */
const ROOM_MS = 15_000;

test('clients that never finish a request keep others out for some seconds at most', async (t) => {
  const reply = { status: 200, headers: {}, body: '{}' };
  const server = new HttpServer({
    address: { host: '127.0.0.1', port: 0 },
    name: 'the server',
    setting: 'address',
    maxConnections: 2,
    handle: () => reply,
    failed: reply,
    clock: systemClock,
    log: silentLogger,
  });
  await server.listen();
  const { port } = server.address;
  const clients: Socket[] = [];
  t.after(async () => {
    for (const client of clients) client.destroy();
    await server.close();
  });
  for (const bytes of ['', 'GET / HTTP/1.1\r\nHost: local']) {
    const client = connect(port, '127.0.0.1');
    client.on('error', () => undefined);
    clients.push(client);
    await once(client, 'connect');
    client.write(bytes);
  }
  await assert.rejects(call(port, '/'), 'there is no room');
  const answer = await waitUntil(() => call(port, '/'), { what: 'there is room', ms: ROOM_MS, every: 200 });
  assert.equal(answer.status, 200);
});
