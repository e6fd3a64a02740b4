import { dirname } from 'node:path';
import type { Config } from '../config/config.ts';
import { checkConfigText, readConfigText, type ReadResult } from '../config/load.ts';
import type { LoadResult } from '../config/parse.ts';
import { ChangeSignal } from '../config/change-signal.ts';
import type { Clock } from '../core/clock.ts';
import type { Logger } from '../telemetry/log.ts';

export interface ReloadTarget {
  reload(config: Config): Promise<void>;
  refused(reason: string): void;
}

export interface ConfigReloadOptions {
  readonly file: string;
  /** What the file held when the running config was read from it. */
  readonly text: string;
  readonly clock: Clock;
  readonly log: Logger;
}

const DEBOUNCE_MS = 100;
const POLL_MS = 10_000;

/**
 * Reads the config again when its file changes or when told to. A bad file changes nothing:
 * every error is logged with its place.
 */
export class ConfigReload {
  readonly #file: string;
  readonly #target: ReloadTarget;
  readonly #log: Logger;
  readonly #signal: ChangeSignal;
  /** What was read last: the text, or why there was none. */
  #seen: string;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(target: ReloadTarget, options: ConfigReloadOptions) {
    this.#file = options.file;
    this.#target = target;
    this.#log = options.log;
    this.#seen = options.text;
    const check = (): void => void this.#enqueue(false);
    this.#signal = new ChangeSignal([dirname(options.file)], check, {
      ...options,
      debounce: DEBOUNCE_MS,
      poll: POLL_MS,
    });
    // It may have changed between its first reading and now.
    check();
  }

  /** Reads the file whether or not it has changed. */
  now(): Promise<void> {
    return this.#enqueue(true);
  }

  /** Resolves when a reload that is under way is done; none begins after it. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#signal.close();
    await this.#running;
  }

  /** One reload at a time, in order. */
  #enqueue(always: boolean): Promise<void> {
    this.#running = this.#running
      .then(() => this.#run(always))
      .catch((error: Error) => {
        this.#log.error('reload failed', { reason: error.message });
      });
    return this.#running;
  }

  async #run(always: boolean): Promise<void> {
    const read = await readConfigText(this.#file);
    const seen = read.ok ? read.text : read.issues[0]!.message;
    if (this.#closed || (!always && seen === this.#seen)) return;
    this.#seen = seen;
    const result = await this.#check(read);
    if (result.ok) {
      for (const { path, message } of result.warnings) this.#log.warn('config warning', { path, reason: message });
      return this.#target.reload(result.config);
    }
    for (const { path, line, message, hint } of result.issues) {
      this.#log.error('config refused, the last good one stays', {
        file: this.#file,
        path,
        line,
        reason: message,
        hint,
      });
    }
    this.#target.refused(result.issues.map(({ path, message }) => `${path}: ${message}`).join('; '));
  }

  #check(read: ReadResult): LoadResult | Promise<LoadResult> {
    return read.ok ? checkConfigText(read.text, { file: this.#file }) : read;
  }
}
