/** The graceful end of a sidecar, as the one who stops it sees it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { waitUntil } from '../support/children.ts';
import { startControl, startSidecar } from '../support/mesh.ts';

/** Far above what an idle sidecar needs, and below the 5 s that it gives a registry. */
const PROMPT_MS = 3_000;

test('an idle sidecar with a registry in reach ends as soon as it has nothing left to do', async (t) => {
  const { registry } = await startControl(t);
  const sidecar = await startSidecar(t, { name: 'idle', registry });
  // Until it is connected the sidecar gives the registry far less time.
  await waitUntil(async () => (await sidecar.registryState()) === 'connected', { what: 'the registry is connected' });
  assert.deepEqual(await sidecar.child.stop('SIGTERM', PROMPT_MS), { code: 0, signal: null });
});

/** The line of `ready` is the first that a supervisor sees: signals have to be heard from then on. */
test('so does one whose registry has never been there', async (t) => {
  const sidecar = await startSidecar(t, { name: 'alone', registry: { type: 'embedded', address: '127.0.0.1:1' } });
  assert.deepEqual(await sidecar.child.stop('SIGTERM', PROMPT_MS), { code: 0, signal: null });
});

test('heartbeats of a client, however many, do not hold it up', async (t) => {
  const sidecar = await startSidecar(t, { name: 'called', registry: { type: 'embedded', address: '127.0.0.1:1' } });
  const client = connect(sidecar.ports.egress, '127.0.0.1');
  t.after(async () => void client.destroy());
  // The end may overtake a heartbeat.
  client.on('error', () => undefined);
  // Bolt v1, as SOFABolt writes it: request, command 0, id 1, Hessian, and nothing else.
  const heartbeat = Buffer.from('01010000010000000101000003e80000000000000000', 'hex');
  client.on('data', () => client.write(heartbeat));
  client.write(heartbeat);
  await once(client, 'data');
  assert.deepEqual(await sidecar.child.stop('SIGTERM', PROMPT_MS), { code: 0, signal: null });
});
