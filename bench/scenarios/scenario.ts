import type { LoadSpec } from '../load/contract.ts';

/** What is spoken on both sides of the proxy. */
export type Protocol = 'bolt' | 'http1' | 'http2' | 'grpc';

/** A figure that one sidecar should reach. */
export type Wanted =
  /** CPU µs of a request. */
  | { figure: 'cpu'; atMost: number }
  /** CPU of a request relative to that of another target. */
  | { figure: 'cpu-ratio'; to: string; atMost: number }
  /** Added to the direct call's p50, in ms. */
  | { figure: 'added-p50'; atMost: number }
  /** Above the p50 of another target, in ms; the same as what the two add to the direct p50, compared. */
  | { figure: 'p50-above'; of: string; atMost: number }
  /** Resident set in MB (2^20 bytes) of a proxy that has just started. */
  | { figure: 'idle-memory'; atMost: number };

export type Load = LaneLoad | WrkLoad | H2loadLoad;

/** By the load generator of this folder (load/). */
export type LaneLoad = { by: 'lanes' } & Pick<LoadSpec, 'traffic' | 'connections' | 'pace'>;

/** HTTP/1.1 by wrk: a closed loop, one request in flight on each connection. */
export type WrkLoad = { by: 'wrk'; connections: number; path: string; replyBytes: number };

/** HTTP/2 by h2load: a closed loop, so many streams in flight on each connection. */
export type H2loadLoad = { by: 'h2load'; connections: number; streams: number; path: string; grpc: boolean };

type Described = {
  name: string;
  title: string;
  protocol: Protocol;
  wanted: readonly Wanted[];
};

export type LoadScenario = Described & {
  kind: 'load';
  load: Load;
  /** The machine is far from saturated, so that latencies tell what a proxy adds. */
  light: boolean;
  /** How many turns share the time of one round: more, shorter ones follow a machine whose speed changes. */
  turns: number;
  /** The targets whose CPU the table compares with. */
  peers: readonly string[];
};

export type MemoryScenario = Described & {
  kind: 'memory';
  idleConnections: number;
  /** What those connections speak. */
  idleTraffic: LoadSpec['traffic'];
  /** The load before the last figure. */
  load: Load;
  /** Most rounds: each starts all targets anew, which takes long. */
  mostRounds: number;
};

export type Scenario = LoadScenario | MemoryScenario;
