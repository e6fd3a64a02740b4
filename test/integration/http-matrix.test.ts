/** Each version of HTTP to each: what a request and its response are does not depend on what they travel in. */
import assert from 'node:assert/strict';
import { request as nodeRequest } from 'node:http';
import { test } from 'node:test';
import type { Owner } from '../support/children.ts';
import { cluster, startHttpProxy, type HttpProxy } from '../support/http-mesh.ts';
import {
  bodyOf,
  openCaller,
  startHttpServer,
  type Caller,
  type Handler,
  type HttpServer,
  type Version,
} from '../support/http-peers.ts';

const VERSIONS: readonly Version[] = ['http1', 'http2'];

interface Scene {
  readonly caller: Caller;
  readonly server: HttpServer;
  readonly proxy: HttpProxy;
}

async function startScene(owner: Owner, from: Version, to: Version, handler: Handler): Promise<Scene> {
  const server = await startHttpServer(owner, to, handler);
  const proxy = await startHttpProxy(owner, { clusters: [cluster('shop', server.port, { http: { version: to } })] });
  return { caller: await openCaller(owner, from, proxy.port), server, proxy };
}

/** Tells what has come, and does what the path says. */
const tell: Handler = async (request, response) => {
  const body = await bodyOf(request);
  const { method, url = '', headers, trailers } = request;
  const status = Number(/^\/(\d{3})/.exec(url)?.[1] ?? 200);
  response.statusCode = status;
  response.setHeader('x-many', ['a', 'b, c']);
  response.setHeader('set-cookie', ['a=1', 'b=2']);
  if (status === 204 || status === 304) return response.end();
  const told = JSON.stringify({
    method,
    url,
    headers,
    trailers,
    length: body.length,
    body: body.toString('latin1', 0, 100),
  });
  if (url.includes('trailers')) {
    response.setHeader('trailer', 'x-sum');
    response.write(told);
    response.addTrailers({ 'x-sum': '42' });
    return response.end();
  }
  if (url.includes('sized')) response.setHeader('content-length', Buffer.byteLength(told));
  response.end(told);
};

interface Told {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly trailers: Readonly<Record<string, string>>;
  readonly length: number;
  readonly body: string;
}

async function* pieces(...texts: string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text);
}

for (const from of VERSIONS) {
  for (const to of VERSIONS) {
    test(`${from} to ${to}`, async (t) => {
      const { caller, server } = await startScene(t, from, to, tell);
      const toldBy = async (asked: Parameters<Caller['ask']>[0]): Promise<Told> =>
        JSON.parse((await caller.ask(asked)).body.toString()) as Told;

      await t.test('GET with a query, repeated fields and cookies', async () => {
        const fields = { 'x-one': ['1', '2'], cookie: 'a=1; b=2', 'accept-encoding': 'gzip, br' };
        const { status, body, fields: got } = await caller.ask({ path: '/sized?a=%20&b', fields });
        const { url, method, headers } = JSON.parse(body.toString()) as Told;
        assert.deepEqual([status, method, url], [200, 'GET', '/sized?a=%20&b']);
        assert.equal(headers['x-one'], '1, 2');
        assert.equal(headers['cookie'], 'a=1; b=2');
        assert.equal(headers['host'] ?? headers[':authority'], 'shop');
        assert.equal(headers['content-length'], undefined);
        assert.equal(headers['transfer-encoding'], undefined);
        assert.equal([got['x-many']].flat().join(', '), 'a, b, c');
        assert.deepEqual(got['set-cookie'], ['a=1', 'b=2']);
        assert.equal(got['content-length'], String(body.length));
        if (from === 'http2') assert.equal(got['transfer-encoding'] ?? got['connection'], undefined);
      });

      await t.test('HEAD, 204 and 304', async () => {
        const head = await caller.ask({ method: 'HEAD', path: '/sized' });
        assert.deepEqual([head.status, head.body.length], [200, 0]);
        assert.ok(Number(head.fields['content-length']) > 100);
        for (const status of [204, 304]) {
          const bare = await caller.ask({ path: `/${status}` });
          assert.deepEqual([bare.status, bare.body.length, bare.fields['transfer-encoding']], [status, 0, undefined]);
        }
      });

      await t.test('POST with a length, without one, empty, and DELETE with a body', async () => {
        const sized = await toldBy({ method: 'POST', path: '/', body: 'hello', fields: { 'content-length': '5' } });
        assert.deepEqual([sized.body, sized.headers['content-length']], ['hello', '5']);
        const streamed = await toldBy({ method: 'POST', path: '/', body: pieces('one ', 'two ', 'three') });
        assert.deepEqual([streamed.body, streamed.headers['content-length']], ['one two three', undefined]);
        const empty = await toldBy({ method: 'POST', path: '/' });
        assert.equal(empty.length, 0);
        if (to === 'http1') assert.equal(empty.headers['content-length'], '0');
        assert.equal((await toldBy({ method: 'DELETE', path: '/', body: 'gone' })).body, 'gone');
        assert.equal((await toldBy({ method: 'PUT', body: Buffer.alloc(3 << 20, 'x') })).length, 3 << 20);
      });

      await t.test('trailers of the response', async () => {
        const { trailers, body } = await caller.ask({ path: '/trailers', fields: { te: 'trailers' } });
        assert.equal((JSON.parse(body.toString()) as Told).url, '/trailers');
        assert.equal(trailers['x-sum'], '42');
      });

      await t.test('error statuses and odd ones pass with their bodies', async () => {
        for (const status of [400, 404, 418, 500, 503, 599]) {
          const { status: came, body, fields } = await caller.ask({ path: `/${status}` });
          assert.deepEqual([came, fields['weft-failure']], [status, undefined]);
          assert.ok(body.length > 0);
        }
      });

      await t.test('all of it on one connection to the endpoint', () => assert.equal(server.connections, 1));
    });
  }
}

for (const to of VERSIONS) {
  test(`trailers of a request, and 100-continue, from http1 to ${to}`, async (t) => {
    const { proxy } = await startScene(t, 'http1', to, tell);
    const options = {
      port: proxy.port,
      method: 'POST',
      headers: { host: 'shop', expect: '100-continue', trailer: 'x-t' },
    };
    const request = nodeRequest({ ...options, host: '127.0.0.1' });
    request.flushHeaders();
    await new Promise((resolve) => request.once('continue', resolve));
    request.write('hello');
    request.addTrailers({ 'x-t': 'end' });
    request.end();
    const response = await new Promise<AsyncIterable<unknown>>((resolve) => request.once('response', resolve));
    const told = JSON.parse((await bodyOf(response)).toString()) as Told;
    assert.deepEqual([told.body, told.trailers['x-t']], ['hello', 'end']);
  });
}
