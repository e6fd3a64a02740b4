/** A sidecar that cannot start leaves nothing behind: no process, no open port, no signal handler. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { command } from '../../src/cli/proxy.ts';
import { freePorts, startChild, waitUntil, type Owner } from '../support/children.ts';
import { startSidecar, temporaryFolder, WEFT, type TestSidecar } from '../support/mesh.ts';
import { openRawClient, requestOf } from '../support/raw-bolt.ts';

/** A sidecar that has run once, and whose local API cannot have its port again. */
async function startBlocked(owner: Owner): Promise<TestSidecar> {
  const registry = { type: 'file', path: join(await temporaryFolder(owner), 'services.yaml') };
  const sidecar = await startSidecar(owner, { name: 'blocked', registry, appPort: 1 });
  await sidecar.child.stop();
  const blocker = createServer().listen(sidecar.ports.sdk, '127.0.0.1');
  await once(blocker, 'listening');
  owner.after(async () => void blocker.close());
  return sidecar;
}

test('it says why and exits, though callers are connected already', async (t) => {
  const { configFile, ports } = await startBlocked(t);
  // The start waits for the other end of this pipe, with the listeners open.
  const state = join(dirname(configFile), '.weft/blocked/registrations.json');
  await mkdir(dirname(state), { recursive: true });
  execFileSync('mkfifo', [state]);
  const child = await startChild(process.execPath, [WEFT, 'proxy', '-c', configFile], { name: 'blocked', owner: t });
  await child.waitFor(/listening listener=ingress/);
  const client = await openRawClient(t, ports.egress);
  client.send(requestOf('com.demo.Nobody:1.0', client.nextId(), Buffer.alloc(0)));
  await client.reply(1);

  await writeFile(state, 'no registrations');
  await waitUntil(() => !child.running(), { what: 'the process has ended', ms: 5_000 });
  assert.deepEqual(await child.exit, { code: 1, signal: null });
  await client.hasClosed();
  assert.match(child.tail(), /weft proxy: the local API cannot listen at .*free it or change sdk\.address/);
});

test('it closes what it opened, and signals end the process as before', async (t) => {
  const { configFile, ports } = await startBlocked(t);
  const io = { stdout() {}, stderr() {}, env: {}, cwd: '/', isTty: false, columns: 80 };
  await assert.rejects(command.run(['-c', configFile], io), /the local API cannot listen/);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) assert.equal(process.listenerCount(signal), 0, signal);
  for (const port of [ports.admin, ports.egress, ports.ingress]) {
    await assert.rejects(openRawClient(t, port), { code: 'ECONNREFUSED' });
  }
});

test('without the files of its TLS it names the key of the config, the file and the next step, as validate does', async (t) => {
  const folder = await temporaryFolder(t);
  const configFile = join(folder, 'weft.yaml');
  const [admin, ...ports] = await freePorts(4);
  const files = [undefined, ['web.pem', 'web-key.pem'], ['edge.pem', 'edge-key.pem']];
  const listeners = files.map((pair, index) => ({
    name: `listener-${index}`,
    address: `127.0.0.1:${ports[index]}`,
    direction: 'egress',
    ...(pair && { tls: { certificate: pair[0], key: pair[1] } }),
  }));
  const clusters = [{ name: 'a', endpoints: ['127.0.0.1:1'] }];
  const config = { node: { id: 'a' }, admin: { address: `127.0.0.1:${admin}` }, listeners, clusters };
  await writeFile(configFile, JSON.stringify(config));
  const proxy = await startChild(process.execPath, [WEFT, 'proxy', '-c', configFile], { name: 'proxy', owner: t });
  assert.deepEqual(await proxy.exit, { code: 1, signal: null });
  const validate = await startChild(process.execPath, [WEFT, 'validate', configFile], { name: 'validate', owner: t });
  assert.deepEqual(await validate.exit, { code: 1, signal: null });
  for (const [index, { tls }] of listeners.entries()) {
    for (const [key, file] of Object.entries(tls ?? {})) {
      const said = `listeners[${index}].tls.${key}: ${join(folder, file!)} does not exist`;
      assert.ok(proxy.tail().includes(`${said}; write where the PEM file is`), proxy.tail());
      assert.ok(validate.tail().includes(said), validate.tail());
    }
  }
  assert.doesNotMatch(proxy.output.join('\n'), /listening/, 'no listener was opened before all are known to be usable');
});
