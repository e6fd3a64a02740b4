import { statSync } from 'node:fs';
import type { TlsConfig } from '../config/config.ts';
import type { Clock } from '../core/clock.ts';
import { WeftError } from '../core/errors.ts';
import { type CertificateSource, type SecureContext, secureContext } from '../dataplane/net/tls-server.ts';
import type { Logger } from '../telemetry/log.ts';
import { readTlsFiles } from './tls-files.ts';

/** Files that change are seen after this long at most: certificates live for days, their renewal must not need a restart. */
const LOOK_MS = 10_000;

export interface TlsIdentityOptions {
  /** The section of the config, for people: `listeners[0].tls`. */
  readonly where: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * The certificate with which a listener answers, read from its files, and read again when they change. When
 * they cannot be read then, the one before stays.
 */
export class TlsIdentity implements CertificateSource {
  readonly #config: TlsConfig;
  readonly #where: string;
  readonly #clock: Clock;
  readonly #log: Logger;
  #context: SecureContext;
  #mark: string;
  #lookedAt: number;

  /**
   * @throws WeftError `listen_failed`, which tells all that is wrong: the key of the config, the file, why and what to do.
   */
  constructor(config: TlsConfig, { where, clock, log }: TlsIdentityOptions) {
    this.#config = config;
    this.#where = where;
    this.#clock = clock;
    this.#log = log;
    this.#lookedAt = clock.now();
    this.#mark = markOf(config);
    this.#context = this.#load();
  }

  context(): SecureContext {
    const now = this.#clock.now();
    if (now - this.#lookedAt >= LOOK_MS) {
      this.#lookedAt = now;
      this.#look();
    }
    return this.#context;
  }

  #look(): void {
    try {
      const mark = markOf(this.#config);
      if (mark === this.#mark) return;
      this.#context = this.#load();
      this.#mark = mark;
      this.#log.info('certificate read again', { file: this.#config.certificate });
    } catch (error) {
      this.#log.error('a changed certificate cannot be used; the one before stays', {
        reason: (error as Error).message,
      });
    }
  }

  #load(): SecureContext {
    const { certificate, key, faults } = readTlsFiles(this.#config, this.#clock.wall());
    const errors = faults.filter(({ severity }) => severity === 'error');
    if (errors.length > 0 || certificate === undefined || key === undefined) {
      const message = errors.map((fault) => `${this.#where}.${fault.key}: ${fault.message}; ${fault.hint}`).join('; ');
      throw new WeftError('listen_failed', message, { side: 'local' });
    }
    const context = secureContext(certificate, key);
    for (const fault of faults) {
      const { message: reason, hint } = fault;
      this.#log.warn('a certificate is not valid now', { path: `${this.#where}.${fault.key}`, reason, hint });
    }
    return context;
  }
}

/** Changes with the files. */
function markOf({ certificate, key }: TlsConfig): string {
  return [certificate, key].map(stamp).join(' ');
}

function stamp(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false });
  return found === undefined ? 'none' : `${found.mtimeMs}/${found.size}/${found.ino}`;
}
