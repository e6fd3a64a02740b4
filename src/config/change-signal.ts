import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import type { Clock, Timer } from '../core/clock.ts';
import type { Logger } from '../telemetry/log.ts';

export interface ChangeSignalOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** ms from the first event to the call, so that a save in several steps is one change. */
  readonly debounce: number;
  /** ms between calls that need no event: some file systems send none. */
  readonly poll: number;
}

/** Calls back when something in one of the directories may have changed, and now and then anyway. */
export class ChangeSignal {
  readonly #directories: readonly string[];
  readonly #changed: () => void;
  readonly #options: ChangeSignalOptions;
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #poll: Timer;
  #pending: Timer | undefined;

  constructor(directories: readonly string[], changed: () => void, options: ChangeSignalOptions) {
    this.#directories = directories;
    this.#changed = changed;
    this.#options = options;
    this.#poll = options.clock.every(options.poll, () => this.#call());
    this.#watch();
  }

  close(): void {
    this.#poll.cancel();
    this.#pending?.cancel();
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #call(): void {
    this.#pending = undefined;
    // A directory may have come into being since, or have been replaced by another.
    this.#watch();
    this.#changed();
  }

  #watch(): void {
    for (const directory of this.#directories) {
      if (this.#watchers.has(directory)) continue;
      try {
        // Any name counts: editors rename, and Kubernetes swaps a link beside the file.
        const watcher = watch(directory, { persistent: false }, (event) => this.#event(directory, event));
        watcher.on('error', () => this.#drop(directory));
        this.#watchers.set(directory, watcher);
      } catch (error) {
        this.#options.log.debug('directory is not watched, only polled', { directory, error: String(error) });
      }
    }
  }

  #event(directory: string, event: string): void {
    // The directory itself may be what was renamed or removed; then it is to be watched anew.
    if (event === 'rename') this.#drop(directory);
    this.#pending ??= this.#options.clock.after(this.#options.debounce, () => this.#call());
  }

  #drop(directory: string): void {
    this.#watchers.get(directory)?.close();
    this.#watchers.delete(directory);
  }
}
