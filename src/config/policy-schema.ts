import * as v from 'valibot';
import { MAX_PENDING } from '../dataplane/stream/pending-table.ts';
import { failureDefaults, failureOverrides } from './failure-schema.ts';
import { healthDefaults, healthOverrides } from './health-schema.ts';
import { present } from './http-leaf.ts';
import { count, duration, flag, oneOf, text } from './leaf.ts';

/** The policy of a cluster, as a file says it and without what is left out filled in. */

const lb = oneOf(
  'How an endpoint is picked for each request: by chance among two the one with fewer requests under way (least_request) ' +
    'or the shorter wait to expect (peak_ewma), in turn (round_robin), by chance (random), or by the key that a route ' +
    'takes from the request (ring_hash, maglev).',
  ['least_request', 'peak_ewma', 'round_robin', 'random', 'ring_hash', 'maglev'],
);
const preferZone = flag('Whether endpoints in the zone of `node` come first, and others get what these cannot do.');
const overprovision = count(
  'Percent of its weight that a priority or zone can do when some of its endpoints are gone: 140 lets 70 % of them do all.',
  { min: 100, max: 1000 },
);
const panicThreshold = count(
  'Where so few percent of the endpoints are usable that no other priority or zone can help, all are tried; 0: only when none is.',
  { min: 0, max: 100 },
);
const hash = v.pipe(
  v.array(
    v.strictObject({
      header: v.exactOptional(text('A header; of Bolt in this case, of HTTP in any.', 'x-user')),
      cookie: v.exactOptional(text('A cookie.', 'session')),
      query: v.exactOptional(text('A parameter of the query.', 'user')),
      source: v.exactOptional(present("The caller's address.")),
    }),
  ),
  v.description('What ring_hash and maglev balance by: of these the first that a request has. Without one, by chance.'),
);
const slowStart = duration(
  'How long an endpoint that is new, or usable again, takes to come to its full share; 0s: none. Not of ring_hash and maglev.',
);
const connectTimeout = duration('How long one attempt to connect to an endpoint may take.', { min: 1 });
const timeout = duration('Deadline of a request whose frame names none.', { min: 1 });
const connections = count('Connections to each endpoint.', { min: 1, max: 1024 });
const maxPendingPerConnection = count('Requests that may wait for a reply on one connection.', {
  min: 1,
  max: MAX_PENDING,
});

const queueMax = count('Requests that may wait while no connection is ready; more are refused at once.', {
  min: 0,
  max: 1_000_000,
});
const queueTimeout = duration('How long a request may wait for a connection or for the first endpoints.');

const heartbeatInterval = duration('Idle time after which a connection is sent a heartbeat.', { min: 1 });
const heartbeatMaxInterval = duration('The interval grows up to this while the connection stays idle and healthy.', {
  min: 1,
});
const heartbeatMisses = count('Heartbeats without an answer after which the connection is closed.', {
  min: 1,
  max: 100,
});
const heartbeatTimeout = duration('How long the answer to a heartbeat may take.', { min: 1 });

const httpVersion = oneOf('The HTTP spoken to endpoints: that of the request, or always one.', [
  'same',
  'http1',
  'http2',
]);
const httpConnections = count('HTTP/1 connections to each endpoint.', { min: 1, max: 65535 });
const httpTimeout = duration(
  "How long a response's head may take once the request is complete. gRPC without a deadline of its own has none.",
  { min: 1 },
);
const httpIdleTimeout = duration('A connection that is not used for this long is closed.', { min: 1 });

const BALANCING = 'Which endpoints come first.';
const QUEUE = 'Requests wait here while connecting, or until the first endpoints are known.';
const HEARTBEAT = 'Bolt heartbeats on idle connections to endpoints.';
const HTTP = 'Requests of HTTP.';

/** Each key may be left out; it then follows `clusterDefaults`. */
export const policyOverrides = {
  lb: v.exactOptional(lb),
  hash: v.exactOptional(hash),
  balancing: v.exactOptional(
    v.pipe(
      v.strictObject({
        preferZone: v.exactOptional(preferZone),
        overprovision: v.exactOptional(overprovision),
        panicThreshold: v.exactOptional(panicThreshold),
        slowStart: v.exactOptional(slowStart),
      }),
      v.description(BALANCING),
    ),
  ),
  connectTimeout: v.exactOptional(connectTimeout),
  timeout: v.exactOptional(timeout),
  connections: v.exactOptional(connections),
  maxPendingPerConnection: v.exactOptional(maxPendingPerConnection),
  queue: v.exactOptional(
    v.pipe(
      v.strictObject({ max: v.exactOptional(queueMax), timeout: v.exactOptional(queueTimeout) }),
      v.description(QUEUE),
    ),
  ),
  heartbeat: v.exactOptional(
    v.pipe(
      v.strictObject({
        interval: v.exactOptional(heartbeatInterval),
        maxInterval: v.exactOptional(heartbeatMaxInterval),
        misses: v.exactOptional(heartbeatMisses),
        timeout: v.exactOptional(heartbeatTimeout),
      }),
      v.description(HEARTBEAT),
    ),
  ),
  ...failureOverrides,
  ...healthOverrides,
  http: v.exactOptional(
    v.pipe(
      v.strictObject({
        version: v.exactOptional(httpVersion),
        connections: v.exactOptional(httpConnections),
        timeout: v.exactOptional(httpTimeout),
        idleTimeout: v.exactOptional(httpIdleTimeout),
      }),
      v.description(HTTP),
    ),
  ),
};

/** `clusterDefaults`: what is left out has these defaults. */
export const policyDefaults = v.strictObject({
  lb: v.optional(lb, 'least_request'),
  hash: v.optional(hash, []),
  balancing: v.optional(
    v.pipe(
      v.strictObject({
        preferZone: v.optional(preferZone, false),
        overprovision: v.optional(overprovision, 140),
        panicThreshold: v.optional(panicThreshold, 0),
        slowStart: v.optional(slowStart, '0s'),
      }),
      v.description(BALANCING),
    ),
    {},
  ),
  connectTimeout: v.optional(connectTimeout, '3s'),
  timeout: v.optional(timeout, '3s'),
  connections: v.optional(connections, 1),
  maxPendingPerConnection: v.optional(maxPendingPerConnection, 8192),
  queue: v.optional(
    v.pipe(
      v.strictObject({ max: v.optional(queueMax, 1024), timeout: v.optional(queueTimeout, '3s') }),
      v.description(QUEUE),
    ),
    {},
  ),
  heartbeat: v.optional(
    v.pipe(
      v.strictObject({
        interval: v.optional(heartbeatInterval, '15s'),
        maxInterval: v.optional(heartbeatMaxInterval, '90s'),
        misses: v.optional(heartbeatMisses, 6),
        timeout: v.optional(heartbeatTimeout, '3s'),
      }),
      v.description(HEARTBEAT),
    ),
    {},
  ),
  ...failureDefaults,
  ...healthDefaults,
  http: v.optional(
    v.pipe(
      v.strictObject({
        version: v.optional(httpVersion, 'same'),
        connections: v.optional(httpConnections, 1024),
        timeout: v.optional(httpTimeout, '15s'),
        idleTimeout: v.optional(httpIdleTimeout, '60s'),
      }),
      v.description(HTTP),
    ),
    {},
  ),
});
