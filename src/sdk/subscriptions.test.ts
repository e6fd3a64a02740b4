import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../core/manual-clock.ts';
import type { ServiceInstance } from '../registry/registry.ts';
import { EMPTY_STATE } from './model.ts';
import type { RegistrationState } from './model.ts';
import { parseApplication, parseSubscribe } from './requests.ts';
import { applyCommand } from './state.ts';
import { Subscriptions } from './subscriptions.ts';
import { FakeRegistry, settle } from './testing/fakes.ts';

const application = parseApplication({ appName: 'shop' });
const started = applyCommand(EMPTY_STATE, { kind: 'application', application });

function stateWith(...bodies: object[]): RegistrationState {
  return bodies.reduce<RegistrationState>(
    (state, body) => applyCommand(state, { kind: 'subscribe', subscription: parseSubscribe(body) }),
    started,
  );
}

function instance(protocol: string, address: string): ServiceInstance {
  return { service: 'a:1', protocol, group: '', address, weight: 100, metadata: {} };
}

function setUp() {
  const registry = new FakeRegistry();
  const clock = new ManualClock();
  return { registry, clock, subscriptions: new Subscriptions(registry, clock, () => {}) };
}

test('subscribing waits for the first push, and no longer than it may', async () => {
  const { registry, clock, subscriptions } = setUp();
  registry.silent = true;
  subscriptions.update(stateWith({ serviceName: 'a:1' }));
  let waited = false;
  const wait = subscriptions.firstPush('a:1@bolt', 3000).then(() => (waited = true));
  clock.advance(2999);
  await settle();
  assert.equal(waited, false);
  clock.advance(1);
  await wait;
  assert.equal(subscriptions.datas('a:1@bolt'), undefined);

  const second = subscriptions.firstPush('a:1@bolt', 3000);
  registry.speak();
  await second;
  assert.deepEqual(subscriptions.datas('a:1@bolt'), []);
  assert.equal(clock.pending, 0);
});

test('one service over two protocols is answered by protocol', async () => {
  const { registry, subscriptions } = setUp();
  await registry.publish(instance('tr', '10.0.0.1:1'));
  await registry.publish(instance('bolt', '10.0.0.2:2'));
  subscriptions.update(stateWith({ serviceName: 'a:1' }, { serviceName: 'a:1', protocolType: 'TR' }));
  await settle();
  assert.deepEqual(subscriptions.datas('a:1@bolt'), ['10.0.0.2:2?p=1']);
  assert.deepEqual(subscriptions.datas('a:1@tr'), ['10.0.0.1:1?p=13']);
});

test('what is no longer subscribed to is no longer watched, and nobody waits for it', async () => {
  const { registry, clock, subscriptions } = setUp();
  registry.silent = true;
  subscriptions.update(stateWith({ serviceName: 'a:1' }, { serviceName: 'b:1' }));
  assert.deepEqual(registry.watched, ['a:1@bolt', 'b:1@bolt']);
  const wait = subscriptions.firstPush('a:1@bolt', 3000);
  subscriptions.update(stateWith({ serviceName: 'b:1' }));
  await wait;
  assert.deepEqual(registry.watched, ['b:1@bolt']);
  subscriptions.close();
  assert.deepEqual(registry.watched, []);
  assert.equal(clock.pending, 0);
});
