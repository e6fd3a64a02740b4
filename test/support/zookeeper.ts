/** A real ZooKeeper of one server, from Debian's package. */
import { connect } from 'node:net';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HostPort } from '../../src/config/address.ts';
import { freePort, startChild, waitUntil } from './children.ts';
import type { Child } from './children.ts';
import { ensureDebian } from './debian.ts';

/** Its manifest names all other jars that it needs. */
const CLASSPATH = '/usr/share/java/zookeeper.jar';
const MAIN_CLASS = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';
/** ms; the shortest session is two ticks. */
const TICK = 200;
const READY_MS = 60_000;

export interface ZooKeeper extends AsyncDisposable {
  readonly address: HostPort;
  /** `host:port`. */
  readonly connectString: string;
  /** Starts it again on the same port, with the same data. */
  start(): Promise<void>;
  /** SIGTERM; the data stays. */
  stop(): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
  /** SIGSTOP and SIGCONT: there, but it answers nothing. */
  freeze(): void;
  thaw(): void;
  /** Forgets all data; only while it is stopped. */
  wipe(): Promise<void>;
}

/** Installs the package when it is missing, and starts a server with fresh data. */
export async function startZooKeeper(): Promise<ZooKeeper> {
  await ensureDebian(['zookeeper']);
  const folder = await mkdtemp(join(tmpdir(), 'weft-zookeeper-'));
  const address = { host: '127.0.0.1', port: await freePort() };
  await writeFile(join(folder, 'zoo.cfg'), configText(folder, address));
  let server: Child | undefined;
  const zookeeper: ZooKeeper = {
    address,
    connectString: `${address.host}:${address.port}`,
    async start() {
      server = await startChild('java', javaArguments(folder), { name: 'ZooKeeper' });
      await waitUntil(async () => /Mode: /.test(await ask(address, 'srvr')), {
        what: 'ZooKeeper answers',
        ms: READY_MS,
      });
    },
    async stop() {
      // Java ends with 143 on SIGTERM.
      await server?.stop('SIGTERM');
    },
    async kill() {
      await server?.kill9();
    },
    freeze: () => server?.signal('SIGSTOP'),
    thaw: () => server?.signal('SIGCONT'),
    wipe: () => rm(join(folder, 'data'), { recursive: true, force: true }),
    async [Symbol.asyncDispose]() {
      await server?.[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
  await mkdir(join(folder, 'data'));
  try {
    await zookeeper.start();
  } catch (error) {
    await zookeeper[Symbol.asyncDispose]();
    throw error;
  }
  return zookeeper;
}

function configText(folder: string, address: HostPort): string {
  return [
    `tickTime=${TICK}`,
    `dataDir=${join(folder, 'data')}`,
    `clientPortAddress=${address.host}`,
    `clientPort=${address.port}`,
    'maxClientCnxns=0',
    'admin.enableServer=false',
    '4lw.commands.whitelist=ruok,srvr,cons,dump,wchs',
    'maxSessionTimeout=60000',
    '',
  ].join('\n');
}

function javaArguments(folder: string): string[] {
  return [
    '-Xmx256m',
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-cp',
    CLASSPATH,
    MAIN_CLASS,
    join(folder, 'zoo.cfg'),
  ];
}

/** Asks one of ZooKeeper's four-letter words. */
export function ask(address: HostPort, word: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(address.port, address.host, () => socket.write(word));
    socket.setTimeout(2000, () => socket.destroy(new Error('no answer')));
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('close', () => resolve(text));
    socket.on('error', reject);
  });
}
