/** The peers without a mesh between them: when this fails, look at the peers, else at the mesh. */
import { test } from 'node:test';
import { freePort } from '../support/children.ts';
import type { Owner } from '../support/children.ts';
import { startJavaConsumer, startJavaProvider } from '../support/java.ts';
import type { JavaProvider } from '../support/java.ts';
import { openConsumer, startProvider } from '../support/sofa-node.ts';
import * as calls from './echo-calls.ts';
import { assertDialect, startRecorder } from './recorder.ts';

test('Java calls Java, with frames of Bolt v1', async (t) => {
  const { provider, port } = await startJava(t);
  const recorder = await startRecorder({ host: '127.0.0.1', port }, t);
  const direct = `bolt://${recorder.address}`;
  const consumer = await startJavaConsumer({ app: 'consumer', direct }, t);

  await calls.checkValues(consumer);
  await calls.checkJavaException(consumer);
  await calls.checkTimeout(consumer);
  await calls.checkOneway(consumer, () => provider.told());
  await calls.checkConcurrency(consumer);
  assertDialect(recorder.frames, 1, 'none');
});

test('Java calls Java, with frames of Bolt v2 and their CRC', async (t) => {
  const { provider, port } = await startJava(t);
  const recorder = await startRecorder({ host: '127.0.0.1', port }, t);
  const direct = `bolt://${recorder.address}`;
  const consumer = await startJavaConsumer({ app: 'consumer', direct }, t, { bolt: 2 });

  await calls.checkValues(consumer);
  await calls.checkOneway(consumer, () => provider.told());
  await calls.checkConcurrency(consumer);
  assertDialect(recorder.frames, 2, 'right');
});

test('Node calls Java', async (t) => {
  const { port } = await startJava(t);
  await calls.checkNodeToJava(await openConsumer(t, port));
});

test('Java calls Node', async (t) => {
  const port = await freePort();
  await startProvider(t, 'node', port);
  const consumer = await startJavaConsumer({ app: 'consumer', direct: `bolt://127.0.0.1:${port}` }, t);
  await calls.checkJavaToNode(consumer);
});

async function startJava(owner: Owner): Promise<{ provider: JavaProvider; port: number }> {
  const port = await freePort();
  return { provider: await startJavaProvider({ app: 'provider', name: 'p1', host: '127.0.0.1', port }, owner), port };
}
