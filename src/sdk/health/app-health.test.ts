import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress } from '../../config/address.ts';
import { ManualClock } from '../../core/manual-clock.ts';
import { boltCodec } from '../../dataplane/codec/bolt/codec.ts';
import { FakeConnector, FakeProbe } from '../testing/fakes.ts';
import { createAppHealth } from './app-health.ts';
import type { PortCheck } from './app-health.ts';

function setUp() {
  const well: string[] = [];
  const clock = new ManualClock();
  const connector = new FakeConnector();
  const heartbeat = { interval: 5000, timeout: 3000, misses: 3 };
  const onWell = (port: number): void => void well.push(`${port} well`);
  const options = { heartbeat, onWell };
  const health = createAppHealth(options, { clock, codec: boltCodec, connector, probe: new FakeProbe() });
  const open = (): string[] =>
    connector.connections.filter(({ closed }) => !closed).map(({ address }) => formatAddress(address));
  return { clock, connector, health, open, well };
}

function heartbeats(...ports: number[]): Map<number, PortCheck> {
  return new Map(ports.map((port) => [port, 'heartbeat']));
}

test('heartbeats go to the ports that are watched, and to no other', () => {
  const { clock, health, open } = setUp();
  health.watch('127.0.0.1', heartbeats(1, 2));
  assert.deepEqual(open(), ['127.0.0.1:1', '127.0.0.1:2']);
  health.watch('127.0.0.1', heartbeats(2, 3));
  assert.deepEqual(open(), ['127.0.0.1:2', '127.0.0.1:3']);
  assert.equal(health.verdict(1).state, 'healthy', 'nothing is known against it');
  health.watch('127.0.0.1', heartbeats());
  assert.deepEqual([open(), clock.pending], [[], 0]);
});

test('an application at another host is another one', () => {
  const { health, open } = setUp();
  health.watch('127.0.0.1', heartbeats(1));
  health.watch('10.0.0.8', heartbeats(1));
  assert.deepEqual(open(), ['10.0.0.8:1']);
  health.watch(undefined, heartbeats(1));
  assert.deepEqual(open(), []);
});

test('a port that is checked another way is checked anew', () => {
  const { connector, health, open } = setUp();
  health.watch('127.0.0.1', new Map([[1, 'connect']]));
  connector.last.handlers.onOpen();
  assert.deepEqual([open(), health.verdict(1).state], [[], 'healthy']);
  health.watch('127.0.0.1', heartbeats(1));
  assert.equal(health.verdict(1).state, 'unknown');
  connector.last.handlers.onOpen();
  assert.equal(connector.last.written.length, 1);
  health.watch('127.0.0.1', new Map());
});

test('a port that is well is told of before its verdict is', () => {
  const { connector, health, well } = setUp();
  health.onChange(() => well.push(health.view.state));
  health.watch('127.0.0.1', new Map([[1, 'connect']]));
  connector.last.handlers.onOpen();
  assert.deepEqual(well, ['1 well', 'healthy']);
  health.watch('127.0.0.1', new Map());
});
