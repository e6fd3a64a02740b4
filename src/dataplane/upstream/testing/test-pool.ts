import { test } from 'node:test';
import { POLICY } from '../../cluster/testing/policy.ts';
import { Budget } from '../../../core/budget.ts';
import type { WeftError } from '../../../core/errors.ts';
import type { Place } from '../../../core/line.ts';
import { ManualClock } from '../../../core/manual-clock.ts';
import { settled, until } from '../../../core/testing/settled.ts';
import { TimerWheel } from '../../../core/timer-wheel.ts';
import { Cluster } from '../../cluster/cluster.ts';
import type { Endpoint } from '../../cluster/endpoint.ts';
import type { ClusterPolicy } from '../../cluster/policy.ts';
import { HeadWriter, newHopFields } from '../../codec/http1/head-writer.ts';
import { Http2Head } from '../../codec/http2/head.ts';
import type { ResponseHead } from '../../message/http-head.ts';
import type { EndpointStream, Trailers } from '../../message/http-stream.ts';
import { NO_EDITS } from '../../message/local-head.ts';
import { NetContext } from '../../net/net-context.ts';
import type { HttpCall } from '../http/http-call.ts';
import { HttpPool } from '../http/http-pool.ts';
import { Http2Server } from './http2-peer.ts';
import { TextServer } from './text-peer.ts';

const chance = (): number => 0.5;

/** Sends a GET as soon as it has a stream, and remembers what becomes of it. */
export class TestCall implements HttpCall {
  /** `queued`, `200`, `end`, and the codes of errors. */
  readonly events: string[] = [];
  stream: EndpointStream | undefined;
  place: Place | undefined;
  error: WeftError | undefined;
  content = '';
  readonly #path: string;

  constructor(path = '/') {
    this.#path = path;
  }

  onStream(stream: EndpointStream): void {
    this.stream = stream;
    const head = Object.assign(new Http2Head(), { method: 'GET', scheme: 'http', authority: 'a', path: this.#path });
    stream.sendRequest(head, undefined, undefined, NO_EDITS, true);
  }
  onQueued(place: Place): void {
    this.place = place;
    this.events.push('queued');
  }
  onUnavailable(error: WeftError): void {
    this.error = error;
    this.events.push(error.code);
  }
  onInterim(head: ResponseHead): void {
    this.events.push(String(head.status));
  }
  onResponse(head: ResponseHead, end: boolean): void {
    this.events.push(String(head.status), ...(end ? ['end'] : []));
  }
  onTunnel(): void {
    this.events.push('tunnel');
  }
  onResponseData(bytes: Buffer, start: number, end: number): void {
    this.content += bytes.toString('latin1', start, end);
  }
  onResponseEnd(_trailers: Trailers): void {
    this.events.push('end');
  }
  onEndpointLost(error: WeftError): void {
    this.error = error;
    this.events.push(error.code);
  }
  onEndpointDrained(): void {
    this.events.push('drained');
  }

  /** The last of what has become of it. */
  get last(): string {
    return this.events.at(-1) ?? '';
  }
}

export interface PoolOptions {
  readonly queue?: number;
  readonly http?: Partial<ClusterPolicy['http']>;
}

/** A pool to one endpoint, on a clock that stands still until it is moved. */
export class TestPool {
  readonly clock = new ManualClock();
  readonly net = new NetContext(this.clock);
  readonly cluster: Cluster;
  readonly endpoint: Endpoint;
  readonly pool: HttpPool;
  readonly #slowWheel = new TimerWheel(this.clock, 250);

  constructor(version: 1 | 2, port: number, { queue = 100, http = {} }: PoolOptions = {}) {
    const { clock } = this;
    const policy = { ...POLICY, queue: { max: queue, timeout: 3000 }, http: { ...POLICY.http, ...http } };
    this.cluster = new Cluster('shop', policy, { clock, chance });
    this.cluster.update([{ host: '127.0.0.1', port, weight: 1 }]);
    [this.endpoint] = this.cluster.endpoints as unknown as [Endpoint];
    const limits = {
      maxHead: 65_536,
      maxFields: 100,
      highWater: 1 << 20,
      streamWindow: 1 << 18,
      connectionWindow: 1 << 20,
    };
    this.pool = new HttpPool(
      {
        net: this.net,
        clock,
        chance,
        slowWheel: this.#slowWheel,
        budget: new Budget(1 << 20),
        http: limits,
        http1Writer: new HeadWriter(),
        hop: newHopFields(),
      },
      this.cluster,
      this.endpoint,
      version,
    );
    this.endpoint.resources = this.pool;
  }

  /** Deadlines that are set. */
  get alarms(): number {
    return this.#slowWheel.size;
  }

  /** A call, of which it is known at once whether it has to wait. */
  call(path?: string): TestCall {
    this.cluster.use(this.clock.now());
    const call = new TestCall(path);
    this.pool.acquire(call);
    return call;
  }

  async pass(ms: number, step = 250): Promise<void> {
    for (let passed = 0; passed < ms; passed += step) {
      this.clock.advance(Math.min(step, ms - passed));
      await settled();
    }
  }

  async close(): Promise<void> {
    this.cluster.close();
    await until('all connections are closed', () => this.pool.connections === 0);
    this.#slowWheel.stop();
  }
}

/** Defines a test whose `owner` closes what it opened, the last first. */
export function poolTest(
  name: string,
  run: (owner: { after(close: () => Promise<void>): void }) => Promise<void>,
): void {
  test(`http pool: ${name}`, async () => {
    const closing: (() => Promise<void>)[] = [];
    try {
      await run({ after: (close) => void closing.push(close) });
    } finally {
      // All of them, also when one fails.
      const closed = await Promise.allSettled(closing.map((close) => close()));
      for (const result of closed) if (result.status === 'rejected') console.error(result.reason);
    }
  });
}

type Owner = Parameters<Parameters<typeof poolTest>[1]>[0];

/** What any request is answered with. */
export const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

export async function toHttp1(owner: Owner, options?: PoolOptions) {
  const server = await TextServer.start();
  owner.after(() => server.close());
  const pool = new TestPool(1, server.port, options);
  owner.after(() => pool.close());
  return { server, pool };
}

export async function toHttp2(owner: Owner, maxStreams: number, options?: PoolOptions) {
  const server = await Http2Server.start({ maxStreams });
  owner.after(() => server.close());
  const pool = new TestPool(2, server.port, options);
  owner.after(() => pool.close());
  return { server, pool };
}
