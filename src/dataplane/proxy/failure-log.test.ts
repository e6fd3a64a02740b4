import assert from 'node:assert/strict';
import { FAILURE_CODE_HEADER } from '../codec/bolt/encode.ts';
import { meshTests } from './testing/mesh-test.ts';
import { SERVICE, type SmallMesh } from './testing/small-mesh.ts';

/** What the log tells of requests of Bolt that fail. */
const meshTest = meshTests('log of failures');

/** The lines of failed requests, without what is the same in all. */
function linesOf({ parts }: SmallMesh): Record<string, unknown>[] {
  return parts.logged
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ message }) => message === 'a request failed')
    .map(({ time, message, ...fields }) => {
      assert.ok(time !== undefined && message !== undefined);
      assert.match(String(fields['peer']), /^127\.0\.0\.1:\d+$/);
      return { ...fields, peer: 'caller' };
    });
}

const SAME = { level: 'debug', listener: 'egress', peer: 'caller' };

meshTest('one line says why', {}, async (mesh, provider) => {
  mesh.parts.logControl.level = 'debug';
  const caller = await mesh.caller();
  caller.send(7, 'com.demo.Other:1.0');
  await caller.replies.next();
  caller.send(8, SERVICE, { timeout: 800, content: 's3cret' });
  await provider.requests.next();
  mesh.clock.advance(820);
  await caller.replies.next();
  const address = `127.0.0.1:${provider.port}`;
  const [unrouted, late, ...others] = linesOf(mesh);
  assert.deepEqual(others, []);
  assert.deepEqual(unrouted, {
    ...SAME,
    outcome: 'no_route',
    reason: 'no cluster is named com.demo.Other:1.0: add it under clusters, or a registry that knows it',
    ms: 0,
    requestId: 7,
  });
  const { ms, reason, ...rest } = late!;
  assert.deepEqual(rest, { ...SAME, cluster: SERVICE, endpoint: address, outcome: 'timeout', requestId: 8 });
  assert.match(String(reason), new RegExp(`: no reply from ${address} in ${String(ms)} ms$`));
  assert.doesNotMatch(mesh.parts.logged.join(''), /s3cret/);
});

meshTest('a failure of the next sidecar is told, an error of the service is not', {}, async (mesh, provider) => {
  mesh.parts.logControl.level = 'debug';
  const caller = await mesh.caller();
  caller.send(1, SERVICE);
  provider.reply(await provider.requests.next(), '', [[FAILURE_CODE_HEADER, 'no_healthy_endpoint']]);
  await caller.replies.next();
  caller.send(2, SERVICE);
  provider.reply(await provider.requests.next(), '', [['of', 'the service']]);
  await caller.replies.next();
  const [line, ...others] = linesOf(mesh);
  assert.deepEqual(others, []);
  assert.deepEqual(
    [line?.['outcome'], line?.['reason']],
    ['no_healthy_endpoint', `${SERVICE}: the next sidecar has answered`],
  );
});

meshTest('a frame that is refused has its line', { limits: { maxFrame: 1000 } }, async (mesh) => {
  mesh.parts.logControl.level = 'debug';
  const caller = await mesh.caller();
  caller.send(3, SERVICE, { content: 'x'.repeat(2000) });
  await caller.replies.next();
  const [line] = linesOf(mesh);
  assert.deepEqual([line?.['outcome'], line?.['requestId']], ['too_large', 3]);
  assert.match(String(line?.['reason']), /over the limits/);
});

meshTest('at the level info nothing is told', {}, async (mesh) => {
  mesh.parts.logControl.level = 'info';
  const caller = await mesh.caller();
  caller.send(7, 'com.demo.Other:1.0');
  await caller.replies.next();
  assert.deepEqual(linesOf(mesh), []);
});
