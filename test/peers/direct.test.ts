/** The peers without a mesh between them: when this fails, look at the peers, else at the mesh. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort, startChild } from '../support/children.ts';
import type { Owner } from '../support/children.ts';
import { startJavaConsumer, startJavaProvider } from '../support/java.ts';
import type { JavaProvider } from '../support/java.ts';
import * as calls from './echo-calls.ts';
import { openNodeConsumer } from './node/consumer.ts';
import { startRecorder } from './recorder.ts';

test('Java calls Java, with frames of Bolt v1', async (t) => {
  const { provider, port } = await startProvider(t);
  const recorder = await startRecorder({ host: '127.0.0.1', port }, t);
  const direct = `bolt://${recorder.address}`;
  const consumer = await startJavaConsumer({ app: 'consumer', direct }, t);

  await calls.checkValues(consumer);
  await calls.checkJavaException(consumer);
  await calls.checkTimeout(consumer);
  await calls.checkOneway(consumer, () => provider.told());
  await calls.checkConcurrency(consumer);
  assert.equal(recorder.sent[0]?.[0], 1, 'protocol code');
});

test('Java calls Java, with frames of Bolt v2 and their CRC', async (t) => {
  const { provider, port } = await startProvider(t);
  const recorder = await startRecorder({ host: '127.0.0.1', port }, t);
  const direct = `bolt://${recorder.address}`;
  const consumer = await startJavaConsumer({ app: 'consumer', direct }, t, { bolt: 2 });

  await calls.checkValues(consumer);
  await calls.checkOneway(consumer, () => provider.told());
  await calls.checkConcurrency(consumer);
  const first = recorder.sent[0];
  assert.deepEqual([first?.[0], first?.[1], first?.[11]], [2, 2, 1], 'protocol code, version, switch');
});

test('Node calls Java', async (t) => {
  const { port } = await startProvider(t);
  await calls.checkNodeToJava(await openNodeConsumer(`127.0.0.1:${port}`, t));
});

test('Java calls Node', async (t) => {
  const port = await freePort();
  const program = join(import.meta.dirname, 'node/provider.ts');
  await startChild(process.execPath, [program, 'node', String(port)], {
    name: 'node provider',
    ready: /^READY$/,
    owner: t,
  });
  const consumer = await startJavaConsumer({ app: 'consumer', direct: `bolt://127.0.0.1:${port}` }, t);
  await calls.checkJavaToNode(consumer);
});

async function startProvider(owner: Owner): Promise<{ provider: JavaProvider; port: number }> {
  const port = await freePort();
  return { provider: await startJavaProvider({ app: 'provider', name: 'p1', host: '127.0.0.1', port }, owner), port };
}
