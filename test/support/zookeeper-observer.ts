import { createRequire } from 'node:module';
import type { HostPort } from '../../src/config/address.ts';

/** What is used of node-zookeeper-client, a client that is not ours; it brings no types. */
interface OtherClient {
  once(event: 'connected', listener: () => void): void;
  connect(): void;
  close(): void;
  addAuthInfo(scheme: string, auth: Buffer): void;
  getChildren(path: string, done: (error: Error | null, children: string[]) => void): void;
  getData(path: string, done: (error: Error | null, data: Buffer, stat: OtherStat) => void): void;
  setData(path: string, data: Buffer, done: (error: Error | null) => void): void;
  getACL(path: string, done: (error: Error | null, acl: { id: { scheme: string } }[]) => void): void;
  create(path: string, data: Buffer, mode: number, done: (error: Error | null) => void): void;
  remove(path: string, done: (error: Error | null) => void): void;
  mkdirp(path: string, done: (error: Error | null) => void): void;
}
interface OtherStat {
  ephemeralOwner: Buffer;
}

/** Looks into ZooKeeper and changes it, by another client than the one that is tested. */
export interface Observer {
  children(path: string): Promise<string[]>;
  read(path: string): Promise<{ data: Buffer; owner: bigint }>;
  write(path: string, data: Buffer): Promise<void>;
  /** The schemes of the node's access list. */
  access(path: string): Promise<string[]>;
  create(path: string, ephemeral: boolean): Promise<void>;
  remove(path: string): Promise<void>;
  makePath(path: string): Promise<void>;
  close(): void;
}

export async function observe(address: HostPort, credential?: string): Promise<Observer> {
  const zookeeper = createRequire(import.meta.url)('node-zookeeper-client') as {
    createClient(address: string): OtherClient;
    CreateMode: { EPHEMERAL: number; PERSISTENT: number };
  };
  const client = zookeeper.createClient(`${address.host}:${address.port}`);
  if (credential !== undefined) client.addAuthInfo('digest', Buffer.from(credential));
  await new Promise<void>((resolve) => {
    client.once('connected', resolve);
    client.connect();
  });
  const { EPHEMERAL, PERSISTENT } = zookeeper.CreateMode;
  return {
    children: (path) => promise((done) => client.getChildren(path, done)),
    read: (path) =>
      promise((done) =>
        client.getData(path, (error, data, stat) =>
          done(error, error === null ? { data, owner: stat.ephemeralOwner.readBigInt64BE() } : { data, owner: 0n }),
        ),
      ),
    write: (path, data) => promise((done) => client.setData(path, data, (error) => done(error, undefined))),
    access: (path) =>
      promise((done) =>
        client.getACL(path, (error, acl) =>
          done(
            error,
            acl?.map(({ id }) => id.scheme),
          ),
        ),
      ),
    create: (path, ephemeral) =>
      promise((done) =>
        client.create(path, Buffer.alloc(0), ephemeral ? EPHEMERAL : PERSISTENT, (error) => done(error, undefined)),
      ),
    remove: (path) => promise((done) => client.remove(path, (error) => done(error, undefined))),
    makePath: (path) => promise((done) => client.mkdirp(path, (error) => done(error, undefined))),
    close: () => client.close(),
  };
}

function promise<T>(start: (done: (error: Error | null, value: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => start((error, value) => (error ? reject(error) : resolve(value))));
}
