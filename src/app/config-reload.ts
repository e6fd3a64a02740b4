import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import type { Clock } from '../core/clock.ts';
import { ChangeSignal } from '../config/change-signal.ts';
import type { Logger } from '../telemetry/log.ts';

export interface ReloadTarget {
  reload(config: Config): Promise<void>;
  refused(reason: string): void;
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
  #seen: string | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(file: string, target: ReloadTarget, deps: { readonly clock: Clock; readonly log: Logger }) {
    this.#file = file;
    this.#target = target;
    this.#log = deps.log;
    const check = (): void => void this.#enqueue(false);
    this.#signal = new ChangeSignal([dirname(file)], check, { ...deps, debounce: DEBOUNCE_MS, poll: POLL_MS });
    void this.#enqueue(false);
  }

  /** Reads the file whether or not it has changed. */
  now(): Promise<void> {
    return this.#enqueue(true);
  }

  close(): void {
    this.#signal.close();
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
    const text = await readFile(this.#file, 'utf8').catch(() => undefined);
    const first = this.#seen === undefined;
    const changed = text !== undefined && text !== this.#seen;
    if (text !== undefined) this.#seen = text;
    if (!always && (!changed || first)) return;
    const result = await loadConfig(this.#file);
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
}
