import type { Dialect } from './load/frames.ts';
import type { LoadSpec } from './load/contract.ts';

/** A figure that one sidecar should reach. */
export type Wanted =
  | { figure: 'cpu'; atMost: number }
  /** CPU relative to HAProxy's. */
  | { figure: 'cpu-ratio'; atMost: number }
  /** Added to the direct call's p50, in ms. */
  | { figure: 'added-p50'; atMost: number }
  /** Resident set in MB (2^20 bytes) of a proxy that has just started. */
  | { figure: 'idle-memory'; atMost: number };

export type Load = Pick<LoadSpec, 'dialect' | 'connections' | 'pace' | 'oneByOne'>;

export type LoadScenario = {
  kind: 'load';
  name: string;
  title: string;
  load: Load;
  /** The machine is far from saturated, so that latencies tell what a proxy adds. */
  light: boolean;
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
  load: Load;
  wanted: readonly Wanted[];
};

export type Scenario = LoadScenario | MemoryScenario;

const V1: Dialect = { version: 1, crc: false };
const V2_CRC: Dialect = { version: 2, crc: true };
const MULTIPLEXED: Load = {
  dialect: V1,
  connections: 32,
  pace: { kind: 'closed', inFlight: 16 },
  oneByOne: false,
};
const ONE_IN_FLIGHT: Load = { ...MULTIPLEXED, pace: { kind: 'closed', inFlight: 1 } };

/** All carry contents of 1 KiB, there and back; Bolt v1 unless they say otherwise. */
export const SCENARIOS: readonly Scenario[] = [
  {
    kind: 'load',
    name: 'multiplexed',
    title: '32 connections × 16 in flight, writes coalesced',
    load: MULTIPLEXED,
    light: false,
    turns: 1,
    wanted: [{ figure: 'cpu', atMost: 12 }],
  },
  {
    kind: 'load',
    name: 'one-by-one',
    title: '32 connections × 16 in flight, each request in a write of its own',
    load: { ...MULTIPLEXED, oneByOne: true },
    light: false,
    turns: 1,
    wanted: [{ figure: 'cpu', atMost: 12 }],
  },
  {
    kind: 'load',
    name: 'crc',
    title: '32 connections × 16 in flight, Bolt v2 with CRC, writes coalesced',
    load: { ...MULTIPLEXED, dialect: V2_CRC },
    light: false,
    turns: 1,
    wanted: [],
  },
  {
    kind: 'load',
    name: 'connections',
    title: '128 connections × 1 in flight',
    load: { ...ONE_IN_FLIGHT, connections: 128 },
    light: false,
    turns: 1,
    wanted: [{ figure: 'cpu-ratio', atMost: 1.5 }],
  },
  {
    kind: 'load',
    name: 'single',
    title: '1 connection × 1 in flight',
    load: { ...ONE_IN_FLIGHT, connections: 1 },
    light: true,
    turns: 4,
    wanted: [{ figure: 'added-p50', atMost: 0.1 }],
  },
  {
    kind: 'load',
    name: 'fixed-rate',
    title: '2,000 requests/s on 16 connections, open loop',
    load: { ...MULTIPLEXED, connections: 16, pace: { kind: 'open', rate: 2000 } },
    light: true,
    turns: 1,
    wanted: [],
  },
  {
    kind: 'memory',
    name: 'memory',
    title: 'resident MB: just started, with 1,000 idle connections, after multiplexed',
    idleConnections: 1000,
    load: MULTIPLEXED,
    wanted: [{ figure: 'idle-memory', atMost: 60 }],
  },
];
