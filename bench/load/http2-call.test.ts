import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { RPC, SMALL } from './http-traffic.ts';
import { callHttp2 } from './http2-call.ts';

type Reply = { status?: number; body: Buffer; grpcStatus?: string };

async function serve(t: TestContext, { status = 200, body, grpcStatus }: Reply): Promise<number> {
  const server = createServer((_, response) => {
    response.writeHead(status);
    response.write(body);
    if (grpcStatus !== undefined) response.addTrailers({ 'grpc-status': grpcStatus });
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    server.close();
    await once(server, 'close');
  });
  return (server.address() as AddressInfo).port;
}

test('the expected replies pass', async (t) => {
  await callHttp2(await serve(t, { body: SMALL.reply }), false);
  await callHttp2(await serve(t, { body: RPC.reply, grpcStatus: '0' }), true);
});

test('others do not', async (t) => {
  await assert.rejects(callHttp2(await serve(t, { status: 503, body: SMALL.reply }), false), /status 503/);
  await assert.rejects(callHttp2(await serve(t, { body: RPC.reply }), false), /other bytes/);
  await assert.rejects(callHttp2(await serve(t, { body: RPC.reply }), true), /grpc-status undefined/);
  await assert.rejects(callHttp2(await serve(t, { body: RPC.reply, grpcStatus: '14' }), true), /grpc-status 14/);
});

test('nobody there rejects', async () => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  await assert.rejects(callHttp2(port, false), /ECONNREFUSED/);
});
