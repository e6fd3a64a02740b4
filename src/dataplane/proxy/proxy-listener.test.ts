import assert from 'node:assert/strict';
import { meshTests } from './testing/mesh-test.ts';
import { until } from '../../core/testing/settled.ts';
import { LIMITS } from './testing/mesh-parts.ts';
import { SERVICE } from './testing/small-mesh.ts';

const meshTest = meshTests('listener');

meshTest('another maxConnections counts at once', { limits: { maxConnections: 1 } }, async (mesh) => {
  const first = await mesh.caller();
  await until('the first', () => mesh.listener.connections === 1);
  const refused = await mesh.caller();
  await until('its end', () => refused.events.includes('close'));
  mesh.listener.adjust({ limits: { ...LIMITS, maxConnections: 2 }, idleTimeout: 0, detectTimeout: 0 });
  await mesh.caller();
  await until('the second', () => mesh.listener.connections === 2);
  mesh.listener.adjust({ limits: { ...LIMITS, maxConnections: 1 }, idleTimeout: 0, detectTimeout: 0 });
  const third = await mesh.caller();
  await until('its end', () => third.events.includes('close'));
  assert.equal(mesh.listener.connections, 2, 'those that are open stay');
  assert.deepEqual(first.events, []);
});

meshTest('another maxFrame counts for open connections', {}, async (mesh, provider) => {
  provider.answerAll('done');
  const caller = await mesh.caller();
  const ask = async (id: number): Promise<string> => {
    caller.send(id, SERVICE, { content: 'x'.repeat(2000) });
    return (await caller.replies.next()).text;
  };
  assert.match(await ask(1), /done$/);
  mesh.listener.adjust({ limits: { ...LIMITS, maxFrame: 1000 }, idleTimeout: 0, detectTimeout: 0 });
  assert.match(await ask(2), /a frame of 2\d\d\d bytes is over the limits \(maxFrame 1000,/);
  mesh.listener.adjust({ limits: LIMITS, idleTimeout: 0, detectTimeout: 0 });
  assert.match(await ask(3), /done$/);
});

meshTest('another idleTimeout counts for open connections', {}, async (mesh) => {
  const caller = await mesh.caller();
  await mesh.pass(60_000, 1000);
  assert.equal(mesh.listener.connections, 1);
  mesh.listener.adjust({ limits: LIMITS, idleTimeout: 5000, detectTimeout: 0 });
  await mesh.pass(1000);
  await until('its end', () => mesh.listener.connections === 0);
  await mesh.caller();
  await mesh.pass(1000);
  mesh.listener.adjust({ limits: LIMITS, idleTimeout: 0, detectTimeout: 0 });
  await mesh.pass(60_000, 1000);
  assert.equal(mesh.listener.connections, 1, 'never again');
  assert.deepEqual(caller.events, ['end', 'close']);
});

meshTest('a second drain cuts what the first waits for, and both end', {}, async (mesh, provider) => {
  const caller = await mesh.caller();
  caller.send(1, SERVICE, { timeout: 1_000_000 });
  await provider.requests.next();
  const [first, second] = [mesh.listener.drain(60_000), mesh.listener.drain(0)];
  mesh.clock.advance(1);
  assert.deepEqual(await Promise.all([first, second]), [0, 1]);
});
