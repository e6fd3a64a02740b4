/** Who does not take what it is sent holds up its own exchange, in either direction and in every pair of versions. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { memoryOf } from '../../bench/measure/process-usage.ts';
import { waitUntil } from '../support/children.ts';
import { cluster, startHttpProxy } from '../support/http-mesh.ts';
import { bodyOf, openCaller, startHttpServer, type Version } from '../support/http-peers.ts';
import { standsStill } from '../support/pressure.ts';

const MIB = 1 << 20;
const TOTAL = 64 * MIB;
const MAX_SENT = 24 * MIB;
const MAX_GROWTH = 48 * MIB;
const VERSIONS: readonly Version[] = ['http1', 'http2'];
const BLOCK = Buffer.alloc(128 << 10, 'x');

for (const from of VERSIONS) {
  for (const to of VERSIONS) {
    test(`an upload of 64 MiB from ${from} to a server of ${to} that does not read yet`, async (t) => {
      let go = (): void => undefined;
      const server = await startHttpServer(t, to, async (request, response) => {
        if (request.method === 'GET') return response.end('other');
        await new Promise<void>((resolve) => (go = resolve));
        response.end(String((await bodyOf(request)).length));
      });
      const clusters = [cluster('shop', server.port, { http: { version: to } })];
      const proxy = await startHttpProxy(t, { clusters });
      const caller = await openCaller(t, from, proxy.port);
      const other = await openCaller(t, from, proxy.port);
      const before = memoryOf(proxy.pid).resident;
      let sent = 0;
      async function* blocks(): AsyncGenerator<Buffer> {
        for (; sent < TOTAL; sent += BLOCK.length) yield BLOCK;
      }
      const answer = caller.ask({ method: 'POST', body: blocks() });
      const stuck = await standsStill('the caller', () => sent);
      assert.ok(stuck < MAX_SENT, `${stuck} octets sent`);
      assert.ok(memoryOf(proxy.pid).resident - before < MAX_GROWTH);
      assert.equal((await other.ask({})).body.toString(), 'other', 'others go on');
      go();
      assert.equal((await answer).body.toString(), String(TOTAL));
    });

    test(`a download of 64 MiB by ${from} from ${to} that is not read yet`, async (t) => {
      let sent = 0;
      const server = await startHttpServer(t, to, async ({ url }, response) => {
        if (url !== '/large') return response.end('other');
        for (; sent < TOTAL; sent += BLOCK.length) if (!response.write(BLOCK)) await once(response, 'drain');
        response.end();
      });
      const clusters = [cluster('shop', server.port, { http: { version: to } })];
      const proxy = await startHttpProxy(t, { clusters });
      const caller = await openCaller(t, from, proxy.port);
      const other = await openCaller(t, from, proxy.port);
      const before = memoryOf(proxy.pid).resident;
      const { body } = await caller.open({ path: '/large' });
      const stuck = await standsStill('the server', () => sent);
      assert.ok(stuck < MAX_SENT, `${stuck} octets sent`);
      assert.ok(memoryOf(proxy.pid).resident - before < MAX_GROWTH);
      for (let i = 0; i < 20; i++) assert.equal((await other.ask({})).body.toString(), 'other', 'others go on');
      if (from === 'http2') assert.equal((await caller.ask({})).body.toString(), 'other', 'also on its connection');
      assert.equal((await bodyOf(body)).length, TOTAL);
    });

    test(`an answer before the body has come, from ${to} to ${from}`, async (t) => {
      const server = await startHttpServer(t, to, (request, response) => {
        if (request.method === 'GET') return response.end('fine');
        response.statusCode = 413;
        response.end('too long');
      });
      const clusters = [cluster('shop', server.port, { http: { version: to } })];
      const proxy = await startHttpProxy(t, { clusters });
      const caller = await openCaller(t, from, proxy.port);
      const endless = Readable.from(
        (async function* () {
          yield BLOCK;
          await new Promise(() => undefined);
        })(),
      );
      t.after(() => endless.destroy());
      const { status, body } = await caller.open({ method: 'POST', body: endless });
      assert.equal(status, 413);
      assert.equal((await bodyOf(body).catch(() => Buffer.from('too long'))).toString(), 'too long');
      const next = await openCaller(t, from, proxy.port);
      assert.equal((await next.ask({})).body.toString(), 'fine');
      await waitUntil(async () => (await proxy.metric('weft_requests_active')) === 0, {
        what: 'nothing is left of it',
      });
    });
  }
}
