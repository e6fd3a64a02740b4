/**
 * What every registry has to do, run against each of them. See src/registry/registry.ts. What one
 * process publishes may reach another a moment later, so a first list may still be an older one.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Registry, ServiceInstance, ServiceKey, Watch } from '../../src/registry/registry.ts';
import { MAX_INSTANCE } from '../../src/registry/instances.ts';
import { waitUntil } from './children.ts';

/** A place where registries of one kind meet. */
export interface RegistryFixture {
  /** A registry of its own, as a process would have. */
  create(nodeId: string): Promise<Registry>;
  dispose(): Promise<void>;
}

/** Waits for something that should take milliseconds. */
export async function eventually(what: string, check: () => boolean | Promise<boolean>): Promise<void> {
  await waitUntil(check, { what, every: 5 });
}

let serial = 0;

/** A key that no other test uses. */
export function freshKey(extra: Partial<ServiceKey> = {}): ServiceKey {
  return { service: `com.demo.Contract${++serial}:1.0`, protocol: 'bolt', group: '', ...extra };
}

export function offer(key: ServiceKey, address: string, extra: Partial<ServiceInstance> = {}): ServiceInstance {
  return { ...key, address, weight: 100, metadata: {}, ...extra };
}

/** A watch that remembers all it was told. */
export interface Recorder {
  readonly watch: Watch;
  /** The address lists in the order in which they were told. */
  readonly told: string[][];
  readonly latest: readonly ServiceInstance[] | undefined;
  /** Waits until the newest list has exactly these addresses. */
  until(...addresses: string[]): Promise<void>;
}

export function record(registry: Registry, key: ServiceKey): Recorder {
  const told: string[][] = [];
  let latest: readonly ServiceInstance[] | undefined;
  const watch = registry.watch(key, (instances) => {
    latest = instances;
    told.push(instances.map((instance) => instance.address));
  });
  return {
    watch,
    told,
    get latest() {
      return latest;
    },
    until: (...addresses) =>
      eventually(
        `the list ${JSON.stringify(addresses)}`,
        () => JSON.stringify(told.at(-1)) === JSON.stringify(addresses),
      ),
  };
}

/** Waits until the registry is connected. */
export function connected(registry: Registry): Promise<void> {
  return eventually('connected', () => registry.state === 'connected');
}

