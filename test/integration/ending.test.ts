/** The end of a sidecar that has work under way, and what else may come in that time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePort, waitUntil, type Owner } from '../support/children.ts';
import { startSidecar, type TestSidecar } from '../support/mesh.ts';
import { ask, startNamedProvider } from '../support/named-provider.ts';
import { openRawClient } from '../support/raw-bolt.ts';

const SERVICE = 'com.demo.Slow:1.0';
const EXIT_MS = 8_000;

interface Work {
  readonly sidecar: TestSidecar;
  /** Of the call that is under way. */
  readonly reply: Promise<string>;
  /** Answers it. */
  answer(): void;
}

/** A sidecar, with a call through its listener `way` that the provider has not answered. */
async function startWork(owner: Owner, way: 'egress' | 'ingress'): Promise<Work> {
  const { port, held } = await startNamedProvider(owner, 'done');
  const clusters = [{ name: SERVICE, endpoints: [`127.0.0.1:${port}`] }];
  const sidecar = await startSidecar(owner, { name: 's', clusters, appPort: port });
  const reply = ask(await openRawClient(owner, sidecar.ports[way]), SERVICE, 'hold');
  await waitUntil(() => held.length > 0, { what: 'the provider has the call' });
  return { sidecar, reply, answer: () => held[0]!() };
}

async function beginEnd({ child }: TestSidecar): Promise<void> {
  child.signal('SIGTERM');
  await child.waitFor(/finishing what is under way/);
}

async function hasEnded({ child }: TestSidecar): Promise<void> {
  await waitUntil(() => !child.running(), { what: 'the sidecar has ended', ms: EXIT_MS });
  assert.deepEqual(await child.exit, { code: 0, signal: null });
}

test('the app can still call others while it works on a call', async (t) => {
  const { sidecar, reply, answer } = await startWork(t, 'ingress');
  await beginEnd(sidecar);
  await assert.rejects(openRawClient(t, sidecar.ports.ingress), { code: 'ECONNREFUSED' });
  assert.equal(await ask(await openRawClient(t, sidecar.ports.egress), SERVICE), 'done');
  answer();
  assert.equal(await reply, 'done');
  await hasEnded(sidecar);
});

test('SIGHUP does not cut short what SIGTERM lets finish', async (t) => {
  const { sidecar, reply, answer } = await startWork(t, 'egress');
  await beginEnd(sidecar);
  sidecar.child.signal('SIGHUP');
  assert.equal((await fetch(`http://127.0.0.1:${sidecar.ports.admin}/live`)).status, 200);
  answer();
  assert.equal(await reply, 'done');
  await hasEnded(sidecar);
});

test('no reload opens a listener once the end has begun', async (t) => {
  const { sidecar, reply, answer } = await startWork(t, 'egress');
  const late = await freePort();
  const listeners = sidecar.config['listeners'] as object[];
  listeners.push({ name: 'late', address: `127.0.0.1:${late}`, protocol: 'bolt', direction: 'egress' });
  await beginEnd(sidecar);
  await sidecar.writeConfig();
  sidecar.child.signal('SIGHUP');
  assert.equal((await fetch(`http://127.0.0.1:${sidecar.ports.admin}/live`)).status, 200);
  await assert.rejects(openRawClient(t, late), { code: 'ECONNREFUSED' });
  answer();
  assert.equal(await reply, 'done');
  await hasEnded(sidecar);
  assert.doesNotMatch(sidecar.child.output.join('\n'), /listener=late/);
});

test('one that is opened just before it ends with the others', async (t) => {
  const { sidecar, reply, answer } = await startWork(t, 'egress');
  const late = await freePort();
  const listeners = sidecar.config['listeners'] as object[];
  listeners.push({ name: 'late', address: `127.0.0.1:${late}`, protocol: 'bolt', direction: 'egress' });
  await sidecar.writeConfig();
  sidecar.child.signal('SIGHUP');
  await beginEnd(sidecar);
  await assert.rejects(openRawClient(t, late), { code: 'ECONNREFUSED' });
  answer();
  assert.equal(await reply, 'done');
  await hasEnded(sidecar);
});
