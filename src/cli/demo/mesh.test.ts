import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { Director } from './director.ts';
import { CONSUMER_SIDECAR, Mesh, REGISTRY } from './mesh.ts';

/** Stands for registry and sidecars: says what the demo waits for, and stays. */
const WEFT = `
  for (const message of ['registry listening', 'listening', 'local API for applications', 'ready'])
    console.log(JSON.stringify({ message, address: 'here', admin: 'http://here' }));
  setInterval(() => {}, 1000);
`;
const APP = `process.send({ type: 'ready' }); setInterval(() => {}, 1000);`;
const FIRST_ONLY = `if (!process.argv.includes('provider-1')) throw new Error('no more'); ${APP}`;

interface Started {
  readonly mesh: Mesh;
  readonly pids: ReadonlyMap<string, number>;
  /** The next event. */
  event(): Promise<string>;
}

async function startMesh(t: TestContext, provider = APP): Promise<Started> {
  const folder = await mkdtemp(join(tmpdir(), 'weft-mesh-'));
  t.after(() => rm(folder, { recursive: true }));
  const sources = { weft: WEFT, provider, shop: APP, greeter: APP, consumer: APP };
  const programs = { weft: '', provider: '', shop: '', greeter: '', consumer: '' };
  for (const name of ['weft', 'provider', 'shop', 'greeter', 'consumer'] as const) {
    programs[name] = join(folder, `${name}.mjs`);
    await writeFile(programs[name], sources[name]);
  }
  const pids = new Map<string, number>();
  const events = new EventEmitter();
  const nothing = (): void => undefined;
  const mesh = new Mesh(
    { programs, folder, rate: 1, now: () => performance.now() },
    {
      onStarting: nothing,
      onStarted: (part, pid) => void pids.set(part, pid),
      onEvent: (text) => void events.emit('event', text),
      onReport: nothing,
    },
  );
  t.after(() => mesh.close());
  await mesh.start();
  return { mesh, pids, event: async () => String((await once(events, 'event'))[0]) };
}

test('nothing stays of a provider that does not start', async (t) => {
  const { mesh } = await startMesh(t, FIRST_ONLY);
  await assert.rejects(mesh.addProvider(), /provider-2 ended \(code 1\); its last output:[^]*no more/);
  assert.deepEqual(
    mesh.providers.map(({ name }) => name),
    ['provider-1'],
  );
});

test('a part that nothing replaces is lost, and the keys say so instead of acting', async (t) => {
  const { mesh, pids, event } = await startMesh(t);
  const said: string[] = [];
  const director = new Director(
    mesh,
    () => new Map(),
    (text) => void said.push(text),
  );
  assert.equal(director.loss, undefined);
  for (const [part, loss] of [
    [REGISTRY, /The registry is gone/],
    [CONSUMER_SIDECAR, /The consumer's sidecar is gone/],
  ] as const) {
    const next = event();
    process.kill(pids.get(part) ?? 0, 'SIGKILL');
    assert.equal(await next, `${part} has ended (SIGKILL)`);
    assert.ok(mesh.lost.has(part));
    said.length = 0;
    await director.add();
    director.kill();
    await director.stop();
    assert.equal(said.length, 3);
    for (const text of said) assert.match(text, loss);
  }
});
