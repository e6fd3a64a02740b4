import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger, silentLogger } from '../telemetry/log.ts';
import { keyText } from './registry.ts';
import type { ServiceInstance, ServiceKey, WatchListener } from './registry.ts';
import { WatchHub } from './watch-hub.ts';

const KEY: ServiceKey = { service: 'com.demo.Echo:1.0', protocol: 'bolt', group: '' };
const at = (address: string, weight = 100): ServiceInstance => ({ ...KEY, address, weight, metadata: {} });
const addresses = (list: readonly ServiceInstance[] | undefined): string[] | undefined => list?.map((i) => i.address);

/** A source that a test drives by hand. */
function source(): {
  open(key: ServiceKey, emit: WatchListener): { close(): void };
  emit: WatchListener;
  log: string[];
} {
  const self = {
    emit: (() => {}) as WatchListener,
    log: [] as string[],
    open(key: ServiceKey, emit: WatchListener) {
      self.log.push(`open ${keyText(key)}`);
      self.emit = emit;
      return { close: () => void self.log.push(`close ${keyText(key)}`) };
    },
  };
  return self;
}

test('many listeners of a key share one watch, which ends with the last of them', () => {
  const origin = source();
  const hub = new WatchHub(origin.open, silentLogger);
  const first = hub.watch(KEY, () => {});
  const second = hub.watch({ ...KEY }, () => {});
  const other = hub.watch({ ...KEY, protocol: 'rest' }, () => {});
  assert.equal(hub.size, 2);
  first.close();
  first.close();
  assert.deepEqual(origin.log, ['open com.demo.Echo:1.0@bolt', 'open com.demo.Echo:1.0@rest']);
  second.close();
  assert.equal(origin.log.at(-1), 'close com.demo.Echo:1.0@bolt');
  other.close();
  assert.equal(hub.size, 0);
});

test('a late listener is told what is known, after watch has returned', async () => {
  const origin = source();
  const hub = new WatchHub(origin.open, silentLogger);
  hub.watch(KEY, () => {});
  origin.emit([at('10.0.0.1:1')]);
  const calls: string[] = [];
  const late = hub.watch(KEY, (list) => calls.push(`told ${String(addresses(list))}`));
  calls.push(`returned ${String(addresses(late.instances))}`);
  await Promise.resolve();
  assert.deepEqual(calls, ['returned 10.0.0.1:1', 'told 10.0.0.1:1']);
});

test('instances are undefined until the source has answered, then an empty list is news', async () => {
  const origin = source();
  const hub = new WatchHub(origin.open, silentLogger);
  const calls: number[] = [];
  const watch = hub.watch(KEY, (list) => calls.push(list.length));
  assert.equal(watch.instances, undefined);
  origin.emit([]);
  await Promise.resolve();
  assert.deepEqual(calls, [0]);
  assert.deepEqual(watch.instances, []);
});

test('lists come sorted, without repeats of an address, and a repeat of a list is not news', async () => {
  const origin = source();
  const hub = new WatchHub(origin.open, silentLogger);
  const calls: unknown[] = [];
  hub.watch(KEY, (list) => calls.push(list.map((i) => [i.address, i.weight])));
  origin.emit([at('10.0.0.2:1'), at('10.0.0.1:1'), at('10.0.0.2:1', 5)]);
  await Promise.resolve();
  origin.emit([at('10.0.0.1:1'), at('10.0.0.2:1', 5)]);
  await Promise.resolve();
  const sorted = [
    ['10.0.0.1:1', 100],
    ['10.0.0.2:1', 5],
  ];
  assert.deepEqual(calls, [sorted]);
});

test('a listener that throws hurts nobody else, and is logged', async () => {
  const lines: string[] = [];
  const log = createLogger({ control: { level: 'info' }, format: 'text', write: (line) => void lines.push(line) });
  const origin = source();
  const hub = new WatchHub(origin.open, log);
  const calls: number[] = [];
  hub.watch(KEY, () => {
    throw new Error('boom');
  });
  hub.watch(KEY, (list) => calls.push(list.length));
  origin.emit([at('10.0.0.1:1')]);
  await Promise.resolve();
  assert.deepEqual(calls, [1]);
  assert.match(lines.join(''), /a watch listener failed .*boom/);
});

test('a closed watch hears nothing, also of what was already under way', async () => {
  const origin = source();
  const hub = new WatchHub(origin.open, silentLogger);
  const calls: number[] = [];
  const watch = hub.watch(KEY, (list) => calls.push(list.length));
  origin.emit([]);
  watch.close();
  await Promise.resolve();
  origin.emit([at('10.0.0.1:1')]);
  await Promise.resolve();
  assert.deepEqual(calls, []);
});

test('listeners may close and open watches while they are told', async () => {
  const origin = source();
  const hub = new WatchHub(origin.open, silentLogger);
  const calls: string[] = [];
  const watch = hub.watch(KEY, () => {
    calls.push('first');
    watch.close();
    hub.watch(KEY, () => calls.push('second'));
  });
  hub.watch(KEY, () => calls.push('third'));
  origin.emit([]);
  await new Promise(setImmediate);
  assert.deepEqual(calls.sort(), ['first', 'second', 'third']);
  hub.close();
  assert.equal(hub.size, 0);
});

test('keys that only look alike stay apart', () => {
  const texts = [
    { service: 'a@b', protocol: 'c', group: '' },
    { service: 'a', protocol: 'b', group: 'c' },
    { service: 'a%40b', protocol: 'c', group: '' },
    { service: 'a', protocol: 'b@c', group: '' },
  ].map(keyText);
  assert.equal(new Set(texts).size, texts.length);
});
