import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

const READY_MS = 20_000;
const STOP_MS = 10_000;
const TAIL_LINES = 40;

/** Anything that runs a function when it is over: a test's context, or node:test itself inside a suite. */
export type Owner = { after(fn: () => PromiseLike<void>): void };

export type ChildOptions = {
  /** How messages call the process. */
  name: string;
  /** The child counts as started when a line of its output matches; without it, as soon as it runs. */
  ready?: RegExp;
  /** Bound on becoming ready, in ms (default 20 s). */
  readyMs?: number;
  /** Added to the environment of the tests. */
  env?: Record<string, string>;
  cwd?: string;
  /** Ends the child when the test or suite is over. Without it the caller has to (`await using` works too). */
  owner?: Owner;
};

export type Exit = { code: number | null; signal: NodeJS.Signals | null };

export type Child = AsyncDisposable & {
  readonly name: string;
  readonly pid: number;
  /** Complete lines of stdout so far. */
  readonly lines: readonly string[];
  /** Complete lines of stdout and stderr so far, in the order of arrival. */
  readonly output: readonly string[];
  /** Resolves when the process has ended, however; never rejects. */
  readonly exit: Promise<Exit>;
  /** False from the moment the end of the process is known. */
  running(): boolean;
  /**
   * The first line of the output that matches, past lines included; `from` skips that many lines of `output`.
   * Rejects, with the tail of the output, after `ms` or when the process ends first.
   */
  waitFor(pattern: RegExp, ms?: number, from?: number): Promise<RegExpExecArray>;
  /** Calls back for each further line of stdout; returns the function that ends it. */
  onLine(listener: (line: string) => void): () => void;
  /** Writes one line to stdin. */
  writeLine(line: string): void;
  /** Sends a signal and does not wait. */
  signal(signal: NodeJS.Signals): void;
  /** Sends a signal and waits for the end. After `ms` the child is killed and the promise rejects. */
  stop(signal?: NodeJS.Signals, ms?: number): Promise<Exit>;
  /** kill -9, then waits for the end. */
  kill9(): Promise<Exit>;
  /** The last lines of the output, for a message. */
  tail(): string;
};

/**
 * Starts a process and waits until it is ready. Rejects, with the tail of its output, when it ends or stays silent
 * instead. The process does not outlive the one that started it.
 */
export async function startChild(command: string, args: readonly string[], options: ChildOptions): Promise<Child> {
  const spawned = spawn(command, args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, ...options.env },
    stdio: 'pipe',
  });
  try {
    await once(spawned, 'spawn');
  } catch (cause) {
    throw new Error(`${options.name}: cannot start ${command}`, { cause });
  }
  const child = watchChild(spawned, options.name);
  options.owner?.after(() => child[Symbol.asyncDispose]());
  if (options.ready !== undefined) {
    try {
      await child.waitFor(options.ready, options.readyMs ?? READY_MS);
    } catch (error) {
      await child.kill9();
      throw error;
    }
  }
  return child;
}

function watchChild(spawned: ChildProcessWithoutNullStreams, name: string): Child {
  const log = new OutputLog(name, spawned);
  // A child that ends with input unread is reported by its exit, with more to say than EPIPE.
  spawned.stdin.on('error', () => undefined);
  const killWithParent = (): void => void spawned.kill('SIGKILL');
  process.once('exit', killWithParent);
  // 'close' comes after the last line of the output, 'exit' may come before it.
  const exit = once(spawned, 'close').then(([code, signal]): Exit => {
    process.removeListener('exit', killWithParent);
    const ended = { code: code as number | null, signal: signal as NodeJS.Signals | null };
    log.close(ended);
    return ended;
  });

  const killUnlessEndedWithin = async (ms: number): Promise<boolean> => {
    if (await settlesWithin(exit, ms)) return false;
    spawned.kill('SIGKILL');
    await exit;
    return true;
  };

  return {
    name,
    // Set once 'spawn' was emitted.
    pid: spawned.pid ?? -1,
    lines: log.stdout,
    output: log.all,
    exit,
    running: () => log.ended === undefined,
    waitFor: (pattern, ms = READY_MS, from = 0) => log.waitFor(pattern, ms, from),
    onLine: (listener) => log.onLine(listener),
    writeLine: (line) => void spawned.stdin.write(`${line}\n`),
    signal: (signal) => void spawned.kill(signal),
    async stop(signal = 'SIGTERM', ms = STOP_MS) {
      spawned.kill(signal);
      if (await killUnlessEndedWithin(ms)) {
        throw new Error(`${name} had not ended ${ms} ms after ${signal}; it was killed\n${log.tail()}`);
      }
      return exit;
    },
    kill9() {
      spawned.kill('SIGKILL');
      return exit;
    },
    tail: () => log.tail(),
    async [Symbol.asyncDispose]() {
      // One that a test has frozen cannot hear SIGTERM.
      spawned.kill('SIGCONT');
      spawned.kill('SIGTERM');
      await killUnlessEndedWithin(STOP_MS);
    },
  };
}

