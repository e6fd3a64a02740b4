/** gRPC through two sidecars as it is on the wire: compressed messages, deadlines, and calls that are cut off. */
import assert from 'node:assert/strict';
import type { Http2ServerResponse } from 'node:http2';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Owner } from '../support/children.ts';
import { cluster, startHttpProxy } from '../support/http-mesh.ts';
import {
  bodyOf,
  openCaller,
  startHttpServer,
  type Answered,
  type Fields,
  type Handler,
} from '../support/http-peers.ts';

const CONTENT_TYPE = { 'content-type': 'application/grpc' };
const UNAVAILABLE = '14';
const DEADLINE_EXCEEDED = '4';

test('compressed messages and what says so pass both ways, octet by octet', async (t) => {
  const text = 'gzip '.repeat(10_000);
  let asked: Buffer | undefined;
  const mesh = await startMesh(t, async (request, response) => {
    assert.equal(request.headers['grpc-encoding'], 'gzip');
    assert.equal(request.headers['grpc-accept-encoding'], 'identity,gzip');
    asked = await bodyOf(request);
    respond(response, { 'grpc-encoding': 'gzip' }).end(asked);
  });
  const sent = message(gzipSync(text), 1);
  const { fields, body, trailers } = await call(t, mesh, sent, {
    'grpc-encoding': 'gzip',
    'grpc-accept-encoding': 'identity,gzip',
  });
  assert.deepEqual(asked, sent);
  assert.deepEqual(body, sent);
  assert.equal(gunzipSync(body.subarray(5)).toString(), text);
  assert.equal(fields['grpc-encoding'], 'gzip');
  assert.equal(trailers['grpc-status'], '0');
});

test('the server is told a deadline that is no later than the caller has it', async (t) => {
  const told: unknown[] = [];
  const mesh = await startMesh(t, (request, { stream }) => {
    told.push(request.headers['grpc-timeout']);
    stream.respond({ ':status': 200, ...CONTENT_TYPE, 'grpc-status': '0' }, ENDED);
  });
  for (const timeout of ['10S', '5000m', '9000000u']) {
    await call(t, mesh, message(), { 'grpc-timeout': timeout });
    const left = milliseconds(told.pop());
    assert.ok(left > 0 && left <= milliseconds(timeout), `${left} ms of ${timeout}`);
  }
  await call(t, mesh);
  assert.deepEqual(told, [undefined]);
});

test('a deadline that passes in the middle of the answers ends them with its status', async (t) => {
  const cancelled = Promise.withResolvers<number>();
  const mesh = await startMesh(t, (_request, response) => {
    const { stream } = response;
    stream.on('close', () => cancelled.resolve(stream.rstCode));
    respond(response).write(message());
  });
  const { status, body, trailers } = await call(t, mesh, message(), { 'grpc-timeout': '200m' });
  assert.deepEqual([status, body, trailers['grpc-status']], [200, message(), DEADLINE_EXCEEDED]);
  assert.equal(await cancelled.promise, 8);
});

test('a server that is lost in the middle of the answers ends them as UNAVAILABLE', async (t) => {
  const mesh = await startMesh(t, (_request, response) => {
    const { session } = response.stream;
    respond(response).write(message(), () => session?.destroy());
  });
  const { status, body, trailers } = await call(t, mesh);
  assert.deepEqual([status, body, trailers['grpc-status']], [200, message(), UNAVAILABLE]);
});

const ENDED = { endStream: true };

/** Two sidecars before a server; the port of the caller's. */
async function startMesh(owner: Owner, handler: Handler): Promise<number> {
  const { port: appPort } = await startHttpServer(owner, 'http2', handler);
  const ingress = await startHttpProxy(owner, { name: 'provider', clusters: [], appPort });
  const { port } = await startHttpProxy(owner, { name: 'consumer', clusters: [cluster('shop', ingress.ingressPort)] });
  return port;
}

async function call(owner: Owner, port: number, body = message(), fields: Fields = {}): Promise<Answered> {
  const caller = await openCaller(owner, 'http2', port);
  const head = { ...CONTENT_TYPE, te: 'trailers', ...fields };
  return caller.ask({ method: 'POST', path: '/demo.Shop/Buy', fields: head, body });
}

/** Begins a response that ends with status 0. */
function respond(response: Http2ServerResponse, fields: Fields = {}): Http2ServerResponse {
  response.addTrailers({ 'grpc-status': '0' });
  return response.writeHead(200, { ...CONTENT_TYPE, ...fields });
}

/** One message with the prefix that it has in gRPC. */
function message(payload: Buffer = Buffer.from('one'), compressed: 0 | 1 = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(compressed);
  prefix.writeUInt32BE(payload.length, 1);
  return Buffer.concat([prefix, payload]);
}

const UNITS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };

function milliseconds(timeout: unknown): number {
  const text = String(timeout);
  return Number(text.slice(0, -1)) * (UNITS[text.slice(-1)] ?? Number.NaN);
}
