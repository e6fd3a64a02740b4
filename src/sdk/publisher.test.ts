import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../telemetry/log.ts';
import type { AppHealth } from './health/app-health.ts';
import type { Verdict } from './health/verdict.ts';
import { HEALTHY } from './health/verdict.ts';
import { EMPTY_STATE } from './model.ts';
import type { RegistrationState } from './model.ts';
import { Publisher } from './publisher.ts';
import { parseApplication, parsePublish } from './requests.ts';
import { applyCommand } from './state.ts';
import { FakeRegistry, settle } from './testing/fakes.ts';

const application = parseApplication({ appName: 'shop', zone: 'RZ01A' });
const started = applyCommand(EMPTY_STATE, { kind: 'application', application });
const WAITING: Verdict = { state: 'unknown', reason: 'not asked yet' };

function stateWith(...bodies: object[]): RegistrationState {
  return bodies.reduce<RegistrationState>(
    (state, body) => applyCommand(state, { kind: 'publish', publication: parsePublish(body) }),
    started,
  );
}

class FakeHealth implements AppHealth {
  general: Verdict = WAITING;
  readonly ports = new Map<number, Verdict>();
  watched: number[] = [];
  readonly view = { state: 'unknown', reasons: [] } as const;

  verdict(port: number | undefined): Verdict {
    return this.ports.get(port ?? -1) ?? this.general;
  }

  watchPorts(ports: ReadonlySet<number>): void {
    this.watched = [...ports];
  }

  suspect(): void {}
  recheck(): void {}
  onChange(): () => void {
    return () => {};
  }
  start(): void {}
  close(): void {}
}

function setUp(withIngress = true) {
  const registry = new FakeRegistry();
  const health = new FakeHealth();
  const ingress = { advertise: { host: 'fd00::7', port: 12200 }, app: { host: '127.0.0.1', port: 12199 } };
  const publisher = new Publisher(
    { node: { app: 'node-app', zone: 'RZ09Z' }, ...(withIngress ? { ingress } : {}) },
    { registry, health, log: silentLogger },
    () => {},
  );
  const statuses = (): string[] => publisher.views.map((view) => view.status);
  return { registry, health, publisher, statuses };
}

test('a publication is offered exactly while the application is healthy', async () => {
  const { registry, health, publisher, statuses } = setUp();
  publisher.update(stateWith({ serviceName: 'a' }));
  assert.deepEqual(statuses(), ['pending health']);
  assert.equal(publisher.views[0]?.reason, 'not asked yet');

  health.general = HEALTHY;
  publisher.refresh();
  assert.deepEqual(statuses(), ['publishing']);
  await settle();
  assert.deepEqual(statuses(), ['published']);
  assert.deepEqual(registry.published, [
    {
      service: 'a',
      protocol: 'bolt',
      group: '',
      address: '[fd00::7]:12200',
      weight: 100,
      metadata: { app: 'shop', zone: 'RZ01A', serialization: 'hessian2', version: '4.0' },
    },
  ]);

  health.general = { state: 'unhealthy', reason: 'connection refused' };
  publisher.refresh();
  assert.deepEqual([statuses(), publisher.views[0]?.reason], [['unpublished'], 'connection refused']);
  assert.deepEqual(registry.published, []);

  health.general = HEALTHY;
  publisher.refresh();
  await settle();
  assert.equal(registry.published.length, 1);
  publisher.refresh();
  assert.deepEqual(registry.calls, ['publish a@bolt', 'unpublish a@bolt', 'publish a@bolt']);
});

test('each port is judged by itself; only Bolt ports get heartbeats', async () => {
  const { registry, health, publisher } = setUp();
  health.general = HEALTHY;
  health.ports.set(2, { state: 'unhealthy', reason: 'gone' });
  publisher.update(
    stateWith(
      { serviceName: 'a', port: 1 },
      { serviceName: 'b', port: 2 },
      { serviceName: 'c', port: 2, protocolType: 'rest' },
      { serviceName: 'd' },
    ),
  );
  await settle();
  assert.deepEqual(health.watched, [1, 2, 12199]);
  assert.deepEqual(
    registry.published.map((instance) => instance.service),
    ['a', 'c', 'd'],
  );
});

test('what is taken back or changed goes to the registry', async () => {
  const { registry, health, publisher } = setUp();
  health.general = HEALTHY;
  publisher.update(stateWith({ serviceName: 'a' }, { serviceName: 'b' }));
  const properties = { weight: 5 };
  publisher.update(stateWith({ serviceName: 'a', providerMetaInfo: { properties } }));
  await settle();
  assert.deepEqual(
    registry.published.map((instance) => [instance.service, instance.weight]),
    [['a', 5]],
  );
});

test('a publication that the registry does not hold yet is no published one', async () => {
  const { registry, health, publisher, statuses } = setUp();
  health.general = HEALTHY;
  registry.silent = true;
  publisher.update(stateWith({ serviceName: 'a' }));
  await settle();
  assert.deepEqual(statuses(), ['publishing']);
});

test('a refusal of the registry is shown, and tried again with the next change', async () => {
  const { registry, health, publisher, statuses } = setUp();
  health.general = HEALTHY;
  registry.refusal = new Error('read-only');
  publisher.update(stateWith({ serviceName: 'a' }));
  await settle();
  assert.deepEqual([statuses(), publisher.views[0]?.reason], [['unpublished'], 'the registry refuses it: read-only']);
  registry.refusal = undefined;
  publisher.refresh();
  await settle();
  assert.deepEqual(statuses(), ['published']);
});

test('a shutdown takes everything back, and nothing is offered after it', async () => {
  const { registry, health, publisher, statuses } = setUp();
  health.general = HEALTHY;
  publisher.update(stateWith({ serviceName: 'a' }, { serviceName: 'b' }));
  await publisher.unpublishAll();
  assert.deepEqual(registry.published, []);
  assert.deepEqual(statuses(), ['unpublished', 'unpublished']);
  publisher.refresh();
  await settle();
  assert.deepEqual(registry.published, []);
});

test('without an ingress nothing is offered, and the reason is there', () => {
  const { registry, health, publisher } = setUp(false);
  health.general = HEALTHY;
  publisher.update(stateWith({ serviceName: 'a' }));
  assert.match(publisher.views[0]?.reason ?? '', /no ingress listener/);
  assert.deepEqual(registry.calls, []);
});