/** The lines that a process has written, and those who wait for one. */
class OutputLog {
  readonly stdout: string[] = [];
  readonly all: string[] = [];
  ended: Exit | undefined;
  readonly #name: string;
  readonly #watchers = new Set<() => void>();
  readonly #listeners = new Set<(line: string) => void>();

  constructor(name: string, spawned: ChildProcessWithoutNullStreams) {
    this.#name = name;
    readLines(spawned.stdout, (line) => {
      this.stdout.push(line);
      this.#append(line);
      for (const listener of [...this.#listeners]) listener(line);
    });
    readLines(spawned.stderr, (line) => this.#append(line));
  }

  waitFor(pattern: RegExp, ms: number, from: number): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      let next = from;
      const settle = (outcome: () => void): void => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        outcome();
      };
      const fail = (why: string): void => settle(() => reject(new Error(`${this.#name} ${why}\n${this.tail()}`)));
      const look = (): void => {
        for (; next < this.all.length; next++) {
          const match = pattern.exec(this.all[next] ?? '');
          if (match !== null) return settle(() => resolve(match));
        }
        if (this.ended !== undefined) fail(`ended (${describeExit(this.ended)}) before a line matched ${pattern}`);
      };
      const timer = setTimeout(() => fail(`wrote no line that matches ${pattern} within ${ms} ms`), ms);
      this.#watchers.add(look);
      look();
    });
  }

  onLine(listener: (line: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  close(exit: Exit): void {
    this.ended = exit;
    this.#notify();
  }

  tail(): string {
    const last = this.all.slice(-TAIL_LINES);
    return last.length === 0 ? '(no output)' : last.join('\n');
  }

  #append(line: string): void {
    this.all.push(line);
    this.#notify();
  }

  #notify(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}

function readLines(stream: Readable, onLine: (line: string) => void): void {
  createInterface({ input: stream, crlfDelay: Infinity }).on('line', onLine);
}

async function settlesWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  const abort = new AbortController();
  try {
    return await Promise.race([
      promise.then(() => true),
      delay(ms, false, { signal: abort.signal }).catch(() => false),
    ]);
  } finally {
    abort.abort();
  }
}

function describeExit(exit: Exit): string {
  return exit.signal === null ? `code ${exit.code}` : exit.signal;
}

/** A TCP port of `host` that nobody listened on a moment ago. */
export function freePort(host = '127.0.0.1'): Promise<number> {
  return claim(host, 0);
}

/** So many different ones: a port that is free again at once might be given twice. */
export async function freePorts(count: number, host = '127.0.0.1'): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort(host));
  return [...ports];
}

/** A loopback address at which nobody listened on any of the ports a moment ago: for ports that cannot be chosen. */
export async function freeHost(ports: readonly number[]): Promise<string> {
  let cause: unknown;
  for (let attempt = 0; attempt < 20; attempt++) {
    const host = ['127', ...Array.from({ length: 3 }, () => randomInt(1, 255))].join('.');
    try {
      for (const port of ports) await claim(host, port);
      return host;
    } catch (error) {
      cause = error;
    }
  }
  throw new Error(`no loopback address has the ports ${ports.join(', ')} free`, { cause });
}

/** Listens for a moment; returns the port. */
async function claim(host: string, port: number): Promise<number> {
  const server = createServer();
  server.listen(port, host);
  await once(server, 'listening');
  const { port: claimed } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return claimed;
}

export type WaitOptions = {
  /** What is waited for, as the failure says it: "not within 5000 ms: <what>". */
  what: string;
  /** Bound in ms (default 10 s). */
  ms?: number;
  /** Pause between two checks in ms (default 25). */
  every?: number;
};

/**
 * Polls until `check` gives something truthy and returns that. A check that throws counts as not yet; when time is
 * up, the error tells the last outcome.
 */
export async function waitUntil<T>(check: () => T | Promise<T>, options: WaitOptions): Promise<NonNullable<T>> {
  const ms = options.ms ?? 10_000;
  const deadline = performance.now() + ms;
  for (;;) {
    let cause: unknown;
    let last = '';
    try {
      const value = await check();
      if (value) return value;
      last = `last value: ${String(value)}`;
    } catch (error) {
      cause = error;
      last = `last error: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (performance.now() >= deadline) throw new Error(`not within ${ms} ms: ${options.what} (${last})`, { cause });
    await delay(options.every ?? 25);
  }
}
