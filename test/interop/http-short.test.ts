/** An nginx that ends its connections after a few requests, behind a running proxy: no request fails of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ensureDebian } from '../support/debian.ts';
import { cluster, startHttpProxy } from '../support/http-mesh.ts';
import { startNginx } from '../support/nginx.ts';
import { runTool } from '../support/tool.ts';

const REQUESTS = 5000;

for (const version of ['http1', 'http2'] as const) {
  test(`nginx ends each connection of ${version} after 50 requests`, async (t) => {
    await ensureDebian(['nghttp2-client']);
    const nginx = await startNginx(t, { small: 'hello\n' }, { keepaliveRequests: 50 });
    const clusters = [cluster('shop', nginx[version], { http: { version } })];
    const proxy = await startHttpProxy(t, { clusters });
    for (const caller of [['-m', '8'], ['--h1']]) {
      const url = `http://127.0.0.1:${proxy.port}/small`;
      const args = [...caller, '-c', '16', '-n', String(REQUESTS), '-H', ':authority: shop', url];
      const text = (await runTool('h2load', args)).stdout.toString();
      assert.match(text, new RegExp(`\\b${REQUESTS} succeeded, 0 failed`), text);
      assert.match(text, new RegExp(`\\b${REQUESTS} 2xx`), text);
    }
    assert.equal(await proxy.metric('weft_requests_total', { outcome: 'ok' }), 2 * REQUESTS);
  });
}
