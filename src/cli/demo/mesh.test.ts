import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { Mesh } from './mesh.ts';

/** Stands for registry and sidecars: says what the demo waits for, and stays. */
const WEFT = `
  for (const message of ['registry listening', 'listening', 'local API for applications', 'ready'])
    console.log(JSON.stringify({ message, address: 'here', admin: 'http://here' }));
  setInterval(() => {}, 1000);
`;
const APP = `process.send({ type: 'ready' }); setInterval(() => {}, 1000);`;
const FIRST_ONLY = `if (!process.argv.includes('provider-1')) throw new Error('no more'); ${APP}`;

async function startMesh(t: TestContext, provider = APP): Promise<{ mesh: Mesh; events: string[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'weft-mesh-'));
  t.after(() => rm(folder, { recursive: true }));
  const programs = { weft: 'weft.mjs', provider: 'provider.mjs', consumer: 'consumer.mjs' };
  const sources = { weft: WEFT, provider, consumer: APP };
  for (const name of ['weft', 'provider', 'consumer'] as const) {
    programs[name] = join(folder, programs[name]);
    await writeFile(programs[name], sources[name]);
  }
  const events: string[] = [];
  const nothing = (): void => undefined;
  const mesh = new Mesh(
    { programs, folder, rate: 1, now: () => performance.now() },
    { onStarting: nothing, onStarted: nothing, onEvent: (text) => void events.push(text), onReport: nothing },
  );
  t.after(() => mesh.close());
  await mesh.start();
  return { mesh, events };
}

test('nothing stays of a provider that does not start', async (t) => {
  const { mesh } = await startMesh(t, FIRST_ONLY);
  await assert.rejects(mesh.addProvider(), /provider-2 ended \(code 1\); its last output:[^]*no more/);
  assert.deepEqual(
    mesh.providers.map(({ name }) => name),
    ['provider-1'],
  );
});
