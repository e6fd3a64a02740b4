import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EMPTY_STATE } from './model.ts';
import type { RegistrationState } from './model.ts';
import { parseApplication, parsePublish, parseSelector, parseSubscribe } from './requests.ts';
import { applyCommand } from './state.ts';

const SERVICE = 'com.demo.Echo:1.0';

function publish(state: RegistrationState, body: object): RegistrationState {
  return applyCommand(state, { kind: 'publish', publication: parsePublish({ serviceName: SERVICE, ...body }) });
}

function unpublish(state: RegistrationState, body: object): RegistrationState {
  return applyCommand(state, { kind: 'unpublish', selector: parseSelector({ serviceName: SERVICE, ...body }) });
}

const application = parseApplication({ appName: 'shop' });
const started = applyCommand(EMPTY_STATE, { kind: 'application', application });

test('nothing can be registered before the application is known', () => {
  assert.throws(() => publish(EMPTY_STATE, {}), {
    code: 'no_application',
    message: 'no application is known yet: POST /configs/application first',
  });
});

test('posting the application again resets what was registered', () => {
  let state = publish(started, {});
  const subscription = parseSubscribe({ serviceName: SERVICE });
  state = applyCommand(state, { kind: 'subscribe', subscription });
  assert.deepEqual([state.publications.size, state.subscriptions.size], [1, 1]);
  state = applyCommand(state, { kind: 'application', application });
  assert.deepEqual([state.publications.size, state.subscriptions.size], [0, 0]);
});

test('one service over two protocols is two publications', () => {
  const state = publish(publish(started, { protocolType: 'bolt' }), { protocolType: 'tr' });
  assert.deepEqual([...state.publications.keys()], [`${SERVICE}@bolt`, `${SERVICE}@tr`]);
  assert.deepEqual([...unpublish(state, { protocolType: 'DEFAULT' }).publications.keys()], [`${SERVICE}@tr`]);
});

test('a bare name takes back the Bolt one, then the only one left, as Java does when it stops', () => {
  let state = publish(publish(started, { protocolType: 'bolt' }), { protocolType: 'tr' });
  state = unpublish(state, {});
  assert.deepEqual([...state.publications.keys()], [`${SERVICE}@tr`]);
  state = unpublish(state, {});
  assert.equal(state.publications.size, 0);
  assert.equal(unpublish(state, {}), state);
});

test('a bare name that stands for several is refused', () => {
  const state = publish(publish(started, { protocolType: 'tr' }), { protocolType: 'rest' });
  assert.throws(() => unpublish(state, {}), /stands for .*@tr, .*@http: name protocolType and group/);
});

test('a bare name means a host, too, when that is what was published', () => {
  const state = publish(started, { serviceName: 'shop.http', protocolType: 'http' });
  assert.deepEqual([...state.publications.keys()], ['shop.http@http']);
  assert.equal(unpublish(state, { serviceName: 'Shop.http' }).publications.size, 0);
  assert.equal(unpublish(state, { serviceName: 'shop.http', protocolType: 'grpc' }).publications.size, 0);
  assert.equal(unpublish(state, { serviceName: 'shop.http', protocolType: 'bolt' }), state);
});

test('a client in a loop meets a bound', () => {
  let state = started;
  for (let i = 0; i < 2048; i++) state = publish(state, { serviceName: `s${i}` });
  assert.throws(() => publish(state, { serviceName: 'one-more' }), { code: 'too_many' });
  assert.equal(publish(state, { serviceName: 's0', port: 1 }).publications.size, 2048);
});

test('a service has one group, for a call does not say which', () => {
  const subscribe = (state: RegistrationState, body: object): RegistrationState =>
    applyCommand(state, { kind: 'subscribe', subscription: parseSubscribe({ serviceName: SERVICE, ...body }) });
  for (const [add, what] of [
    [publish, 'published'],
    [subscribe, 'subscribed to'],
  ] as const) {
    const blue = add(started, { group: 'blue' });
    assert.equal(add(blue, { group: 'blue' }).application, application, 'once more is no second group');
    assert.throws(() => add(blue, {}), {
      code: 'second_group',
      message:
        `${SERVICE} is ${what} in group blue already, and calls carry no group: ` +
        'take that back first, or use another sidecar for no group',
    });
    assert.throws(() => add(add(started, {}), { group: 'blue' }), { code: 'second_group' });
    add(blue, { protocolType: 'tr' });
    add(blue, { serviceName: 'another' });
  }
  const blue = publish(started, { group: 'blue' });
  assert.deepEqual([...publish(unpublish(blue, {}), {}).publications.keys()], [`${SERVICE}@bolt`]);
  assert.equal(
    subscribe(blue, { group: 'green' }).subscriptions.size,
    1,
    'what it offers says nothing of what it calls',
  );
});
