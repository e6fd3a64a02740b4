/** Ten thousand idle connections of HTTP/1 to a running proxy: what they cost, and that each still works. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { memoryOf } from '../../bench/measure/process-usage.ts';
import { startChild, waitUntil } from '../support/children.ts';
import { cluster, startHttpProxy } from '../support/http-mesh.ts';
import { rawResponse, startRawHttp } from '../support/raw-http.ts';

const COUNT = 10_000;
const MAX_EACH = 16 << 10;

test(`${COUNT} idle connections take little memory, and each still works`, async (t) => {
  const server = await startRawHttp(t, () => rawResponse(200, 'ok'));
  const listener = { limits: { maxConnections: 2 * COUNT } };
  const proxy = await startHttpProxy(t, { listener, clusters: [cluster('shop', server.port)] });
  const before = memoryOf(proxy.pid).resident;
  const crowd = await startChild(
    process.execPath,
    [join(import.meta.dirname, '../support/idle-crowd.ts'), String(proxy.port), String(COUNT)],
    { name: 'crowd', ready: /opened/, readyMs: 60_000, owner: t },
  );
  const open = async (): Promise<boolean> => (await proxy.metric('weft_downstream_connections')) === COUNT;
  await waitUntil(open, { what: 'all are open' });
  const each = (): number => (memoryOf(proxy.pid).resident - before) / COUNT;
  t.diagnostic(`${each().toFixed(0)} octets a connection that has said nothing`);
  for (let round = 1; round <= 2; round++) {
    const from = crowd.output.length;
    crowd.writeLine('ask');
    assert.equal((await crowd.waitFor(/answered (\d+)/, 60_000, from))[1], String(COUNT));
    t.diagnostic(`${each().toFixed(0)} octets after ${round} request${round > 1 ? 's' : ''}`);
  }
  assert.ok(each() < MAX_EACH, `${each()} octets`);
  assert.equal(await proxy.metric('weft_downstream_connections'), COUNT);
});
