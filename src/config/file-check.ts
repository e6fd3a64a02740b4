import { resolve } from 'node:path';
import { finding, type Finding } from './issue.ts';
import { listenerViews, section, type Raw } from './raw-file.ts';

/** What is wrong with a file of a listener's `tls`. */
export interface TlsFault {
  /** The key that names the file. */
  readonly key: 'certificate' | 'key';
  /** A `warning` keeps nobody from starting. */
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly hint: string;
}

/** Opens the files of a listener's `tls`; one whose name cannot be read from the config is left out. */
export type CheckTls = (files: {
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
}) => readonly TlsFault[];

/**
 * The files that the config names, each listener's as far as its names can be read, so that what is wrong with
 * them shows together with all else.
 *
 * @param folder where relative paths start.
 */
export function checkFiles(file: Raw, folder: string, checkTls: CheckTls): { errors: Finding[]; warnings: Finding[] } {
  const errors: Finding[] = [];
  const warnings: Finding[] = [];
  for (const { path, raw } of listenerViews(file)) {
    const named = (key: string): string | undefined => {
      const name = section(raw['tls'], key);
      return typeof name === 'string' && name !== '' && !name.includes('\0') ? resolve(folder, name) : undefined;
    };
    for (const { key, severity, message, hint } of checkTls({ certificate: named('certificate'), key: named('key') })) {
      (severity === 'error' ? errors : warnings).push(finding([...path, 'tls', key], message, hint));
    }
  }
  return { errors, warnings };
}
