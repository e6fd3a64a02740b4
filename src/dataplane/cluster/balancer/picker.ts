import type { Chance, Clock } from '../../../core/clock.ts';
import type { Endpoint } from '../endpoint.ts';
import type { BalancerType } from '../policy.ts';
import { leastRequest } from './least-request.ts';
import { maglev } from './maglev.ts';
import { peakEwma } from './peak-ewma.ts';
import { random } from './random.ts';
import { ringHash } from './ring-hash.ts';
import { roundRobin } from './round-robin.ts';

/**
 * Chooses among a fixed list of endpoints. A cluster publishes a new one when its list or the
 * usability of an endpoint changes; a picker itself never changes what it chooses from.
 */
export interface Picker {
  /**
   * An endpoint, another one than `except` where there is one; undefined when there is none at all.
   *
   * @param hash of what the request is to be balanced by, 32 bits; balancers that know no keys ignore it.
   */
  pick(except: Endpoint | undefined, hash?: number): Endpoint | undefined;
}

export interface PickerDeps {
  readonly clock: Clock;
  readonly chance: Chance;
}

/** @param endpoints at least two, none of which has a share of 0. */
export type PickerFactory = (endpoints: readonly Endpoint[], deps: PickerDeps) => Picker;

const FACTORIES: Readonly<Record<BalancerType, PickerFactory>> = {
  round_robin: roundRobin,
  least_request: leastRequest,
  random,
  peak_ewma: peakEwma,
  ring_hash: ringHash,
  maglev,
};

/** The picker for these endpoints; those of weight 0 are never chosen. */
export function createPicker(type: BalancerType, endpoints: readonly Endpoint[], deps: PickerDeps): Picker {
  const candidates = endpoints.filter(({ share }) => share > 0);
  if (candidates.length === 0) return { pick: () => undefined };
  if (candidates.length === 1) return { pick: () => candidates[0] };
  return FACTORIES[type](candidates, deps);
}
