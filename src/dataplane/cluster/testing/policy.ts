import type { ClusterPolicy, OutlierPolicy, RetryPolicy } from '../policy.ts';

/** None, and no pauses where a test asks for some. */
export const RETRIES: RetryPolicy = {
  attempts: 0,
  on: [],
  statuses: [],
  grpc: [],
  nonIdempotent: false,
  perTryTimeout: 0,
  backoff: { base: 0, max: 0 },
  budget: { percent: 100, min: 100 },
};

/** Off. */
export const OUTLIER: OutlierPolicy = {
  consecutive: 0,
  failurePercentage: 0,
  successRate: 0,
  minEndpoints: 5,
  minRequests: 50,
  interval: 10_000,
  baseEjection: 30_000,
  maxEjection: 300_000,
  maxEjected: 10,
};

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
  retries: RETRIES,
  breaker: { requests: 0, connections: 0 },
  outlier: OUTLIER,
  http: { version: 'same', connections: 1024, timeout: 15_000, idleTimeout: 60_000 },
};
