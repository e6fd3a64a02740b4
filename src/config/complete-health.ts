import * as v from 'valibot';
import type { ClusterPolicy } from './config.ts';
import { healthSection } from './health-schema.ts';
import type { ParsedFile } from './schema.ts';

type Health = NonNullable<ClusterPolicy['health']>;
type OwnHealth = NonNullable<ParsedFile['clusters'][number]['health']>;

/** How the endpoints of a cluster are checked, if they are. The cross-check has refused one that has no type. */
export function completeHealth(
  { type: ownType, ...own }: OwnHealth = {},
  defaults: Health | undefined,
): { readonly health?: Health } {
  const type = ownType ?? defaults?.type;
  if (type === undefined || type === 'none') return {};
  return { health: { ...(defaults ? inherited(defaults, type) : v.parse(healthSection, { type })), ...own, type } };
}

/** Another type has no use for what the default one asks. */
function inherited(defaults: Health, type: Health['type']): Omit<Health, 'type'> {
  if (type === defaults.type) return defaults;
  const { interval, timeout, unhealthyThreshold, healthyThreshold } = defaults;
  return { interval, timeout, unhealthyThreshold, healthyThreshold };
}
