import type { ClusterPolicy } from '../policy.ts';

/** One that no test runs into by chance. */
export const POLICY: ClusterPolicy = {
  lb: 'round_robin',
  balancing: { preferZone: false, overprovision: 140, panicThreshold: 0, slowStart: 0 },
  hash: [],
  connectTimeout: 3000,
  timeout: 3000,
  connections: 1,
  maxPendingPerConnection: 100,
  queue: { max: 100, timeout: 3000 },
  heartbeat: { interval: 15_000, maxInterval: 90_000, misses: 6, timeout: 3000 },
  retries: { attempts: 0, on: [] },
  http: { version: 'same', connections: 1024, timeout: 15_000, idleTimeout: 60_000 },
};
