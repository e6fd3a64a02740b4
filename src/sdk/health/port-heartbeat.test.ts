import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../core/manual-clock.ts';
import { boltCodec } from '../../dataplane/codec/bolt/codec.ts';
import { FakeConnector } from '../testing/fakes.ts';
import { PortHeartbeat } from './port-heartbeat.ts';

/** The acknowledgement of a v1 heartbeat request: the layout of a Bolt v1 response, all lengths 0. */
function acknowledge(request: Buffer): Buffer {
  const ack = Buffer.alloc(20);
  ack.set([1, 0, 0, 0, 1], 0);
  request.copy(ack, 5, 5, 9);
  ack[9] = 1;
  return ack;
}

function setUp(speaksBolt = true) {
  const clock = new ManualClock();
  const connector = new FakeConnector();
  const changes: string[] = [];
  const settings = { interval: 5000, timeout: 3000, misses: 3 };
  const heartbeat = new PortHeartbeat(
    { host: '127.0.0.1', port: 12199 },
    settings,
    { clock, connector, codec: speaksBolt ? boltCodec : undefined },
    () => {
      changes.push(heartbeat.verdict.state);
    },
  );
  const answer = (): void => {
    const { last } = connector;
    last.handlers.onData(acknowledge(last.written.at(-1)!));
  };
  const becomeHealthy = (): void => {
    heartbeat.checkNow();
    connector.last.handlers.onOpen();
    answer();
  };
  return { clock, connector, heartbeat, changes, answer, becomeHealthy };
}

test('one acknowledged heartbeat makes a port healthy, and the connection is kept', () => {
  const { clock, connector, heartbeat, changes, answer, becomeHealthy } = setUp();
  assert.equal(heartbeat.verdict.state, 'unknown');
  becomeHealthy();
  assert.equal(heartbeat.verdict.state, 'healthy');
  clock.advance(5000);
  assert.equal(connector.connections.length, 1);
  assert.equal(connector.last.written.length, 2);
  assert.equal(connector.last.written[1]?.length, 45, 'a head of 22 bytes and the header that announces goaway');
  answer();
  assert.deepEqual(changes, ['healthy']);
  heartbeat.close();
  assert.equal(connector.last.closed, true);
  assert.equal(clock.pending, 0);
});

test('slow answers are forgiven until too many are missed in a row', () => {
  const { clock, connector, heartbeat, changes, answer, becomeHealthy } = setUp();
  becomeHealthy();
  clock.advance(5000 + 3000);
  clock.advance(5000 + 3000);
  assert.equal(heartbeat.verdict.state, 'healthy');
  clock.advance(5000);
  answer();
  clock.advance(2 * (5000 + 3000));
  assert.equal(heartbeat.verdict.state, 'healthy');
  clock.advance(5000 + 3000);
  assert.deepEqual(heartbeat.verdict, {
    state: 'unhealthy',
    reason: 'port 12199: 3 heartbeats in a row were not answered within 3000 ms',
  });
  clock.advance(1000);
  assert.equal(connector.connections.length, 2);
  connector.last.handlers.onOpen();
  answer();
  assert.deepEqual(changes, ['healthy', 'unhealthy', 'healthy']);
  heartbeat.close();
});

test('a late answer to an earlier heartbeat is no answer to this one', () => {
  const { clock, connector, heartbeat, becomeHealthy } = setUp();
  becomeHealthy();
  clock.advance(5000 + 3000 + 5000);
  connector.last.handlers.onData(acknowledge(connector.last.written[1]!));
  clock.advance(3000 + 5000 + 3000);
  assert.equal(heartbeat.verdict.state, 'unhealthy');
  heartbeat.close();
});

test('a process that is gone is seen at once: closed, then refused', () => {
  const { clock, connector, heartbeat, becomeHealthy } = setUp();
  becomeHealthy();
  connector.last.handlers.onClose('the application closed the connection');
  assert.equal(heartbeat.verdict.state, 'healthy');
  clock.advance(200);
  connector.last.handlers.onClose('connection refused');
  assert.deepEqual(heartbeat.verdict, { state: 'unhealthy', reason: 'port 12199: connection refused' });
  heartbeat.close();
});

test('a closed connection that can be made again changes nothing', () => {
  const { clock, connector, changes, heartbeat, answer, becomeHealthy } = setUp();
  becomeHealthy();
  connector.last.handlers.onClose('the application closed the connection');
  clock.advance(200);
  connector.last.handlers.onOpen();
  answer();
  assert.deepEqual(changes, ['healthy']);
  heartbeat.close();
});

test('an application that comes back is found within a second', () => {
  const { clock, connector, heartbeat, answer } = setUp();
  heartbeat.checkNow();
  connector.last.handlers.onClose('connection refused');
  clock.advance(200);
  connector.last.handlers.onClose('connection refused');
  assert.equal(heartbeat.verdict.state, 'unhealthy');
  clock.advance(1000);
  connector.last.handlers.onOpen();
  answer();
  assert.equal(heartbeat.verdict.state, 'healthy');
  heartbeat.close();
});

test('what does not speak Bolt is not healthy', () => {
  const { clock, connector, heartbeat } = setUp();
  heartbeat.checkNow();
  for (let i = 0; i < 2; i++) {
    connector.last.handlers.onOpen();
    connector.last.handlers.onData(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'));
    clock.advance(200);
  }
  assert.match(heartbeat.verdict.reason, /does not speak the protocol/);
  heartbeat.close();
});

test('suspicion checks at once, but not for each of many troubles', () => {
  const { clock, connector, heartbeat, answer, becomeHealthy } = setUp();
  becomeHealthy();
  for (let i = 0; i < 10; i++) heartbeat.suspect();
  assert.equal(connector.last.written.length, 2);
  answer();
  heartbeat.suspect();
  assert.equal(connector.last.written.length, 2);
  clock.advance(100);
  heartbeat.suspect();
  assert.equal(connector.last.written.length, 3);
  heartbeat.close();
});

test('a port of another protocol is connected to, and no connection is kept', () => {
  const { clock, connector, heartbeat, changes } = setUp(false);
  assert.equal(heartbeat.verdict.reason, 'port 12199 has not taken a connection yet');
  heartbeat.checkNow();
  connector.last.handlers.onOpen();
  assert.deepEqual([connector.last.closed, connector.last.written], [true, []]);
  clock.advance(5000);
  connector.last.handlers.onOpen();
  assert.deepEqual([connector.connections.length, changes], [2, ['healthy']]);
  clock.advance(2 * (5000 + 3000));
  assert.equal(heartbeat.verdict.state, 'healthy');
  clock.advance(5000 + 3000);
  assert.equal(heartbeat.verdict.reason, 'port 12199: 3 connections in a row were not taken within 3000 ms');
  clock.advance(1000);
  connector.last.handlers.onOpen();
  heartbeat.suspect();
  connector.last.handlers.onClose('connection refused');
  clock.advance(200);
  connector.last.handlers.onClose('connection refused');
  assert.deepEqual(changes, ['healthy', 'unhealthy', 'healthy', 'unhealthy']);
  heartbeat.close();
  assert.equal(clock.pending, 0);
});
