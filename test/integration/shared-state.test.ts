/** Two sidecars whose configs lie in one folder, as nobody has told them where to keep their state. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { publishedIs, startControl, startSidecar, temporaryFolder } from '../support/mesh.ts';

test('each takes up its own registrations after kill -9, and none of the other', async (t) => {
  const { registry } = await startControl(t);
  const extra = { stateDir: await temporaryFolder(t), health: { heartbeat: { enabled: false } } };
  const sidecars = await Promise.all(['a', 'b'].map((name) => startSidecar(t, { name, registry, appPort: 1, extra })));
  for (const [index, sidecar] of sidecars.entries()) {
    await sidecar.post('/configs/application', { appName: `app-${index}` });
    await sidecar.post('/services/publish', { serviceName: `com.demo.Service${index}:1.0` });
  }
  for (const [index, sidecar] of sidecars.entries()) {
    await sidecar.child.kill9();
    await sidecar.restart();
    await publishedIs(sidecar, true);
    const { publications } = await sidecar.services();
    assert.deepEqual(
      publications.map(({ serviceName }) => serviceName),
      [`com.demo.Service${index}:1.0`],
    );
  }
});
