import type { Dialect } from '../load/frames.ts';
import type { LaneLoad, Scenario } from './scenario.ts';

const V1: Dialect = { version: 1, crc: false };
const V2_CRC: Dialect = { version: 2, crc: true };
const MULTIPLEXED: LaneLoad = {
  by: 'lanes',
  traffic: { protocol: 'bolt', dialect: V1, oneByOne: false },
  connections: 32,
  pace: { kind: 'closed', inFlight: 16 },
};
const ONE_IN_FLIGHT: LaneLoad = { ...MULTIPLEXED, pace: { kind: 'closed', inFlight: 1 } };
const LOAD = { kind: 'load', protocol: 'bolt', light: false, turns: 1, peers: ['haproxy'] } as const;

/** All carry contents of 1 KiB, there and back; Bolt v1 unless they say otherwise. */
export const BOLT_SCENARIOS: readonly Scenario[] = [
  {
    ...LOAD,
    name: 'multiplexed',
    title: '32 connections × 16 in flight, writes coalesced',
    load: MULTIPLEXED,
    wanted: [{ figure: 'cpu', atMost: 12 }],
  },
  {
    ...LOAD,
    name: 'one-by-one',
    title: '32 connections × 16 in flight, each request in a write of its own',
    load: { ...MULTIPLEXED, traffic: { protocol: 'bolt', dialect: V1, oneByOne: true } },
    wanted: [{ figure: 'cpu', atMost: 12 }],
  },
  {
    ...LOAD,
    name: 'crc',
    title: '32 connections × 16 in flight, Bolt v2 with CRC, writes coalesced',
    load: { ...MULTIPLEXED, traffic: { protocol: 'bolt', dialect: V2_CRC, oneByOne: false } },
    wanted: [],
  },
  {
    ...LOAD,
    name: 'connections',
    title: '128 connections × 1 in flight',
    load: { ...ONE_IN_FLIGHT, connections: 128 },
    wanted: [{ figure: 'cpu-ratio', to: 'haproxy', atMost: 1.5 }],
  },
  {
    ...LOAD,
    name: 'single',
    title: '1 connection × 1 in flight',
    load: { ...ONE_IN_FLIGHT, connections: 1 },
    light: true,
    turns: 4,
    wanted: [{ figure: 'added-p50', atMost: 0.1 }],
  },
  {
    ...LOAD,
    name: 'fixed-rate',
    title: '2,000 requests/s on 16 connections, open loop',
    load: { ...MULTIPLEXED, connections: 16, pace: { kind: 'open', rate: 2000 } },
    light: true,
    wanted: [],
  },
  {
    kind: 'memory',
    protocol: 'bolt',
    name: 'memory',
    title: 'resident MB: just started, with 1,000 idle connections, after multiplexed',
    idleConnections: 1000,
    idleTraffic: MULTIPLEXED.traffic,
    load: MULTIPLEXED,
    mostRounds: Infinity,
    wanted: [{ figure: 'idle-memory', atMost: 60 }],
  },
];
