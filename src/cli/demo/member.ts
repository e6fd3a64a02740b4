import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const TAIL_LINES = 12;
const READY_MS = 30_000;

/**
 * Loaded into each member before its own code: it ends when the demo does, even when that was
 * killed and could tell nobody. Then each removes the demo's folder, so the last one leaves none.
 * The channel does not keep a member alive that is done.
 */
function tether(folder: string): string {
  const source = `
    import { rmSync } from 'node:fs';
    const end = () => {
      try {
        rmSync(${JSON.stringify(folder)}, { recursive: true, force: true });
      } finally {
        process.exit(1);
      }
    };
    process.on('disconnect', end);
    process.connected ? process.channel.unref() : end();
  `;
  return `data:text/javascript,${encodeURIComponent(source)}`;
}

/** One line that a part of Weft has logged. */
export type LogRecord = Readonly<Record<string, unknown>>;

export interface MemberHooks {
  readonly onLog?: (record: LogRecord) => void;
  readonly onMessage?: (message: object) => void;
}

/** A process of the demo. It never outlives the demo. */
export class Member {
  readonly name: string;
  readonly pid: number;
  /** Resolves with how it ended: `code 1`, `SIGKILL`. */
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;
  readonly #hooks: MemberHooks;
  readonly #records: LogRecord[] = [];
  readonly #messages: object[] = [];
  readonly #tail: string[] = [];
  readonly #waiters = new Set<() => void>();
  #end: string | undefined;

  /**
   * @param folder the demo's own, for which nobody is left when the demo was killed
   * @param args of `node`: a file and what it gets
   */
  static async start(name: string, folder: string, args: readonly string[], hooks: MemberHooks = {}): Promise<Member> {
    const child = spawn(process.execPath, [`--import=${tether(folder)}`, ...args], {
      // A session of its own: Ctrl-C in the terminal is for the demo, which then ends its members.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    try {
      await once(child, 'spawn');
    } catch (cause) {
      throw new Error(`${name} cannot be started: ${(cause as Error).message}`, { cause });
    }
    return new Member(name, child, hooks);
  }

  private constructor(name: string, child: ChildProcess, hooks: MemberHooks) {
    this.name = name;
    this.#child = child;
    this.#hooks = hooks;
    // Set once 'spawn' was emitted.
    this.pid = child.pid!;
    for (const stream of [child.stdout!, child.stderr!]) {
      createInterface({ input: stream }).on('line', (line) => this.#onLine(line));
    }
    child.on('message', (message) => this.#onMessage(message as object));
    // Writing to a member that is just ending fails; that it ended is told apart.
    child.on('error', () => undefined);
    this.ended = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        this.#end = signal ?? `code ${code}`;
        this.#wake();
        resolve(this.#end);
      });
    });
  }

  get running(): boolean {
    return this.#end === undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The first log record with this message, past ones included. Rejects when the member ends or stays silent. */
  logged(message: string, where: (record: LogRecord) => boolean = () => true): Promise<LogRecord> {
    return this.#wait(() => this.#records.find((record) => record['message'] === message && where(record)));
  }

  /** The first message of this type, past ones included. Rejects when the member ends or stays silent. */
  told(type: string): Promise<object> {
    return this.#wait(() => this.#messages.find((message) => 'type' in message && message.type === type));
  }

  /** Never resolves; rejects, with its output, when it ends. */
  async fails(): Promise<never> {
    throw this.#failure(`ended (${await this.ended})`);
  }

  send(message: object): void {
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  signal(signal: NodeJS.Signals): void {
    if (this.running) this.#child.kill(signal);
  }

  #onLine(line: string): void {
    this.#tail.push(line);
    if (this.#tail.length > TAIL_LINES) this.#tail.shift();
    const record = parseRecord(line);
    if (record === undefined) return;
    // Only what somebody may wait for while it starts is kept.
    if (this.#records.length < 100) this.#records.push(record);
    this.#hooks.onLog?.(record);
    this.#wake();
  }

  #onMessage(message: object): void {
    if (this.#messages.length < 100) this.#messages.push(message);
    this.#hooks.onMessage?.(message);
    this.#wake();
  }

  #wait<T>(look: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        this.#waiters.delete(check);
        act();
      };
      const check = (): void => {
        const found = look();
        if (found !== undefined) settle(() => resolve(found));
        else if (this.#end !== undefined) settle(() => reject(this.#failure(`ended (${this.#end})`)));
      };
      const timer = setTimeout(() => settle(() => reject(this.#failure('was not ready in 30 s'))), READY_MS);
      this.#waiters.add(check);
      check();
    });
  }

  #failure(what: string): Error {
    const output = this.#tail.length === 0 ? '  (no output)' : this.#tail.map((line) => `  ${line}`).join('\n');
    return new Error(`${this.name} ${what}; its last output:\n${output}`);
  }

  #wake(): void {
    for (const check of [...this.#waiters]) check();
  }
}

function parseRecord(line: string): LogRecord | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as LogRecord;
  } catch {
    return undefined;
  }
}
