import type { Chance } from '../../../core/clock.ts';
import type { Endpoint } from '../endpoint.ts';
import type { BalancerType } from '../policy.ts';
import { leastRequest } from './least-request.ts';
import { roundRobin } from './round-robin.ts';

/**
 * Chooses among a fixed list of endpoints. A cluster publishes a new one when its list or the
 * usability of an endpoint changes; a picker itself never changes what it chooses from.
 */
export interface Picker {
  /** An endpoint, another one than `except` where there is one; undefined when there is none at all. */
  pick(except: Endpoint | undefined): Endpoint | undefined;
}

export type PickerFactory = (endpoints: readonly Endpoint[], chance: Chance) => Picker;

const FACTORIES: Readonly<Record<BalancerType, PickerFactory>> = {
  round_robin: roundRobin,
  least_request: leastRequest,
};

/** The picker for these endpoints; those of weight 0 are never chosen. */
export function createPicker(type: BalancerType, endpoints: readonly Endpoint[], chance: Chance): Picker {
  const candidates = endpoints.filter((endpoint) => endpoint.weight > 0);
  if (candidates.length === 0) return { pick: () => undefined };
  if (candidates.length === 1) return { pick: () => candidates[0] };
  return FACTORIES[type](candidates, chance);
}
