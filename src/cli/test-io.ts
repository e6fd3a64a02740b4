import type { CliIo } from './command.ts';

/** A terminal for tests, which keeps what was written to it. */
export interface TestIo extends CliIo {
  readonly out: () => string;
  readonly err: () => string;
}

export function createTestIo(options: { cwd?: string; env?: Readonly<Record<string, string>> } = {}): TestIo {
  let out = '';
  let err = '';
  return {
    stdout: (text) => void (out += text),
    stderr: (text) => void (err += text),
    env: options.env ?? {},
    cwd: options.cwd ?? '/',
    isTty: false,
    columns: 80,
    out: () => out,
    err: () => err,
  };
}
