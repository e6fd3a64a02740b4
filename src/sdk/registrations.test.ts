import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EMPTY_STATE } from './model.ts';
import { Registrations } from './registrations.ts';
import { parseApplication, parsePublish } from './requests.ts';
import type { Command } from './state.ts';
import { FakeStore, settle } from './testing/fakes.ts';

const application: Command = { kind: 'application', application: parseApplication({ appName: 'shop' }) };
const publish = (serviceName: string): Command => ({ kind: 'publish', publication: parsePublish({ serviceName }) });

test('a change counts only once it is saved', async () => {
  const store = new FakeStore();
  const { promise, resolve } = Promise.withResolvers<void>();
  store.gate = promise;
  const registrations = new Registrations(store);
  let done = false;
  const applied = registrations.apply(application).then(() => (done = true));
  await settle();
  assert.equal(done, false);
  assert.equal(registrations.state, EMPTY_STATE);
  resolve();
  await applied;
  assert.deepEqual(registrations.state, { ...EMPTY_STATE, application: parseApplication({ appName: 'shop' }) });
});

test('changes that come while the disk is busy share a write, and keep their order', async () => {
  const store = new FakeStore();
  const registrations = new Registrations(store);
  await Promise.all([application, publish('a:1'), publish('b:1')].map((command) => registrations.apply(command)));
  assert.equal(store.saves, 1);
  assert.deepEqual([...registrations.state.publications.keys()], ['a:1@bolt', 'b:1@bolt']);
});

test('a refused change does not hold up the others', async () => {
  const registrations = new Registrations(new FakeStore());
  const results = await Promise.allSettled(
    [publish('a:1'), application, publish('b:1')].map((c) => registrations.apply(c)),
  );
  assert.deepEqual(
    results.map((result) => result.status),
    ['rejected', 'fulfilled', 'fulfilled'],
  );
});

test('what cannot be saved does not happen', async () => {
  const store = new FakeStore();
  const registrations = new Registrations(store);
  await registrations.apply(application);
  store.failure = new Error('no space left');
  await assert.rejects(registrations.apply(publish('a:1')), /no space left/);
  assert.equal(registrations.state.publications.size, 0);
  store.failure = undefined;
  await registrations.apply(publish('b:1'));
  assert.deepEqual([...registrations.state.publications.keys()], ['b:1@bolt']);
});

test('a listener that fails is told to whoever made the change, and holds up no other', async () => {
  const registrations = new Registrations(new FakeStore());
  const stop = registrations.onChange(() => {
    throw new Error('a fault of the listener');
  });
  await assert.rejects(registrations.apply(application), /a fault of the listener/);
  stop();
  await registrations.apply(publish('a:1'));
  await registrations.settled();
  assert.deepEqual([...registrations.state.publications.keys()], ['a:1@bolt']);
});
