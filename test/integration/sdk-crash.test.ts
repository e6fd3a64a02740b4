import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { startChild } from '../support/children.ts';
import type { Child } from '../support/children.ts';
import { call, stateDirectory } from './sdk-support.ts';

const SERVICE = 'com.demo.Echo:1.0';

/** A sidecar's local API in a process of its own, which can be killed. */
async function start(t: TestContext, stateDir: string): Promise<{ child: Child; port: number }> {
  const child = await startChild(process.execPath, [join(import.meta.dirname, 'sdk-process.ts'), stateDir], {
    name: 'local API',
    ready: /^READY \d+$/,
    owner: t,
  });
  return { child, port: Number((await child.waitFor(/^READY (\d+)$/))[1]) };
}

test('what was registered is published and watched again after kill -9, without the application', async (t) => {
  const stateDir = await stateDirectory(t);
  const first = await start(t, stateDir);
  await call(first.port, '/configs/application', { body: { appName: 'shop', zone: 'RZ01A' } });
  await call(first.port, '/services/publish', { body: { serviceName: SERVICE, port: 12345 } });
  await call(first.port, '/services/publish', { body: { serviceName: SERVICE, protocolType: 'tr', port: 12346 } });
  await call(first.port, '/services/subscribe', { body: { serviceName: 'com.demo.Stock:1.0' } });
  // The reply said that it is safe: there is nothing to wait for.
  await first.child.kill9();

  const second = await start(t, stateDir);
  await second.child.waitFor(/^published com\.demo\.Echo:1\.0@bolt 12345$/);
  await second.child.waitFor(/^published com\.demo\.Echo:1\.0@tr 12346$/);
  await second.child.waitFor(/^watched com\.demo\.Stock:1\.0@bolt$/);
  assert.equal((await call(second.port, '/configs/application')).body['zone'], 'RZ01A');
});

test('killed at any moment, it knows again what it had confirmed', async (t) => {
  const stateDir = await stateDirectory(t);
  const confirmed: string[] = [];
  for (let round = 0; round < 3; round++) {
    const { child, port } = await start(t, stateDir);
    if (round === 0) await call(port, '/configs/application', { body: { appName: 'shop' } });
    const publish = async (serviceName: string): Promise<void> => {
      const answer = await call(port, '/services/publish', { body: { serviceName } }).catch(() => undefined);
      if (answer?.body['success'] === true) confirmed.push(serviceName);
      if (confirmed.length === (round + 1) * 10) await child.kill9();
    };
    await Promise.all(Array.from({ length: 40 }, (_, i) => publish(`r${round}.s${i}:1.0`)));
    await child.kill9();
  }
  const last = await start(t, stateDir);
  const { body } = await call(last.port, '/services');
  const known = new Set((body['publications'] as { serviceName: string }[]).map((one) => one.serviceName));
  assert.deepEqual(
    confirmed.filter((name) => !known.has(name)),
    [],
  );
  assert.ok(confirmed.length >= 30);
});
