/** The config of a running sidecar changes in every way in which files change, with calls under way. */
import assert from 'node:assert/strict';
import { cp, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { freePort, waitUntil, type Owner } from '../support/children.ts';
import { startLoad, type Load } from '../support/load.ts';
import { startSidecar, temporaryFolder, type TestSidecar } from '../support/mesh.ts';
import { ask, startNamedProvider, type NamedProvider } from '../support/named-provider.ts';
import { openRawClient, type RawPeer } from '../support/raw-bolt.ts';

const SERVICE = 'com.demo.Where:1.0';
const LANES = 8;
/** Far more than the pause after a change; looks that need no event are 10 s apart. */
const PROMPT_MS = 4_000;

interface Scene {
  readonly sidecar: TestSidecar;
  readonly a: NamedProvider;
  readonly b: NamedProvider;
  readonly client: RawPeer;
  readonly load: Load;
}

/** A sidecar that sends the calls of a running load to `a`. */
async function startScene(owner: Owner, prepare?: (file: string) => Promise<void>): Promise<Scene> {
  const [a, b] = [await startNamedProvider(owner, 'a'), await startNamedProvider(owner, 'b')];
  const sidecar = await startSidecar(owner, { name: 's', clusters: cluster(a) });
  if (prepare !== undefined) {
    await sidecar.child.stop();
    await prepare(sidecar.configFile);
    await sidecar.restart();
  }
  const client = await openRawClient(owner, sidecar.ports.egress);
  const load = startLoad(owner, () => ask(client, SERVICE), LANES);
  await load.served('a');
  return { sidecar, a, b, client, load };
}

function cluster(place: NamedProvider): object[] {
  return [{ name: SERVICE, endpoints: [`127.0.0.1:${place.port}`] }];
}

/** How the last reload went, as the admin interface tells it. */
async function outcome(sidecar: TestSidecar): Promise<{ lastError: string; loadedAt: string }> {
  const response = await fetch(`http://127.0.0.1:${sidecar.ports.admin}/config`);
  return (await response.json()) as { lastError: string; loadedAt: string };
}

interface Way {
  readonly prepare?: (file: string) => Promise<void>;
  save(sidecar: TestSidecar): Promise<void>;
}

/** Replaces what stands at `path` by a link to `target`, in one step. */
async function link(target: string, path: string): Promise<void> {
  await symlink(target, `${path}.new`);
  await rename(`${path}.new`, path);
}

const WAYS: Readonly<Record<string, Way>> = {
  'written in place': {
    save: (sidecar) => sidecar.writeConfig(),
  },
  'renamed over, as editors save': {
    async save(sidecar) {
      await writeFile(`${sidecar.configFile}~`, sidecar.configText());
      await rename(`${sidecar.configFile}~`, sidecar.configFile);
    },
  },
  'swapped by a link, as Kubernetes mounts it': {
    async prepare(file) {
      await mkdir(join(dirname(file), '..1'));
      await cp(file, join(dirname(file), '..1/weft.yaml'));
      await link('..1', join(dirname(file), '..data'));
      await link('..data/weft.yaml', file);
    },
    async save(sidecar) {
      const folder = dirname(sidecar.configFile);
      await mkdir(join(folder, '..2'));
      await writeFile(join(folder, '..2/weft.yaml'), sidecar.configText());
      await link('..2', join(folder, '..data'));
      await rm(join(folder, '..1'), { recursive: true });
    },
  },
};

for (const [name, { prepare, save }] of Object.entries(WAYS)) {
  test(`a file ${name} takes effect, and no call fails`, async (t) => {
    const scene = await startScene(t, prepare);
    await movesTo(scene, () => save(scene.sidecar));
  });
}

test('SIGHUP reads a file that changed where nobody watches', async (t) => {
  const elsewhere = join(await temporaryFolder(t), 'weft.yaml');
  const scene = await startScene(t, async (file) => {
    await cp(file, elsewhere);
    await link(elsewhere, file);
  });
  await movesTo(scene, async () => {
    await writeFile(elsewhere, scene.sidecar.configText());
    scene.sidecar.child.signal('SIGHUP');
  });
});

/** The load goes over to `b` when `save` has saved the config, no call fails, and `a` finishes what it has. */
async function movesTo({ sidecar, a, b, client, load }: Scene, save: () => Promise<void>): Promise<void> {
  const held = ask(client, SERVICE, 'hold');
  await waitUntil(() => a.held.length === 1, { what: 'a has a call that takes long' });
  const seen = sidecar.child.output.length;
  sidecar.config['clusters'] = cluster(b);
  await save();
  await sidecar.child.waitFor(/config applied/, PROMPT_MS, seen);
  const before = load.count('a');
  await load.served('b', 500);
  assert.ok(load.count('a') - before <= LANES, 'a has got no new calls');
  a.held[0]!();
  assert.equal(await held, 'a');
  await load.stop();
  assert.deepEqual(load.failures, []);
}

test('a bad file changes nothing and says all that is wrong with it; mended it takes effect', async (t) => {
  const { sidecar, b, load } = await startScene(t);
  const { loadedAt } = await outcome(sidecar);
  const seen = sidecar.child.output.length;
  sidecar.config['clusters'] = [{ ...cluster(b)[0], timeout: 'soon', retrys: {} }];
  await sidecar.writeConfig();
  const refusal = /error config refused, the last good one stays .*path=clusters\[0\]\./;
  for (const key of ['timeout', 'retrys']) {
    await sidecar.child.waitFor(new RegExp(`${refusal.source}${key} line=\\d+ reason=".+"`), PROMPT_MS, seen);
  }
  const refused = await outcome(sidecar);
  assert.match(refused.lastError, /clusters\[0\]\.timeout: .+clusters\[0\]\.retrys: /);
  assert.equal(refused.loadedAt, loadedAt);
  await load.served('a');
  assert.equal(load.count('b'), 0);

  sidecar.config['clusters'] = cluster(b);
  await sidecar.writeConfig();
  await load.served('b');
  assert.equal((await outcome(sidecar)).lastError, '');
  await load.stop();
  assert.deepEqual(load.failures, []);
});

test('a bad file that is taken back leaves no error behind', async (t) => {
  const { sidecar, load } = await startScene(t);
  await writeFile(sidecar.configFile, 'listeners: 1\n');
  await waitUntil(async () => (await outcome(sidecar)).lastError, { what: 'the file is refused' });
  await sidecar.writeConfig();
  await waitUntil(async () => (await outcome(sidecar)).lastError === '', { what: 'the error is gone' });
  await load.served('a');
  await load.stop();
  assert.deepEqual(load.failures, []);
});

test('a listener whose new address is taken stays where it is, until the address is free', async (t) => {
  const { sidecar, b, load } = await startScene(t);
  const [listener] = sidecar.config['listeners'] as { address: string }[];
  listener!.address = `127.0.0.1:${b.port}`;
  const seen = sidecar.child.output.length;
  await sidecar.writeConfig();
  await sidecar.child.waitFor(/config applied in part .*listener egress: cannot listen on/, PROMPT_MS, seen);
  assert.match((await outcome(sidecar)).lastError, /listener egress: cannot listen on .*another process listens there/);
  await load.served('a');
  assert.equal(
    await ask(await openRawClient(t, sidecar.ports.egress), SERVICE),
    'a',
    'new connections are taken as well',
  );

  b.close();
  sidecar.child.signal('SIGHUP');
  await waitUntil(async () => (await outcome(sidecar)).lastError === '', { what: 'the listener is moved' });
  await sidecar.child.waitFor(/config applied file=/, PROMPT_MS, seen);
  const whole = sidecar.child.output.slice(seen).filter((line) => /config applied file=/.test(line));
  assert.equal(whole.length, 1, 'what was applied in part was not said to be applied');
  assert.equal(await ask(await openRawClient(t, b.port), SERVICE), 'a');
  await load.stop();
  assert.deepEqual(load.failures, []);
});

test('a listener whose new TLS files cannot be used is not touched', async (t) => {
  const { sidecar, load } = await startScene(t);
  const [listener] = sidecar.config['listeners'] as Record<string, unknown>[];
  listener!['tls'] = { certificate: 'none.pem', key: 'none-key.pem' };
  const seen = sidecar.child.output.length;
  await sidecar.writeConfig();
  await sidecar.child.waitFor(/config applied in part .*listener egress: .*none\.pem does not exist/, PROMPT_MS, seen);
  await load.served('a');
  await load.stop();
  assert.deepEqual(load.failures, []);
  assert.doesNotMatch(sidecar.child.output.slice(seen).join('\n'), /listener closed/);
});

test('two listeners swap their ports', async (t) => {
  const { sidecar, load } = await startScene(t);
  const listeners = sidecar.config['listeners'] as { name: string; address: string }[];
  const first = listeners[0]!;
  const second = { ...first, name: 'second', address: `127.0.0.1:${await freePort()}` };
  listeners.push(second);
  await sidecar.writeConfig();
  await sidecar.child.waitFor(/config applied/, PROMPT_MS);
  await load.stop();
  assert.deepEqual(load.failures, []);

  [first.address, second.address] = [second.address, first.address];
  const seen = sidecar.child.output.length;
  await sidecar.writeConfig();
  await sidecar.child.waitFor(/config applied/, PROMPT_MS, seen);
  assert.equal((await outcome(sidecar)).lastError, '');
  for (const { name, address } of listeners) {
    const open = new RegExp(`listening listener=${name} address=${RegExp.escape(address)} `);
    await sidecar.child.waitFor(open, PROMPT_MS, seen);
    assert.equal(await ask(await openRawClient(t, Number(address.split(':')[1])), SERVICE), 'a');
  }
});

test('a listener whose new host this machine does not have is open at the old one again', async (t) => {
  const { sidecar, load } = await startScene(t);
  const { egress } = sidecar.ports;
  const [listener] = sidecar.config['listeners'] as { address: string }[];
  // Of a range that is for documentation alone (RFC 5737).
  listener!.address = `192.0.2.1:${egress}`;
  await sidecar.writeConfig();
  const refused = await waitUntil(async () => (await outcome(sidecar)).lastError, { what: 'it cannot be opened' });
  assert.match(refused, /listener egress: cannot listen on 192\.0\.2\.1:\d+: this machine has no such address/);
  assert.equal(await ask(await openRawClient(t, egress), SERVICE), 'a');
  await load.stop();
  assert.deepEqual(load.failures, []);
});
