import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress } from '../../config/address.ts';
import { ManualClock } from '../../core/manual-clock.ts';
import { boltCodec } from '../../dataplane/codec/bolt/codec.ts';
import { FakeConnector, FakeProbe } from '../testing/fakes.ts';
import { createAppHealth } from './app-health.ts';

function setUp() {
  const clock = new ManualClock();
  const connector = new FakeConnector();
  const heartbeat = { interval: 5000, timeout: 3000, misses: 3 };
  const health = createAppHealth({ heartbeat }, { clock, codec: boltCodec, connector, probe: new FakeProbe() });
  const open = (): string[] =>
    connector.connections.filter(({ closed }) => !closed).map(({ address }) => formatAddress(address));
  return { clock, health, open };
}

test('heartbeats go to the ports that are watched, and to no other', () => {
  const { clock, health, open } = setUp();
  health.watch('127.0.0.1', new Set([1, 2]));
  assert.deepEqual(open(), ['127.0.0.1:1', '127.0.0.1:2']);
  health.watch('127.0.0.1', new Set([2, 3]));
  assert.deepEqual(open(), ['127.0.0.1:2', '127.0.0.1:3']);
  assert.equal(health.verdict(1).state, 'healthy', 'nothing is known against it');
  health.watch('127.0.0.1', new Set());
  assert.deepEqual([open(), clock.pending], [[], 0]);
});

test('an application at another host is another one', () => {
  const { health, open } = setUp();
  health.watch('127.0.0.1', new Set([1]));
  health.watch('10.0.0.8', new Set([1]));
  assert.deepEqual(open(), ['10.0.0.8:1']);
  health.watch(undefined, new Set([1]));
  assert.deepEqual(open(), []);
});
