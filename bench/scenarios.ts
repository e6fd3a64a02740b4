import type { Dialect } from './load/frames.ts';
import type { Pace } from './load/contract.ts';

/** A figure that one sidecar should reach. */
export type Wanted =
  | { figure: 'cpu'; atMost: number }
  /** CPU relative to HAProxy's. */
  | { figure: 'cpu-ratio'; atMost: number }
  /** Added to the direct call's p50, in ms. */
  | { figure: 'added-p50'; atMost: number }
  /** Resident set in MB (2^20 bytes) of a proxy that has just started. */
  | { figure: 'idle-memory'; atMost: number };

export type LoadScenario = {
  kind: 'load';
  name: string;
  title: string;
  dialect: Dialect;
  connections: number;
  pace: Pace;
  /** How many turns share the time of one round: more, shorter ones follow a machine whose speed changes. */
  turns: number;
  wanted: readonly Wanted[];
};

export type MemoryScenario = {
  kind: 'memory';
  name: string;
  title: string;
  idleConnections: number;
  /** The load before the last figure. */
  load: Pick<LoadScenario, 'dialect' | 'connections' | 'pace'>;
  wanted: readonly Wanted[];
};

export type Scenario = LoadScenario | MemoryScenario;

const V1: Dialect = { version: 1, crc: false };
const V2_CRC: Dialect = { version: 2, crc: true };
const MULTIPLEXED = { connections: 32, pace: { kind: 'closed', inFlight: 16 } } as const;

/** All carry contents of 1 KiB, there and back. */
export const SCENARIOS: readonly Scenario[] = [
  {
    kind: 'load',
    name: 'multiplexed',
    title: '32 connections × 16 in flight, Bolt v1',
    dialect: V1,
    ...MULTIPLEXED,
    turns: 1,
    wanted: [{ figure: 'cpu', atMost: 12 }],
  },
  {
    kind: 'load',
    name: 'multiplexed-crc',
    title: '32 connections × 16 in flight, Bolt v2 with CRC',
    dialect: V2_CRC,
    ...MULTIPLEXED,
    turns: 1,
    wanted: [],
  },
  {
    kind: 'load',
    name: 'connections',
    title: '128 connections × 1 in flight, Bolt v1',
    dialect: V1,
    connections: 128,
    pace: { kind: 'closed', inFlight: 1 },
    turns: 1,
    wanted: [{ figure: 'cpu-ratio', atMost: 1.5 }],
  },
  {
    kind: 'load',
    name: 'single',
    title: '1 connection × 1 in flight, Bolt v1',
    dialect: V1,
    connections: 1,
    pace: { kind: 'closed', inFlight: 1 },
    turns: 4,
    wanted: [{ figure: 'added-p50', atMost: 0.1 }],
  },
  {
    kind: 'load',
    name: 'fixed-rate',
    title: '2,000 requests/s on 16 connections, open loop, Bolt v1',
    dialect: V1,
    connections: 16,
    pace: { kind: 'open', rate: 2000 },
    turns: 1,
    wanted: [],
  },
  {
    kind: 'memory',
    name: 'memory',
    title: 'resident memory: just started, with 1,000 idle connections, after the multiplexed load',
    idleConnections: 1000,
    load: { dialect: V1, ...MULTIPLEXED },
    wanted: [{ figure: 'idle-memory', atMost: 60 }],
  },
];
