import * as v from 'valibot';
import { count, duration, flag, oneOf } from './leaf.ts';

/** The part of a cluster's policy that is about requests which fail. */

const attempts = count('How often a failed request is tried again; 0 turns retries off.', { min: 0, max: 10 });
const retryOn = v.pipe(
  v.array(
    oneOf('A failure.', ['connect-failure', 'reset', 'timeout', '5xx', 'gateway-error', 'retriable-status', 'busy']),
  ),
  v.description(
    'Failures that are tried again: connect-failure (nothing was sent), reset (the connection broke before a reply; the ' +
      'service may have run), timeout (perTryTimeout), 5xx, gateway-error (502, 503, 504), retriable-status (`statuses` and ' +
      '`grpc`), busy (Bolt: the thread pool of the service is full).',
  ),
);
const statuses = v.pipe(
  v.array(count('A status.', { min: 400, max: 599 })),
  v.description('Statuses of HTTP that are tried again, with retriable-status.'),
);
const grpc = v.pipe(
  v.array(count('A code.', { min: 1, max: 16 })),
  v.description('Codes of gRPC that are tried again, with retriable-status: 14 is UNAVAILABLE.'),
);
const nonIdempotent = flag(
  'Whether POST and other methods that are not idempotent are tried again when they may have run.',
);
const perTryTimeout = duration('How long each try may wait for the head of its response; 0s: as long as all of them.');
const backoffBase = duration('The longest pause before the second try; it doubles with each.', { min: 1 });
const backoffMax = duration('The longest pause before any try.', { min: 1 });
const budgetPercent = count('Percent of the requests under way that may be tries beyond the first.', {
  min: 0,
  max: 100,
});
const budgetMin = count('So many always may.', { min: 0, max: 10_000 });

const maxRequests = count('Requests under way; 0: any number.', { min: 0, max: 1_000_000 });
const maxConnections = count('Connections to all endpoints together, though each may always have one; 0: any number.', {
  min: 0,
  max: 1_000_000,
});

const consecutive = count('Failures in a row that eject an endpoint; 0: none do.', { min: 0, max: 1000 });
const failurePercentage = count('Percent of its requests in `interval` that eject an endpoint; 0: none do.', {
  min: 0,
  max: 100,
});
const successRate = count(
  'How many standard deviations below the mean success rate of all eject an endpoint; 0: none do.',
  { min: 0, max: 10 },
);
const minEndpoints = count('failurePercentage and successRate count where so many endpoints are compared.', {
  min: 1,
  max: 1000,
});
const minRequests = count('And each of them has had so many requests in `interval`.', { min: 1, max: 1_000_000 });
const interval = duration('How often endpoints are compared, and taken back in.', { min: 100 });
const baseEjection = duration('How long an endpoint rests; times the number of its ejections.', { min: 1 });
const maxEjection = duration('The longest rest.', { min: 1 });
const maxEjected = count('Percent of the endpoints that may rest at a time; one always may.', { min: 0, max: 100 });

const RETRIES = 'Retries of failed requests, on another endpoint where there is one.';
const BACKOFF = 'Pauses before a try, by chance between 0 and the longest.';
const BUDGET =
  'How many tries beyond the first may be under way, so that retries do not become a storm; connect-failure does not count.';
const BREAKER = 'What may be under way at once; beyond it requests are refused at once.';
const OUTLIER = 'Endpoints whose requests fail rest for a while: outlier detection.';

/** All of retries but the budget, which requests of all routes to a cluster share. */
const retryRules = {
  attempts: v.exactOptional(attempts),
  on: v.exactOptional(retryOn),
  statuses: v.exactOptional(statuses),
  grpc: v.exactOptional(grpc),
  nonIdempotent: v.exactOptional(nonIdempotent),
  perTryTimeout: v.exactOptional(perTryTimeout),
  backoff: v.exactOptional(
    v.pipe(
      v.strictObject({ base: v.exactOptional(backoffBase), max: v.exactOptional(backoffMax) }),
      v.description(BACKOFF),
    ),
  ),
};

/** Of a route. */
export const routeRetries = v.pipe(
  v.strictObject(retryRules),
  v.description(
    "What is different from the cluster's retries for requests of this route; the budget is the cluster's.",
  ),
);

export const failureOverrides = {
  retries: v.exactOptional(
    v.pipe(
      v.strictObject({
        ...retryRules,
        budget: v.exactOptional(
          v.pipe(
            v.strictObject({ percent: v.exactOptional(budgetPercent), min: v.exactOptional(budgetMin) }),
            v.description(BUDGET),
          ),
        ),
      }),
      v.description(RETRIES),
    ),
  ),
  breaker: v.exactOptional(
    v.pipe(
      v.strictObject({ requests: v.exactOptional(maxRequests), connections: v.exactOptional(maxConnections) }),
      v.description(BREAKER),
    ),
  ),
  outlier: v.exactOptional(
    v.pipe(
      v.strictObject({
        consecutive: v.exactOptional(consecutive),
        failurePercentage: v.exactOptional(failurePercentage),
        successRate: v.exactOptional(successRate),
        minEndpoints: v.exactOptional(minEndpoints),
        minRequests: v.exactOptional(minRequests),
        interval: v.exactOptional(interval),
        baseEjection: v.exactOptional(baseEjection),
        maxEjection: v.exactOptional(maxEjection),
        maxEjected: v.exactOptional(maxEjected),
      }),
      v.description(OUTLIER),
    ),
  ),
};

export const failureDefaults = {
  retries: v.optional(
    v.pipe(
      v.strictObject({
        attempts: v.optional(attempts, 0),
        on: v.optional(retryOn, []),
        statuses: v.optional(statuses, []),
        grpc: v.optional(grpc, []),
        nonIdempotent: v.optional(nonIdempotent, false),
        perTryTimeout: v.optional(perTryTimeout, '0s'),
        backoff: v.optional(
          v.pipe(
            v.strictObject({ base: v.optional(backoffBase, '25ms'), max: v.optional(backoffMax, '250ms') }),
            v.description(BACKOFF),
          ),
          {},
        ),
        budget: v.optional(
          v.pipe(
            v.strictObject({ percent: v.optional(budgetPercent, 20), min: v.optional(budgetMin, 10) }),
            v.description(BUDGET),
          ),
          {},
        ),
      }),
      v.description(RETRIES),
    ),
    {},
  ),
  breaker: v.optional(
    v.pipe(
      v.strictObject({ requests: v.optional(maxRequests, 0), connections: v.optional(maxConnections, 0) }),
      v.description(BREAKER),
    ),
    {},
  ),
  outlier: v.optional(
    v.pipe(
      v.strictObject({
        consecutive: v.optional(consecutive, 0),
        failurePercentage: v.optional(failurePercentage, 0),
        successRate: v.optional(successRate, 0),
        minEndpoints: v.optional(minEndpoints, 5),
        minRequests: v.optional(minRequests, 50),
        interval: v.optional(interval, '10s'),
        baseEjection: v.optional(baseEjection, '30s'),
        maxEjection: v.optional(maxEjection, '5m'),
        maxEjected: v.optional(maxEjected, 10),
      }),
      v.description(OUTLIER),
    ),
    {},
  ),
};
