/** What a sidecar at rest has loaded: each of these is megabytes that most never need. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startChild } from '../support/children.ts';
import { startControl, startSidecar, WEFT } from '../support/mesh.ts';

const HEAVY = ['crypto', 'zlib', 'https', 'http2', 'tls', 'worker_threads', 'internal/deps/undici/undici'];

/** Prints, when the process ends, the modules of Node that it has loaded. */
const TELL = `process.on('exit', () => console.error('LOADED ' + process.moduleLoadList.join(' ')))`;

test('an idle sidecar with a local API and a registry loads nothing heavy', async (t) => {
  const { registry } = await startControl(t);
  const sidecar = await startSidecar(t, { name: 'light', registry, appPort: 1 });
  await sidecar.child.stop();
  const tell = `data:text/javascript,${encodeURIComponent(TELL)}`;
  const child = await startChild(process.execPath, ['--import', tell, WEFT, 'proxy', '-c', sidecar.configFile], {
    name: 'light',
    ready: / ready /,
    owner: t,
  });
  child.signal('SIGTERM');
  const [, loaded = ''] = await child.waitFor(/LOADED (.*)/);
  assert.match(loaded, /NativeModule net /);
  assert.deepEqual(
    HEAVY.filter((name) => loaded.includes(`NativeModule ${name} `)),
    [],
  );
});