export function registryContract(name: string, setUp: () => Promise<RegistryFixture>): void {
  describe(`${name}: the registry contract`, () => {
    let fixture: RegistryFixture;
    let provider: Registry;
    let consumer: Registry;
    before(async () => {
      fixture = await setUp();
      provider = await fixture.create('provider');
      consumer = await fixture.create('consumer');
      await Promise.all([connected(provider), connected(consumer)]);
    });
    after(async () => {
      await Promise.all([provider.close(), consumer.close()]);
      await fixture.dispose();
    });

    test('a service that nobody offers is told as an empty list, after watch has returned', async () => {
      let returned = false;
      const lists: unknown[] = [];
      const watch = consumer.watch(freshKey(), (list) => lists.push([returned, ...list]));
      returned = true;
      await eventually('a first answer', () => lists.length > 0);
      assert.deepEqual(lists, [[true]]);
      assert.deepEqual(watch.instances, []);
      watch.close();
    });

    test('what is published is told to watchers, and what is unpublished too', async () => {
      const key = freshKey();
      const seen = record(consumer, key);
      await provider.publish(offer(key, '10.0.0.2:12200'));
      await seen.until('10.0.0.2:12200');
      await provider.publish(offer(key, '10.0.0.1:12200'));
      await seen.until('10.0.0.1:12200', '10.0.0.2:12200');
      await provider.unpublish(key, '10.0.0.2:12200');
      await seen.until('10.0.0.1:12200');
      await provider.unpublish(key, '10.0.0.1:12200');
      await seen.until();
      await provider.unpublish(key, '10.0.0.1:12200');
      seen.watch.close();
    });

    test('a watch that starts later is told what is there', async () => {
      const key = freshKey();
      await provider.publish(offer(key, '10.0.0.1:12200'));
      const seen = record(consumer, key);
      await seen.until('10.0.0.1:12200');
      const again = record(consumer, key);
      await again.until('10.0.0.1:12200');
      assert.equal(again.told.length, 1);
      seen.watch.close();
      again.watch.close();
      await provider.unpublish(key, '10.0.0.1:12200');
    });

    test('publishing again replaces without a moment of absence', async () => {
      const key = freshKey();
      await provider.publish(offer(key, '10.0.0.1:12200', { weight: 100 }));
      const seen = record(consumer, key);
      await seen.until('10.0.0.1:12200');
      const from = seen.told.length;
      for (const weight of [50, 0, 20]) {
        await provider.publish(offer(key, '10.0.0.1:12200', { weight, metadata: { zone: `RZ${weight}` } }));
        await eventually(`weight ${weight}`, () => seen.latest?.[0]?.weight === weight);
        assert.deepEqual(seen.latest?.[0]?.metadata, { zone: `RZ${weight}` });
      }
      assert.ok(
        seen.told.slice(from).every((list) => list.length === 1),
        `always one: ${JSON.stringify(seen.told)}`,
      );
      await provider.unpublish(key, '10.0.0.1:12200');
      await seen.until();
      seen.watch.close();
    });

    test('weight, metadata and key come back as they went in', async () => {
      const key = freshKey();
      const metadata = {
        app: 'shop',
        zone: 'RZ01A',
        serialization: 'hessian2',
        timeout: '3000',
        version: '4.0',
        warmupTime: '60000',
        pid: 'mine',
        'a key with spaces': 'a&b=c#d?e/f%25+g h',
        'unicode 名字': '值 ünï',
        empty: '',
      };
      const instance = offer(key, '10.0.0.1:12200', { weight: 37, metadata });
      await provider.publish(instance);
      const seen = record(consumer, key);
      await seen.until('10.0.0.1:12200');
      assert.deepEqual(seen.latest, [instance]);
      seen.watch.close();
      await provider.unpublish(key, '10.0.0.1:12200');
    });

    test('protocols, groups, versions and unique ids of one service never mix', async () => {
      const base = `com.demo.Apart${++serial}`;
      const keys: ServiceKey[] = [
        { service: `${base}:1.0`, protocol: 'bolt', group: '' },
        { service: `${base}:1.0`, protocol: 'rest', group: '' },
        { service: `${base}:1.0`, protocol: 'bolt', group: 'blue' },
        { service: `${base}:2.0`, protocol: 'bolt', group: '' },
        { service: `${base}:1.0:uid`, protocol: 'bolt', group: '' },
      ];
      const seen = keys.map((key) => record(consumer, key));
      await Promise.all(keys.map((key, index) => provider.publish(offer(key, `10.0.0.${index + 1}:12200`))));
      await Promise.all(seen.map((one, index) => one.until(`10.0.0.${index + 1}:12200`)));
      const [first] = keys;
      assert.ok(first);
      await provider.unpublish(first, '10.0.0.1:12200');
      await seen[0]?.until();
      seen.forEach((one, index) => {
        const own = `10.0.0.${index + 1}:12200`;
        assert.ok(
          one.told.flat().every((address) => address === own),
          `${index} saw ${JSON.stringify(one.told)}`,
        );
        one.watch.close();
      });
      await Promise.all(keys.map((key, index) => provider.unpublish(key, `10.0.0.${index + 1}:12200`)));
    });

    test('the same address may offer one service over two protocols', async () => {
      const bolt = freshKey();
      const rest = { ...bolt, protocol: 'rest' };
      await Promise.all([provider.publish(offer(bolt, '10.0.0.1:1')), provider.publish(offer(rest, '10.0.0.1:1'))]);
      const seen = record(consumer, rest);
      await seen.until('10.0.0.1:1');
      await provider.unpublish(bolt, '10.0.0.1:1');
      await provider.publish(offer(rest, '10.0.0.2:1'));
      await seen.until('10.0.0.1:1', '10.0.0.2:1');
      seen.watch.close();
      await Promise.all(['10.0.0.1:1', '10.0.0.2:1'].map((address) => provider.unpublish(rest, address)));
    });

    test('a closed watch hears nothing more, and others of its key go on', async () => {
      const key = freshKey();
      const closed = record(consumer, key);
      const open = record(consumer, key);
      await Promise.all([closed.until(), open.until()]);
      closed.watch.close();
      await provider.publish(offer(key, '10.0.0.1:12200'));
      await open.until('10.0.0.1:12200');
      assert.deepEqual(closed.told, [[]]);
      open.watch.close();
      const reopened = record(consumer, key);
      await reopened.until('10.0.0.1:12200');
      reopened.watch.close();
      await provider.unpublish(key, '10.0.0.1:12200');
    });

    test('close takes back all that was published, and ends the watches', async () => {
      const key = freshKey();
      const leaver = await fixture.create('leaver');
      await leaver.publish(offer(key, '10.0.0.9:12200'));
      await provider.publish(offer(key, '10.0.0.1:12200'));
      const seen = record(consumer, key);
      const own = record(leaver, key);
      await Promise.all([
        seen.until('10.0.0.1:12200', '10.0.0.9:12200'),
        own.until('10.0.0.1:12200', '10.0.0.9:12200'),
      ]);
      const told = own.told.length;
      const states: string[] = [];
      leaver.onState((state) => states.push(state));
      await leaver.close();
      await leaver.close();
      assert.deepEqual([states, leaver.state], [['closed'], 'closed']);
      await seen.until('10.0.0.1:12200');
      await provider.unpublish(key, '10.0.0.1:12200');
      await seen.until();
      assert.equal(own.told.length, told);
      await assert.rejects(leaver.publish(offer(key, '10.0.0.9:12200')), { code: 'registry_closed' });
      seen.watch.close();
    });

    test('what no registry can take is refused at once, with the reason', async () => {
      const key = freshKey();
      await assert.rejects(provider.publish(offer(key, 'nowhere')), { code: 'registry_refused', message: /host:port/ });
      await assert.rejects(provider.publish(offer(key, '10.0.0.1:1', { weight: -1 })), /weight/);
      await assert.rejects(provider.publish(offer({ ...key, service: '' }, '10.0.0.1:1')), /service is empty/);
    });

    test('a publication that is too large is refused, and harms no other', async () => {
      const [key, large] = [freshKey(), freshKey()];
      const [seen, seenLarge] = [record(consumer, key), record(consumer, large)];
      await provider.publish(offer(key, '10.0.0.1:12200'));
      const tooMuch = { text: 'x'.repeat(MAX_INSTANCE) };
      await assert.rejects(provider.publish(offer(key, '10.0.0.1:12200', { metadata: tooMuch })), {
        code: 'registry_refused',
        message: /bytes/,
      });
      // The characters that take the most room in a url.
      const much = { text: '%'.repeat(MAX_INSTANCE - 1000) };
      await provider.publish(offer(large, '10.0.0.2:12200', { metadata: much }));
      await seenLarge.until('10.0.0.2:12200');
      assert.deepEqual(seenLarge.latest?.[0]?.metadata, much);
      await provider.unpublish(large, '10.0.0.2:12200');
      await Promise.all([seen.until('10.0.0.1:12200'), seenLarge.until()]);
      assert.ok(!seen.told.slice(1).some((list) => list.length === 0), JSON.stringify(seen.told));
      await provider.unpublish(key, '10.0.0.1:12200');
      seen.watch.close();
      seenLarge.watch.close();
    });

    test('a key that nobody can offer has no instances, and its watch harms no other', async () => {
      const key = freshKey();
      const seen = record(consumer, key);
      const odd = record(consumer, { ...key, service: 'x'.repeat(2000) });
      await odd.until();
      await provider.publish(offer(key, '10.0.0.1:12200'));
      await seen.until('10.0.0.1:12200');
      await provider.unpublish(key, '10.0.0.1:12200');
      await seen.until();
      seen.watch.close();
      odd.watch.close();
    });

    test('many services and instances', async () => {
      const keys = Array.from({ length: 100 }, () => freshKey());
      const addresses = Array.from({ length: 5 }, (_, index) => `10.0.1.${index}:12200`);
      const seen = keys.map((key) => record(consumer, key));
      await Promise.all(keys.flatMap((key) => addresses.map((address) => provider.publish(offer(key, address)))));
      await Promise.all(seen.map((one) => one.until(...addresses)));
      await Promise.all(keys.flatMap((key) => addresses.map((address) => provider.unpublish(key, address))));
      await Promise.all(seen.map((one) => one.until()));
      for (const one of seen) one.watch.close();
    });
  });
}
