import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { silentLogger } from '../telemetry/log.ts';
import type { AppHealth, PortCheck } from './health/app-health.ts';
import type { Verdict } from './health/verdict.ts';
import { HEALTHY } from './health/verdict.ts';
import { EMPTY_STATE } from './model.ts';
import type { RegistrationState } from './model.ts';
import { Publisher, type IngressInfo } from './publisher.ts';
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
  watched: string[] = [];
  readonly view = { state: 'unknown', reasons: [] } as const;

  verdict(port: number | undefined): Verdict {
    return this.ports.get(port ?? -1) ?? this.general;
  }

  watch(host: string, ports: ReadonlyMap<number, PortCheck>): void {
    this.watched = [...ports].map(([port, check]) => `${host}:${port} ${check}`);
  }

  suspect(): void {}
  recheck(): void {}
  onChange(): () => void {
    return () => {};
  }
  start(): void {}
  close(): void {}
}

function ingressAt(port: number): IngressInfo {
  return { advertise: { host: 'fd00::7', port }, app: { host: '127.0.0.1', port: 12199 } };
}

function setUp() {
  const registry = new FakeRegistry();
  const health = new FakeHealth();
  const place: { ingress: IngressInfo | undefined } = { ingress: ingressAt(12200) };
  const publisher = new Publisher(
    { node: { app: 'node-app', zone: 'RZ09Z' }, ingress: () => place.ingress },
    { registry, health, log: silentLogger },
    () => {},
  );
  const statuses = (): string[] => publisher.views.map((view) => view.status);
  return { registry, health, publisher, statuses, place };
}

