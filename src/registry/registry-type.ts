import type { Chance, Clock } from '../core/clock.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Registry } from './registry.ts';

/** What every registry is given beside its own options. */
export interface RegistryDeps {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Logger;
  /** Names this process among all that use the same registry. */
  readonly nodeId: string;
  /** The app's name, for people who look into the registry. */
  readonly app?: string;
}

/**
 * One kind of registry: the value that a module exports and that the composition root lists
 * under `type`. `create` resolves at once, also when the registry is out of reach: it then
 * connects in the background.
 */
export interface RegistryType<Options> {
  readonly type: string;
  create(options: Options, deps: RegistryDeps): Promise<Registry>;
}
