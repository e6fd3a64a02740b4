import * as v from 'valibot';
import { authority, requestTarget } from './http-leaf.ts';
import { count, duration, oneOf, text } from './leaf.ts';

/** `health` of a cluster: how its endpoints are checked. Which keys go with which type is in health-check.ts. */

const TYPES = ['tcp', 'http', 'grpc', 'bolt'] as const;

const asks = 'tcp connects, http sends a GET, grpc calls grpc.health.v1.Health/Check, bolt sends a heartbeat';
const type = oneOf(`How an endpoint is asked: ${asks}.`, TYPES);
const typeOrNone = oneOf(`How an endpoint is asked: ${asks}; none does not, where clusterDefaults do.`, [
  ...TYPES,
  'none',
]);
const interval = duration('Time from one check to the next, up to a fifth more or less by chance.', { min: 100 });
const timeout = duration('How long a check may take, from connecting to the end of the answer.', { min: 1 });
const unhealthyThreshold = count(
  'Checks in a row that fail until the endpoint gets no requests; the first ever counts at once.',
  {
    min: 1,
    max: 100,
  },
);
const healthyThreshold = count('Checks in a row that go well until it gets requests again.', { min: 1, max: 100 });
const port = count('The port that is asked, where it is not that of the endpoint.', { min: 1, max: 65_535 });
const path = requestTarget('http: what is asked for; `/` when left out.', '/healthz');
const host = authority("http and grpc: the request's host; the address that is asked when left out.");
const statuses = v.pipe(
  v.array(count('A status.', { min: 200, max: 599 })),
  v.description('http: statuses that are well; 200 to 399 when left out.'),
);
const service = text('grpc: the service that is asked about; when left out, the server as a whole.', 'shop.Carts');

const OWN = {
  port: v.exactOptional(port),
  path: v.exactOptional(path),
  host: v.exactOptional(host),
  statuses: v.exactOptional(statuses),
  service: v.exactOptional(service),
};

const HEALTH = 'Checks of the endpoints, while the cluster is used. Without this section there are none.';

/** A whole one. */
export const healthSection = v.strictObject({
  type,
  interval: v.optional(interval, '10s'),
  timeout: v.optional(timeout, '3s'),
  unhealthyThreshold: v.optional(unhealthyThreshold, 3),
  healthyThreshold: v.optional(healthyThreshold, 2),
  ...OWN,
});

export const healthDefaults = {
  health: v.exactOptional(v.pipe(healthSection, v.description(HEALTH))),
};

export const healthOverrides = {
  health: v.exactOptional(
    v.pipe(
      v.strictObject({
        type: v.exactOptional(typeOrNone),
        interval: v.exactOptional(interval),
        timeout: v.exactOptional(timeout),
        unhealthyThreshold: v.exactOptional(unhealthyThreshold),
        healthyThreshold: v.exactOptional(healthyThreshold),
        ...OWN,
      }),
      v.description(HEALTH),
    ),
  ),
};
