import { createBackoff } from '../../core/backoff.ts';
import type { Chance, Clock } from '../../core/clock.ts';
import type { Logger } from '../../telemetry/log.ts';
import { keyText } from '../registry.ts';
import type { ServiceInstance, ServiceKey, WatchListener } from '../registry.ts';
import { SettlingView } from '../settling-view.ts';
import type { ZkClient } from './client.ts';
import { ERROR, isZkError } from './protocol.ts';
import { offers, parseProviderNode, toInstance } from './provider-url.ts';
import type { Provider, ServiceName } from './provider-url.ts';

/** How many reads are under way at once. */
const BATCH = 100;
/** A provider's data when an operator has taken it offline; it stays listed, without traffic. */
const OFFLINE = Buffer.of(0);

interface ProviderNode {
  readonly provider: Provider | undefined;
  offline: boolean;
  /** Whether its data was read, and a change of it will be told, on the present connection. */
  armed: boolean;
}

interface WatchedKey {
  readonly key: ServiceKey;
  readonly name: ServiceName;
  readonly view: SettlingView;
}

export interface ProvidersWatchDeps {
  readonly client: ZkClient;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Logger;
  /** Whether what is missing is gone; false for a while after a reconnect. */
  trusted(): boolean;
}

/**
 * The providers of one interface, for all keys that differ in version, unique id, protocol or
 * group only. ZooKeeper tells that something has changed, once; what it is has to be read
 * again. Changes during a reading lead to one more reading, however many they were.
 */
export class ProvidersWatch {
  readonly path: string;
  readonly #deps: ProvidersWatchDeps;
  readonly #keys = new Map<string, WatchedKey>();
  #nodes = new Map<string, ProviderNode>();
  #known = false;
  #busy = false;
  #again = false;
  #closed = false;

  constructor(path: string, deps: ProvidersWatchDeps) {
    this.path = path;
    this.#deps = deps;
    this.#start();
  }

  /** How many keys are watched. */
  get size(): number {
    return this.#keys.size;
  }

  add(key: ServiceKey, name: ServiceName, emit: WatchListener): void {
    const watched = { key, name, view: new SettlingView(emit) };
    this.#keys.set(keyText(key), watched);
    if (this.#known) this.#show(watched);
  }

  remove(key: ServiceKey): void {
    this.#keys.delete(keyText(key));
  }

  /** Connected again: the server has forgotten all watches. */
  resync(): void {
    for (const node of this.#nodes.values()) node.armed = false;
    this.#start();
  }

  /** What was last read is to be believed now, also what it lacks; what is being read will be. */
  settle(): void {
    if (this.#busy) return;
    for (const { view } of this.#keys.values()) view.settle();
  }

  childrenChanged(): void {
    this.#start();
  }

  childChanged(name: string): void {
    const node = this.#nodes.get(name);
    if (node === undefined) return;
    node.armed = false;
    this.#start();
  }

  /**
   * What the server still watches tells one change each, which then is for nobody. Taking
   * watches back would make a server before 3.5 close the connection.
   */
  close(): void {
    this.#closed = true;
  }

  #start(): void {
    this.#again = true;
    if (!this.#busy) void this.#run();
  }

  async #run(): Promise<void> {
    const { client, clock, chance, log } = this.#deps;
    const backoff = createBackoff({ base: 200, max: 30_000 }, chance);
    this.#busy = true;
    // Without a connection nothing can be read; `resync` starts over when there is one.
    while (this.#again && client.isUp && !this.#closed) {
      this.#again = false;
      try {
        await this.#read();
      } catch (error) {
        this.#again = true;
        if (isZkError(error, ERROR.connectionLoss)) continue;
        log.error('ZooKeeper cannot list providers, trying again', { path: this.path, error: String(error) });
        await new Promise<void>((resolve) => clock.after(backoff.next(), resolve));
      }
    }
    this.#busy = false;
  }

  async #read(): Promise<void> {
    const nodes = new Map<string, ProviderNode>();
    for (const name of await this.#list()) {
      nodes.set(name, this.#nodes.get(name) ?? { provider: parseProviderNode(name), offline: false, armed: false });
    }
    this.#nodes = nodes;
    const unread = [...nodes].filter(([, node]) => node.provider !== undefined && !node.armed);
    for (let from = 0; from < unread.length; from += BATCH) {
      await Promise.all(unread.slice(from, from + BATCH).map(([name, node]) => this.#readData(name, node)));
    }
    this.#known = true;
    for (const watched of this.#keys.values()) this.#show(watched);
  }

  async #list(): Promise<string[]> {
    const { client } = this.#deps;
    try {
      return await client.children(this.path, true);
    } catch (error) {
      if (!isZkError(error, ERROR.noNode)) throw error;
      // SOFARPC's clients make it too: a node that is not there cannot be watched for children.
      await client.ensure(this.path);
      return client.children(this.path, true);
    }
  }

  async #readData(name: string, node: ProviderNode): Promise<void> {
    try {
      node.armed = true;
      node.offline = OFFLINE.equals(await this.#deps.client.watchData(`${this.path}/${name}`));
    } catch (error) {
      node.armed = false;
      if (!isZkError(error, ERROR.noNode)) throw error;
      this.#nodes.delete(name);
    }
  }

  /** The newest of several nodes of one address wins, which is the last of the list. */
  #show({ key, name, view }: WatchedKey): void {
    const found: { instance: ServiceInstance; startTime: number }[] = [];
    for (const { provider, offline } of this.#nodes.values()) {
      if (provider === undefined || !offers(provider, key, name)) continue;
      const instance = toInstance(provider, key);
      const startTime = Number(provider.query.get('startTime')) || 0;
      found.push({ instance: offline ? { ...instance, weight: 0 } : instance, startTime });
    }
    found.sort((a, b) => a.startTime - b.startTime);
    view.show(
      found.map(({ instance }) => instance),
      this.#deps.trusted(),
    );
  }
}