test('a publication is offered exactly while the application is healthy', async () => {
  const { registry, health, publisher, statuses } = setUp();
  void publisher.update(stateWith({ serviceName: 'a:1' }));
  assert.deepEqual(statuses(), ['pending health']);
  assert.equal(publisher.views[0]?.reason, 'not asked yet');

  health.general = HEALTHY;
  publisher.refresh();
  assert.deepEqual(statuses(), ['publishing']);
  await settle();
  assert.deepEqual(statuses(), ['published']);
  assert.deepEqual(registry.published, [
    {
      service: 'a:1',
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
  assert.deepEqual(registry.calls, ['publish a:1@bolt', 'unpublish a:1@bolt', 'publish a:1@bolt']);
});

test('each port is judged by itself, by heartbeats where Bolt is spoken', async () => {
  const { registry, health, publisher } = setUp();
  health.general = HEALTHY;
  health.ports.set(2, { state: 'unhealthy', reason: 'gone' });
  void publisher.update(
    stateWith(
      { serviceName: 'a:1', port: 1 },
      { serviceName: 'b:1', port: 2 },
      { serviceName: 'shop', port: 2, protocolType: 'rest' },
      { serviceName: 'shop', port: 3, protocolType: 'tr' },
      { serviceName: 'd:1' },
    ),
  );
  await settle();
  assert.deepEqual(health.watched, [
    '127.0.0.1:1 heartbeat',
    '127.0.0.1:2 heartbeat',
    '127.0.0.1:3 connect',
    '127.0.0.1:12199 heartbeat',
  ]);
  assert.deepEqual(
    registry.published.map((instance) => instance.service),
    ['a:1', 'shop:1.0', 'd:1'],
  );
});

test('the last publication that is taken back takes its heartbeats with it', () => {
  const { health, publisher } = setUp();
  void publisher.update(stateWith({ serviceName: 'a:1' }));
  assert.deepEqual(health.watched, ['127.0.0.1:12199 heartbeat']);
  void publisher.update(started);
  assert.deepEqual(health.watched, []);
});

test('what is taken back or changed goes to the registry', async () => {
  const { registry, health, publisher } = setUp();
  health.general = HEALTHY;
  void publisher.update(stateWith({ serviceName: 'a:1' }, { serviceName: 'b:1' }));
  const properties = { weight: 5 };
  void publisher.update(stateWith({ serviceName: 'a:1', providerMetaInfo: { properties } }));
  await settle();
  assert.deepEqual(
    registry.published.map((instance) => [instance.service, instance.weight]),
    [['a:1', 5]],
  );
});

test('a publication that the registry does not hold yet is no published one', async () => {
  const { registry, health, publisher, statuses } = setUp();
  health.general = HEALTHY;
  registry.silent = true;
  void publisher.update(stateWith({ serviceName: 'a:1' }));
  await settle();
  assert.deepEqual(statuses(), ['publishing']);
});

test('a refusal of the registry is shown, and tried again with the next change', async () => {
  const { registry, health, publisher, statuses } = setUp();
  health.general = HEALTHY;
  registry.refusal = new Error('read-only');
  void publisher.update(stateWith({ serviceName: 'a:1' }));
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
  void publisher.update(stateWith({ serviceName: 'a:1' }, { serviceName: 'b:1' }));
  await publisher.unpublishAll();
  assert.deepEqual(registry.published, []);
  assert.deepEqual(statuses(), ['unpublished', 'unpublished']);
  publisher.refresh();
  await settle();
  assert.deepEqual(registry.published, []);
});

test('without an ingress nothing is offered, and the reason is there', () => {
  const { registry, health, publisher, place } = setUp();
  place.ingress = undefined;
  health.general = HEALTHY;
  void publisher.update(stateWith({ serviceName: 'a:1' }));
  assert.match(publisher.views[0]?.reason ?? '', /no ingress listener/);
  assert.deepEqual(registry.calls, []);
});

test('an answer of the registry to what was taken back since changes nothing', async () => {
  const { registry, health, publisher, statuses } = setUp();
  const { promise, resolve } = Promise.withResolvers<void>();
  health.general = HEALTHY;
  registry.gate = promise;
  void publisher.update(stateWith({ serviceName: 'a:1' }));
  health.general = { state: 'unhealthy', reason: 'connection refused' };
  publisher.refresh();
  resolve();
  await settle();
  assert.deepEqual([statuses(), publisher.views[0]?.reason], [['unpublished'], 'connection refused']);
});

describe('an ingress that moves', () => {
  /** Offers a service at port 1, then at each of `ports`, which the registry takes only when it answers. */
  async function move(...ports: number[]) {
    const all = setUp();
    const { registry, health, publisher, place } = all;
    const state = stateWith({ serviceName: 'a:1' });
    const addresses = (): string[] => registry.published.map(({ address }) => address);
    const { promise, resolve } = Promise.withResolvers<void>();
    let moved = false;
    health.general = HEALTHY;
    place.ingress = ingressAt(1);
    await publisher.update(state);
    registry.gate = promise;
    for (const port of ports) {
      place.ingress = ingressAt(port);
      moved = false;
      void publisher.update(state).then(() => (moved = true));
    }
    await settle();
    return { ...all, state, addresses, answer: resolve, moved: () => moved };
  }

  test('is published at its new address before it leaves the old one', async () => {
    const { registry, addresses, answer, moved, statuses } = await move(2);
    assert.deepEqual([addresses(), statuses(), moved()], [['[fd00::7]:1'], ['publishing'], false]);
    answer();
    await settle();
    assert.deepEqual([addresses(), statuses(), moved()], [['[fd00::7]:2'], ['published'], true]);
    assert.deepEqual(registry.calls, ['publish a:1@bolt', 'publish a:1@bolt', 'unpublish a:1@bolt']);
  });

  test('and on, and back, is left at one address alone', async () => {
    for (const ports of [
      [2, 3],
      [2, 1],
      [2, 3, 2],
    ]) {
      const { addresses, answer } = await move(...ports);
      answer();
      await settle();
      assert.deepEqual(addresses(), [`[fd00::7]:${ports.at(-1)}`]);
    }
  });

  test('leaves no address behind when the application goes meanwhile', async () => {
    const { health, publisher, addresses, answer } = await move(2);
    health.general = { state: 'unhealthy', reason: 'gone' };
    publisher.refresh();
    assert.deepEqual(addresses(), []);
    health.general = HEALTHY;
    publisher.refresh();
    answer();
    await settle();
    assert.deepEqual(addresses(), ['[fd00::7]:2']);
  });

  test('to an application that is not known to be well yet goes on being published', async () => {
    const { health, publisher, place, state, addresses, answer } = await move();
    health.general = WAITING;
    place.ingress = ingressAt(2);
    void publisher.update(state);
    answer();
    await settle();
    assert.deepEqual(addresses(), ['[fd00::7]:2']);
  });

  test('away for good takes its publications with it', async () => {
    const { publisher, place, state, addresses, statuses } = await move();
    place.ingress = undefined;
    await publisher.update(state);
    assert.deepEqual([addresses(), statuses()], [[], ['unpublished']]);
  });
});
