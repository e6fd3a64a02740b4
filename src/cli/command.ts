/** What a command may touch of the process, so that tests run it without one. */
export interface CliIo {
  /** Writes text as it is; the caller ends its lines. */
  stdout(text: string): void;
  stderr(text: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute; relative paths among the arguments start here. */
  readonly cwd: string;
  /** Whether standard output is a terminal. */
  readonly isTty: boolean;
  /** Width of the terminal in characters; 80 when there is none. */
  readonly columns: number;
}

/** One subcommand of `weft`. */
export interface Command {
  readonly name: string;
  /** One line for the list of commands, without a full stop. */
  readonly summary: string;
  /** Usage, options and examples, ending with a line end. */
  readonly help: string;
  /**
   * Resolves with the exit code: 0, or 1 for a failure that it has told on standard error.
   * Rejects with a UsageError for wrong arguments; the caller then tells it and exits with 2.
   */
  run(args: readonly string[], io: CliIo): Promise<number>;
}

/** The arguments are wrong. The message says which, and what to write instead. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}
