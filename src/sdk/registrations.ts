import { EMPTY_STATE } from './model.ts';
import type { RegistrationState } from './model.ts';
import { applyCommand } from './state.ts';
import type { Command } from './state.ts';
import type { StateStore } from './store.ts';

export type StateListener = (state: RegistrationState) => void;

interface Waiting {
  readonly command: Command;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * What the application has registered: the one place that changes it. A change counts, and is
 * seen by listeners, only once it is safe on disk. Changes that come while the disk is busy are
 * saved together with one write, in their order.
 */
export class Registrations {
  readonly #store: StateStore;
  readonly #listeners = new Set<StateListener>();
  #state: RegistrationState = EMPTY_STATE;
  #waiting: Waiting[] = [];
  #saving: Promise<void> | undefined;

  constructor(store: StateStore) {
    this.#store = store;
  }

  get state(): RegistrationState {
    return this.#state;
  }

  /** Takes up what an earlier process saved. */
  async load(): Promise<void> {
    this.#commit(await this.#store.load());
  }

  /**
   * Resolves when the change is safe on disk; rejects with a WeftError when it is not made, and with
   * whatever a listener threw when it is.
   */
  apply(command: Command): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ command, resolve, reject });
      this.#saving ??= this.#drain();
    });
  }

  /** Calls back after each change. Returns the way to stop. */
  onChange(listener: StateListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves when every change asked for so far is saved or refused. */
  async settled(): Promise<void> {
    await this.#saving;
  }

  async #drain(): Promise<void> {
    // Lets requests that arrive in the same turn share the first write.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      await this.#saveBatch(batch);
    }
    this.#saving = undefined;
  }

  async #saveBatch(batch: readonly Waiting[]): Promise<void> {
    let next = this.#state;
    const accepted: Waiting[] = [];
    for (const waiting of batch) {
      try {
        next = applyCommand(next, waiting.command);
        accepted.push(waiting);
      } catch (error) {
        waiting.reject(error);
      }
    }
    if (next !== this.#state) {
      try {
        await this.#store.save(next);
        this.#commit(next);
      } catch (error) {
        for (const waiting of accepted) waiting.reject(error);
        return;
      }
    }
    for (const waiting of accepted) waiting.resolve();
  }

  #commit(state: RegistrationState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener(state);
  }
}
