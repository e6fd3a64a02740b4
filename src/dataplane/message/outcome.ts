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
  'limited',
  'fault',
  'too_large',
  'malformed_frame',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** The local failures among them: what a caller is told in its own protocol. */
export type FailureCode = Exclude<Outcome, 'ok' | 'error' | 'oneway' | 'abandoned'>;
