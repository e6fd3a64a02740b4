import { createHash } from 'node:crypto';
import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startChild } from './children.ts';
import type { Child, Owner } from './children.ts';
import { ensureDebian } from './debian.ts';
import { madeOnce, runs, say } from './toolchain.ts';

const PROJECT = join(import.meta.dirname, '../peers/java');
const CACHE = join(import.meta.dirname, '../../node_modules/.cache/java-peer');
/** A first build downloads some 40 MB: the libraries and Maven's own plugins. */
const BUILD_MS = 10 * 60_000;
/** Above every bound that the Java side keeps for itself, so that its own error comes first. */
const REPLY_MS = 60_000;

export type JavaRegistry = { protocol: 'mesh' | 'zookeeper'; address: string };

export type JavaProviderSettings = {
  app: string;
  /** What the service's method name() answers. */
  name: string;
  /** Where the Bolt server listens. */
  host: string;
  port: number;
  registry?: JavaRegistry;
  /** Registered instead of host and port. */
  virtualHost?: string;
  virtualPort?: number;
};

export type JavaConsumerSettings = {
  app: string;
  /** Of every call that names none, in ms (default 3 s). */
  timeout?: number;
  /** bolt://host:port, instead of a registry. */
  direct?: string;
  registry?: JavaRegistry;
};

export type JavaMethod = 'echo' | 'echoBytes' | 'sum' | 'fail' | 'crash' | 'slow' | 'tell' | 'name';

/** `args` as in com.demo.Echo, but echoBytes takes the number of bytes, compares them in Java and gives the number. */
export type JavaCall = {
  method: JavaMethod;
  args?: readonly (string | number)[];
  /** In ms. */
  timeout?: number;
  /** How Java waits for the result (default sync). */
  type?: 'sync' | 'future' | 'callback' | 'oneway';
};

export type JavaLoad = JavaCall & { threads: number; calls: number };

/** `failures` counts each text. */
export type JavaLoadSummary = { succeeded: number; failed: number; failures: Record<string, number>; millis: number };

/** What a call threw in Java. */
export class JavaError extends Error {
  /** The exception's full class name. */
  readonly className: string;
  /** Where it was thrown: the first line of its stack trace. */
  readonly at: string;

  constructor(className: string, message: string, at: string) {
    super(message);
    this.name = 'JavaError';
    this.className = className;
    this.at = at;
  }
}

export type JavaProvider = {
  readonly child: Child;
  /** The texts that tell() has brought. */
  told(): Promise<string[]>;
  /** Takes the service off the server and out of the registry; the process goes on. */
  unexport(): Promise<void>;
  /** Offers it again. */
  export(): Promise<void>;
};

export type JavaConsumer = {
  readonly child: Child;
  /** The value, or a JavaError with what was thrown. */
  call(call: JavaCall): Promise<unknown>;
  /** The calls on the threads, as fast as they go. */
  load(load: JavaLoad): Promise<JavaLoadSummary>;
};

/** Starts a SOFARPC provider in a JVM of its own; it ends with its owner. */
export async function startJavaProvider(settings: JavaProviderSettings, owner: Owner): Promise<JavaProvider> {
  const { child, ask } = await startPeer('Provider', settings, owner, {});
  return {
    child,
    told: async () => (await ask('told', {})) as string[],
    unexport: async () => void (await ask('unexport', {})),
    export: async () => void (await ask('export', {})),
  };
}

export type JavaConsumerOptions = {
  /** Version of the Bolt frames it sends (default 1, as SOFARPC itself); 2 carries a CRC. */
  bolt?: 1 | 2;
  /** Silence after which Bolt sends a heartbeat, in ms (default 15 s, as Bolt itself). */
  heartbeat?: number;
};

/** Starts a SOFARPC consumer in a JVM of its own; it ends with its owner. It subscribes with its first call. */
export async function startJavaConsumer(
  settings: JavaConsumerSettings,
  owner: Owner,
  options: JavaConsumerOptions = {},
): Promise<JavaConsumer> {
  const { child, ask } = await startPeer('Consumer', settings, owner, {
    'peer.bolt': String(options.bolt ?? 1),
    'bolt.tcp.heartbeat.interval': String(options.heartbeat ?? 15_000),
  });
  return {
    child,
    call: (call) => ask('call', call),
    load: async (load) => (await ask('load', load)) as JavaLoadSummary,
  };
}

type Ask = (op: string, fields: object) => Promise<unknown>;
type Reply = { id: number; value?: unknown; error?: { class: string; message: string; at: string } };

