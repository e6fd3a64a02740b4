import { normalize } from './instances.ts';
import type { ServiceInstance, WatchListener } from './registry.ts';

/**
 * What to show of a key while its registry has just come back and is still filling up.
 * Providers need a moment to publish again, so what was known stays until they had it, and
 * what is new shows at once. An empty list is not shown before it can be trusted.
 */
export class SettlingView {
  readonly #emit: WatchListener;
  #shown: readonly ServiceInstance[] | undefined;
  #latest: readonly ServiceInstance[] | undefined;

  constructor(emit: WatchListener) {
    this.#emit = emit;
  }

  /** The registry's newest answer. `trusted`: what it lacks is gone. */
  show(list: readonly ServiceInstance[], trusted: boolean): void {
    this.#latest = list;
    if (!trusted && this.#shown === undefined && list.length === 0) return;
    this.#shown = trusted ? list : normalize([...(this.#shown ?? []), ...list]);
    this.#emit(this.#shown);
  }

  /** The newest answer is now to be trusted, if there was one. */
  settle(): void {
    if (this.#latest !== undefined) this.show(this.#latest, true);
  }
}
