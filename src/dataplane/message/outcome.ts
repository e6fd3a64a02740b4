/** How an exchange ended, as metrics count it: `ok`, `error` (the service's own), or a local failure's code. */
export const OUTCOMES = [
  'ok',
  'error',
  'oneway',
  'abandoned',
  'timeout',
  'no_route',
  'no_healthy_endpoint',
  'connection_lost',
  'overload',
  'too_large',
  'malformed_frame',
] as const;
export type Outcome = (typeof OUTCOMES)[number];
