import type { ClusterRoute } from '../../route/route.ts';
import type { Failure } from './local-answer.ts';

/** What a caller is told that is over the limit of `route`. @param wait milliseconds until there is room for one more. */
export function overLimit({ name, limit }: ClusterRoute, wait: number): Failure {
  return {
    outcome: 'limited',
    message: `route ${name} takes ${limit?.text} (limit)`,
    status: undefined,
    // RFC 9110, section 10.2.3: whole seconds.
    fields: ['retry-after', String(Math.ceil(wait / 1000))],
  };
}
