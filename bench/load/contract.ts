import type { Latency } from '../measure/histogram.ts';
import type { Dialect } from './frames.ts';

/** What the bench asks of its load generator, one JSON line each on its stdin. */
export type Command =
  | { kind: 'load'; spec: LoadSpec }
  /** Opens connections, makes one call on each, and keeps them. */
  | { kind: 'hold'; port: number; connections: number; traffic: Traffic }
  | { kind: 'release' };

/** The answer, one JSON line on its stdout. */
export type Answer = { kind: 'result'; result: LoadResult } | { kind: 'done' } | { kind: 'error'; message: string };

export type LoadSpec = {
  port: number;
  traffic: Traffic;
  connections: number;
  pace: Pace;
  /** Load before the measured window, in ms. */
  warmUpMs: number;
  /** The measured window, in ms; it lasts longer where it would end without a reply. */
  durationMs: number;
  /** The processes whose CPU time counts: the proxies between the generator and the echo server. */
  proxies: number[];
};

export type Traffic =
  /** Calls to an echo server. `oneByOne`: each in a write of its own, also when several can leave together. */
  | { protocol: 'bolt'; dialect: Dialect; oneByOne: boolean }
  /** Small requests over HTTP/1.1, one in flight on a connection; what is due meanwhile waits its turn. */
  | { protocol: 'http1' };

export type Pace =
  /** Closed loop: each connection keeps this many requests in flight. */
  | { kind: 'closed'; inFlight: number }
  /** Open loop: requests leave on a schedule, however slow the replies are. */
  | { kind: 'open'; rate: number };

export type LoadResult = {
  /** Checked replies within the window. */
  requests: number;
  /** Length of the window as it was. */
  seconds: number;
  failures: number;
  /** The first few failures, in words. */
  failureNotes: string[];
  /**
   * In ms. Closed loop: from the read that made room for the request (so a little early) to its reply. Open loop: from
   * the moment the schedule wanted it sent, so that a stall counts for every request that it delays.
   */
  latency: Latency;
  /** CPU time of the proxies within the window, user and system, in µs. */
  proxyCpuMicros: number;
  /** The generator's own, to show what it takes from the machine; not known of a tool that ended by itself. */
  generatorCpuMicros?: number;
  /** Open loop only: how late the generator itself was, in ms. Part of `latency`. */
  lateness?: { p50: number; p99: number };
};
