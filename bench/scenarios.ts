import { BOLT_SCENARIOS } from './scenarios/bolt.ts';
import { HTTP_SCENARIOS } from './scenarios/http.ts';
import type { Scenario } from './scenarios/scenario.ts';

/** In the order in which they run. */
export const SCENARIOS: readonly Scenario[] = [...BOLT_SCENARIOS, ...HTTP_SCENARIOS];

/** Names for several scenarios at once. */
export const GROUPS: ReadonlyMap<string, readonly Scenario[]> = new Map([
  ['bolt', BOLT_SCENARIOS],
  ['http', HTTP_SCENARIOS],
]);
