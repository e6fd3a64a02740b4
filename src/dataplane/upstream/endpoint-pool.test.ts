import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { Budget } from '../../core/budget.ts';
import type { WeftError } from '../../core/errors.ts';
import type { Place } from '../../core/line.ts';
import { POLICY as BASE } from '../cluster/testing/policy.ts';
import { ManualClock } from '../../core/manual-clock.ts';
import { until } from '../../core/testing/settled.ts';
import { TimerWheel } from '../../core/timer-wheel.ts';
import { Cluster } from '../cluster/cluster.ts';
import { boltCodec } from '../codec/bolt/codec.ts';
import { encodeFrame } from '../codec/bolt/encode.ts';
import { BufferSink } from '../message/buffer-sink.ts';
import { NetContext } from '../net/net-context.ts';
import { EndpointPool } from './endpoint-pool.ts';
import type { UpstreamCall } from './upstream-call.ts';

/** A call that only remembers what became of it. */
class TestCall implements UpstreamCall {
  readonly oneway = true;
  #kept: Buffer | undefined;
  place: Place | undefined;
  error: WeftError | undefined;
  readonly #sent: () => void;
  /** Resolves when it has been sent. */
  readonly sent: Promise<void>;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.sent = promise;
    this.#sent = resolve;
  }

  keep(bytes: Buffer, start: number, end: number): boolean {
    this.#kept = Buffer.from(bytes.subarray(start, end));
    return true;
  }

  takeUp(): Buffer {
    return this.#kept!;
  }

  onQueued(place: Place): void {
    this.place = place;
  }

  onSent(): void {
    this.#sent();
  }

  onReply(): void {}

  onFailure(error: WeftError): void {
    this.error = error;
  }
}

const POLICY = {
  ...BASE,
  connectTimeout: 1000,
  timeout: 1000,
  maxPendingPerConnection: 10,
  queue: { max: 2, timeout: 1000 },
  heartbeat: { interval: 1000, maxInterval: 1000, misses: 2, timeout: 1000 },
} as const;

/** A pool to `port`, on a clock that stands still; `stop` ends it. */
function poolTo(port: number) {
  const clock = new ManualClock();
  const slowWheel = new TimerWheel(clock, 250);
  const deps = {
    net: new NetContext(clock),
    clock,
    chance: () => 0.5,
    slowWheel,
    codec: boltCodec,
    limits: { maxFrame: 1 << 20, maxHeader: 0xffff, highWater: 1 << 20 },
    budget: new Budget(1 << 20),
    nextId: () => 1,
  };
  const cluster = new Cluster('a', POLICY, deps);
  cluster.update([{ host: '127.0.0.1', port, weight: 1 }]);
  const endpoint = cluster.pick(undefined)!;
  const pool = new EndpointPool(deps, cluster, endpoint);
  const frame = new BufferSink();
  encodeFrame(frame, { protocol: 1, type: 2, command: 1, id: 1 });
  const dispatch = (): TestCall => {
    const call = new TestCall();
    cluster.use(clock.now());
    pool.dispatch(call, frame.bytes(), 0, frame.bytes().length);
    return call;
  };
  const stop = (): void => {
    pool.drain();
    slowWheel.stop();
  };
  return { endpoint, pool, dispatch, stop };
}

/** A server that reads and says nothing. */
async function silentServer(port = 0): Promise<net.Server> {
  const server = net.createServer((socket) => socket.resume()).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function portOf(server: net.Server): number {
  return (server.address() as net.AddressInfo).port;
}

test('a call that stops waiting for a connection gives its place to another', async () => {
  const server = await silentServer();
  const { dispatch, stop } = poolTo(portOf(server));
  const [first, second, third] = [dispatch(), dispatch(), dispatch()];
  assert.match(third.error!.message, /2 requests wait for a connection/);
  first.place!.leave();
  const fourth = dispatch();
  await Promise.all([second.sent, fourth.sent]);
  const left = await Promise.race([first.sent.then(() => 'sent'), Promise.resolve('not sent')]);
  assert.equal(left, 'not sent');

  const closed = once(server, 'close');
  server.close();
  stop();
  await closed;
});

test('an endpoint that others have seen at work is tried at once', async () => {
  const gone = await silentServer();
  const port = portOf(gone);
  gone.close();
  await once(gone, 'close');
  const { endpoint, pool, dispatch, stop } = poolTo(port);
  dispatch();
  await until('it is not usable', () => !endpoint.usable);
  assert.match(dispatch().error!.message, /ECONNREFUSED/);
  const server = await silentServer(port);
  assert.match(dispatch().error!.message, /ECONNREFUSED/, 'the pause is not over');
  pool.onAlive();
  await dispatch().sent;

  const closed = once(server, 'close');
  server.close();
  stop();
  await closed;
});
