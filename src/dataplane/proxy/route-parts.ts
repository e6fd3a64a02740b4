import type { Chance, Clock } from '../../core/clock.ts';
import type { Gate } from '../message/gate.ts';
import { FaultPolicy } from '../route/fault-policy.ts';
import type { RouteParts } from '../route/route.ts';
import type { RouteSpec } from '../route/route-spec.ts';
import { FaultGate } from './fault-gate.ts';
import { LimitGate } from './limit-gate.ts';
import type { ListenerStats } from './listener-stats.ts';

/** What the routes of a listener are made with. */
export function routeParts(stats: ListenerStats, deps: { readonly clock: Clock; readonly chance: Chance }): RouteParts {
  return {
    statsOf: (name) => stats.route(name),
    gatesOf: ({ name, limit, fault }: RouteSpec): Gate[] => [
      ...(limit === undefined ? [] : [new LimitGate(name, stats.route(name).limitOf(limit))]),
      ...(fault === undefined ? [] : [new FaultGate(name, new FaultPolicy(fault), deps)]),
    ],
  };
}
