import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import type { Clock, Timer } from '../core/clock.ts';
import type { Logger } from '../telemetry/log.ts';

export interface ChangeSignalOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** ms without a further event before the call, so that a save in several steps is one change. */
  readonly debounce: number;
  /** ms between calls that need no event: some file systems send none. */
  readonly poll: number;
}

/** In a directory that never comes to rest the call comes after so many times the debounce. */
const LONGEST = 10;

/** Calls back when something in one of the directories may have changed and has come to rest, and now and then anyway. */
export class ChangeSignal {
  readonly #directories: readonly string[];
  readonly #changed: () => void;
  readonly #options: ChangeSignalOptions;
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #poll: Timer;
  /** Events that no call has answered yet: when the first one came, and the call that is to come. */
  #pending: { readonly since: number; readonly timer: Timer } | undefined;

  constructor(directories: readonly string[], changed: () => void, options: ChangeSignalOptions) {
    this.#directories = directories;
    this.#changed = changed;
    this.#options = options;
    this.#poll = options.clock.every(options.poll, () => {
      if (this.#pending === undefined) this.#call();
    });
    this.#watch();
  }

  close(): void {
    this.#poll.cancel();
    this.#pending?.timer.cancel();
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #call(): void {
    this.#pending = undefined;
    // A directory may have come into being since, or have been replaced by another.
    this.#watch();
    this.#changed();
  }

  /** Watches what is not watched yet. */
  #watch(): void {
    for (const directory of this.#directories) {
      if (!this.#watchers.has(directory)) this.#open(directory);
    }
  }

  #open(directory: string): void {
    try {
      // Any name counts: editors rename, and Kubernetes swaps a link beside the file.
      const watcher = watch(directory, { persistent: false }, (event) => this.#event(directory, event));
      watcher.on('error', () => {
        watcher.close();
        if (this.#watchers.get(directory) === watcher) this.#watchers.delete(directory);
      });
      this.#watchers.set(directory, watcher);
    } catch (error) {
      this.#options.log.debug('directory is not watched, only polled', { directory, error: String(error) });
    }
  }

  #event(directory: string, event: string): void {
    if (event === 'rename') this.#renew(directory);
    const { clock, debounce } = this.#options;
    const since = this.#pending?.since ?? clock.now();
    this.#pending?.timer.cancel();
    const wait = Math.min(debounce, since + LONGEST * debounce - clock.now());
    this.#pending = { since, timer: clock.after(Math.max(0, wait), () => this.#call()) };
  }

  /**
   * The directory itself may be what was renamed or removed, and another may have its name now. The
   * earlier watch ends only after the new one has begun, so that no event is missed between.
   */
  #renew(directory: string): void {
    const before = this.#watchers.get(directory);
    this.#watchers.delete(directory);
    this.#open(directory);
    before?.close();
  }
}
