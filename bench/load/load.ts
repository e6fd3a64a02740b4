import { LatencyHistogram } from '../measure/histogram.ts';
import { cpuMicros } from '../measure/process-usage.ts';
import type { LoadResult, LoadSpec, Pace, Traffic } from './contract.ts';
import { BoltLane } from './bolt-lane.ts';
import { echoTraffic } from './echo-traffic.ts';
import { HttpLane } from './http-lane.ts';
import type { Lane, LaneEvents, LaneOptions } from './lane.ts';
import { startSchedule } from './schedule.ts';

/** Without a single reply for this long, a run is over: a failure, not a wait without end. */
const STALL_MS = 5000;
/** In an open loop replies may pile up behind a stall: up to this many a connection, 8 s at 2,000 requests/s on 16. */
const OPEN_LOOP_CAPACITY = 1024;
const READ_BUFFER = 64 * 1024;
const MAX_NOTES = 5;

/** One run: connect, warm up, measure, let what is in flight come home, close. */
export async function runLoad(spec: LoadSpec, stallMs = STALL_MS): Promise<LoadResult> {
  const run = new LoadRun(spec, stallMs);
  try {
    await run.connect();
    await run.warmUp();
    return await run.measure();
  } finally {
    run.close();
  }
}

/** Opens connections that have made one call each; resolves to the function that closes them. */
export async function holdConnections(port: number, connections: number, traffic: Traffic): Promise<() => void> {
  const pace: Pace = { kind: 'closed', inFlight: 1 };
  const spec = { port, traffic, connections, pace, warmUpMs: 0, durationMs: 0, proxies: [] };
  const run = new LoadRun(spec, STALL_MS);
  try {
    await run.connect();
    await run.callOnce();
    return () => run.close();
  } catch (error) {
    run.close();
    throw error;
  }
}

function laneOpener(traffic: Traffic): (options: LaneOptions) => Promise<Lane> {
  if (traffic.protocol === 'http1') return (options) => HttpLane.open(options);
  const echo = echoTraffic(traffic.dialect);
  return (options) => BoltLane.open({ ...options, traffic: echo });
}

class LoadRun {
  readonly #spec: LoadSpec;
  readonly #stallMs: number;
  readonly #oneByOne: boolean;
  readonly #lanes: Lane[] = [];
  readonly #latency = new LatencyHistogram();
  readonly #lateness = new LatencyHistogram();
  readonly #failureNotes: string[] = [];
  #failures = 0;
  #lastReply = 0;
  #sending = false;
  #nextLane = 0;
  #changed: () => void = () => undefined;
  #stopSchedule: () => void = () => undefined;

  constructor(spec: LoadSpec, stallMs: number) {
    this.#spec = spec;
    this.#stallMs = stallMs;
    this.#oneByOne = spec.traffic.protocol === 'bolt' && spec.traffic.oneByOne;
  }

  async connect(): Promise<void> {
    const { connections, port, pace } = this.#spec;
    const events: LaneEvents = {
      onReply: (since, now) => this.#latency.record(now - since),
      onRead: (lane, now) => this.#onRead(lane, now),
      onFailure: (what) => this.#onFailure(what),
    };
    const open = laneOpener(this.#spec.traffic);
    const capacity = pace.kind === 'closed' ? pace.inFlight : OPEN_LOOP_CAPACITY;
    const readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER);
    for (let number = 0; number < connections; number++) {
      this.#lanes.push(await open({ port, number, capacity, readBuffer, events }));
    }
    this.#lastReply = performance.now();
  }

  async warmUp(): Promise<void> {
    this.#sending = true;
    const { pace } = this.#spec;
    if (pace.kind === 'closed') this.#fillLanes();
    else this.#stopSchedule = await startSchedule(pace.rate, (due, now) => this.#sendDue(due, now));
    await this.#waitFor(this.#spec.warmUpMs);
  }

