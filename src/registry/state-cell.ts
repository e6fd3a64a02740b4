import type { Logger } from '../telemetry/log.ts';
import type { RegistryState } from './registry.ts';

/** A registry's state and who wants to hear of its changes. `closed` is final. */
export class StateCell {
  readonly #log: Logger;
  readonly #listeners = new Set<{ call: (state: RegistryState) => void }>();
  #value: RegistryState = 'connecting';

  constructor(log: Logger) {
    this.#log = log;
  }

  get value(): RegistryState {
    return this.#value;
  }

  set(state: RegistryState): void {
    if (this.#value === state || this.#value === 'closed') return;
    this.#value = state;
    for (const { call } of [...this.#listeners]) {
      try {
        call(state);
      } catch (error) {
        this.#log.error('a registry state listener failed', { state, error: String(error) });
      }
    }
  }

  listen(listener: (state: RegistryState) => void): () => void {
    const entry = { call: listener };
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }
}