async function startPeer(
  program: 'Provider' | 'Consumer',
  settings: { app: string },
  owner: Owner,
  properties: Record<string, string>,
): Promise<{ child: Child; ask: Ask }> {
  const classpath = await buildJavaPeer();
  const logs = join(CACHE, 'logs');
  const child = await startChild(
    'java',
    [
      // A small JVM that starts fast; the peers are not what is measured.
      ...['-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'],
      // Else Bolt refuses calls while 64 KiB wait to be written: several large payloads at once need more.
      ...['-Dbolt.netty.buffer.high.watermark=67108864', '-Dbolt.netty.buffer.low.watermark=33554432'],
      // SOFARPC looks into Throwable, which needs this since Java 17.
      ...['--add-opens', 'java.base/java.lang=ALL-UNNAMED'],
      // Else its logs go to the user's home.
      ...[`-DloggingRoot=${logs}`, `-Dlogging.path=${logs}`, '-Ddisable_middleware_digest_log=true'],
      ...Object.entries(properties).map(([key, value]) => `-D${key}=${value}`),
      ...['-cp', classpath, `com.demo.peer.${program}`, JSON.stringify(settings)],
    ],
    { name: `java ${program.toLowerCase()} ${settings.app}`, ready: /^READY$/, readyMs: 60_000, owner },
  );
  return { child, ask: askOver(child) };
}

/** Sends commands as JSON lines and hands each reply to whoever asked. */
function askOver(child: Child): Ask {
  const pending = new Map<number, PromiseWithResolvers<unknown>>();
  let lastId = 0;
  child.onLine((line) => {
    const reply = JSON.parse(line) as Reply;
    const asked = pending.get(reply.id);
    pending.delete(reply.id);
    if (reply.error === undefined) asked?.resolve(reply.value);
    else asked?.reject(new JavaError(reply.error.class, reply.error.message, reply.error.at));
  });
  void child.exit.then(() => {
    for (const asked of pending.values())
      asked.reject(new Error(`${child.name} ended before it answered\n${child.tail()}`));
    pending.clear();
  });
  return (op, fields) => {
    if (!child.running()) return Promise.reject(new Error(`${child.name} has ended\n${child.tail()}`));
    const id = ++lastId;
    const asked = Promise.withResolvers<unknown>();
    pending.set(id, asked);
    const what = `${op} ${JSON.stringify(fields)}`;
    const late = new Error(`${child.name} did not answer ${what} within ${REPLY_MS} ms`);
    const timer = setTimeout(() => asked.reject(late), REPLY_MS);
    child.writeLine(JSON.stringify({ ...fields, op, id }));
    return asked.promise.finally(() => {
      clearTimeout(timer);
      pending.delete(id);
    });
  };
}

/**
 * The class path of the peers, built with Maven unless the same sources were built before. Afterwards neither Maven
 * nor a network is needed. Rejects with what to install when a tool is missing.
 */
export async function buildJavaPeer(): Promise<string> {
  const target = join(CACHE, await hashOfSources());
  await madeOnce(target, buildInto);
  return [join(target, 'classes'), join(target, 'lib', '*')].join(':');
}

async function hashOfSources(): Promise<string> {
  const hash = createHash('sha256');
  for (const file of ['pom.xml', ...globSync('src/**/*.*', { cwd: PROJECT }).toSorted()]) {
    hash.update(`${file}\0`).update(await readFile(join(PROJECT, file)));
  }
  return hash.digest('hex').slice(0, 16);
}

async function buildInto(unfinished: string): Promise<void> {
  await ensureTools();
  const maven = await startChild('mvn', ['-B', `-Dpeer.build=${unfinished}`, 'process-classes'], {
    name: 'mvn process-classes',
    cwd: PROJECT,
  });
  const started = performance.now();
  const progress = setInterval(() => sayProgress(maven, started), 5_000);
  sayProgress(maven, started);
  try {
    await maven.waitFor(/BUILD SUCCESS/, BUILD_MS);
    await maven.exit;
  } catch (cause) {
    throw new Error(`cannot build ${PROJECT}; Maven needs a way to Maven Central, or a mirror in its settings`, {
      cause,
    });
  } finally {
    clearInterval(progress);
    await maven[Symbol.asyncDispose]();
  }
}

function sayProgress(maven: Child, started: number): void {
  const seconds = Math.round((performance.now() - started) / 1_000);
  const files = maven.lines.filter((line) => line.includes('Downloaded from')).length;
  say(`building the Java peers with Maven: ${seconds} s, ${files} files downloaded`);
}

/** JDK and Maven as they are found, else from Debian. */
async function ensureTools(): Promise<void> {
  for (const [command, option] of [
    ['java', '-version'],
    ['javac', '-version'],
    ['mvn', '-version'],
  ] as const) {
    if (await runs(command, [option])) continue;
    await ensureDebian(['default-jdk-headless', 'maven']);
    if (await runs(command, [option])) continue;
    throw new Error(`the Java peers need ${command} on PATH (JDK 17 or later, Maven 3.6 or later)`);
  }
}