  async measure(): Promise<LoadResult> {
    this.#latency.reset();
    this.#lateness.reset();
    const start = { at: performance.now(), proxies: this.#proxyCpu(), own: cpuMicros(process.pid) };
    await this.#waitFor(this.#spec.durationMs);
    const latency = this.#latency;
    const lateness = this.#lateness;
    const result: LoadResult = {
      requests: latency.count,
      seconds: (performance.now() - start.at) / 1000,
      failures: 0,
      failureNotes: this.#failureNotes,
      latency: latency.summary(),
      proxyCpuMicros: this.#proxyCpu() - start.proxies,
      generatorCpuMicros: cpuMicros(process.pid) - start.own,
    };
    if (this.#spec.pace.kind === 'open') {
      result.lateness = { p50: lateness.quantile(0.5), p99: lateness.quantile(0.99) };
    }
    await this.#comeHome();
    return { ...result, failures: this.#failures };
  }

  async callOnce(): Promise<void> {
    this.#fillLanes();
    await this.#comeHome();
    if (this.#failures > 0) throw new Error(`the first calls failed: ${this.#failureNotes.join('; ')}`);
  }

  close(): void {
    this.#sending = false;
    this.#stopSchedule();
    for (const lane of this.#lanes) lane.close();
  }

  #fillLanes(): void {
    const now = performance.now();
    for (const lane of this.#lanes) this.#refill(lane, now);
  }

  #refill(lane: Lane, now: number): void {
    while (lane.hasRoom) {
      lane.send(now);
      if (this.#oneByOne) lane.flush();
    }
    lane.flush();
  }

  #sendDue(due: number, now: number): void {
    const lane = this.#lanes[this.#nextLane++ % this.#lanes.length] as Lane;
    this.#lateness.record(now - due);
    if (!lane.hasRoom) return this.#onFailure('no room for another request in flight');
    lane.send(due);
    lane.flush();
  }

  #onRead(lane: Lane, now: number): void {
    this.#lastReply = now;
    this.#changed();
    if (this.#sending && this.#spec.pace.kind === 'closed') this.#refill(lane, now);
  }

  #onFailure(what: string): void {
    this.#failures++;
    if (this.#failureNotes.length < MAX_NOTES) this.#failureNotes.push(what);
  }

  /**
   * Lets the load run for `ms`, and beyond that until the first reply: a window without one has measured nothing.
   * Rejects when the replies stop coming.
   */
  #waitFor(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (outcome: () => void): void => {
        clearTimeout(timer);
        clearInterval(watch);
        this.#changed = () => undefined;
        outcome();
      };
      let over = false;
      this.#changed = () => {
        if (over && this.#latency.count > 0) settle(resolve);
      };
      const timer = setTimeout(() => {
        over = true;
        this.#changed();
      }, ms);
      const watch = setInterval(() => {
        if (performance.now() - this.#lastReply > this.#stallMs) settle(() => reject(this.#stalled()));
      }, 500);
    });
  }

  /** Sends nothing more and waits until every request has its reply; those without one in time are failures. */
  #comeHome(): Promise<void> {
    this.#sending = false;
    this.#stopSchedule();
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.#changed = () => undefined;
        resolve();
      };
      const timer = setTimeout(() => {
        const lost = this.#outstanding();
        this.#onFailure(`${lost} requests without a reply`);
        this.#failures += lost - 1;
        finish();
      }, this.#stallMs);
      this.#changed = () => {
        if (this.#outstanding() === 0) finish();
      };
      this.#changed();
    });
  }

  #outstanding(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.outstanding, 0);
  }

  #proxyCpu(): number {
    return this.#spec.proxies.reduce((sum, pid) => sum + cpuMicros(pid), 0);
  }

  #stalled(): Error {
    const notes = this.#failureNotes.length === 0 ? '' : `; ${this.#failureNotes.join('; ')}`;
    return new Error(`no reply for ${this.#stallMs} ms, ${this.#outstanding()} requests wait${notes}`);
  }
}
