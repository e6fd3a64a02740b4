import { readFileSync, statSync } from 'node:fs';
import type { TlsConfig } from '../config/config.ts';
import type { Clock } from '../core/clock.ts';
import { WeftError } from '../core/errors.ts';
import { type CertificateSource, type SecureContext, secureContext } from '../dataplane/net/tls-server.ts';
import type { Logger } from '../telemetry/log.ts';

/** Files that change are seen after this long at most: certificates live for days, their renewal must not need a restart. */
const LOOK_MS = 10_000;

/**
 * The certificate with which a listener answers, read from its files, and read again when they change. When
 * they cannot be read then, the one before stays.
 */
export class TlsIdentity implements CertificateSource {
  readonly #config: TlsConfig;
  readonly #clock: Clock;
  readonly #log: Logger;
  #context: SecureContext;
  #mark: string;
  #lookedAt: number;

  /** @throws WeftError `listen_failed`, which names the file and the reason. */
  constructor(config: TlsConfig, clock: Clock, log: Logger) {
    this.#config = config;
    this.#clock = clock;
    this.#log = log;
    this.#lookedAt = clock.now();
    this.#mark = markOf(config);
    this.#context = load(config);
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
      this.#context = load(this.#config);
      this.#mark = mark;
      this.#log.info('certificate read again', { file: this.#config.certificate });
    } catch (error) {
      this.#log.error('a changed certificate cannot be used; the one before stays', {
        reason: (error as Error).message,
      });
    }
  }
}

/** Changes with the files. */
function markOf({ certificate, key }: TlsConfig): string {
  return [certificate, key].map(stamp).join(' ');
}

function stamp(file: string): string {
  const { mtimeMs, size, ino } = guarded(file, () => statSync(file));
  return `${mtimeMs}/${size}/${ino}`;
}

function load({ certificate, key }: TlsConfig): SecureContext {
  const cert = guarded(certificate, () => readFileSync(certificate));
  const pem = guarded(key, () => readFileSync(key));
  return guarded(`${certificate} and ${key}`, () => secureContext(cert, pem));
}

function guarded<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const message = `cannot use ${what} for TLS: ${(error as Error).message}`;
    throw new WeftError('listen_failed', message, { side: 'local', cause: error });
  }
}
