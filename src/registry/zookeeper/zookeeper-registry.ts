import { networkInterfaces } from 'node:os';
import type { HostPort } from '../../config/address.ts';
import type { Timer } from '../../core/clock.ts';
import { refusal, withdrawn } from '../instances.ts';
import { quietReject, rejection } from '../publications.ts';
import type { RegistryDeps, RegistryType } from '../registry-type.ts';
import { keyText } from '../registry.ts';
import type { Registry, RegistryState, ServiceInstance, ServiceKey, Watch, WatchListener } from '../registry.ts';
import { StateCell } from '../state-cell.ts';
import { Trust } from '../trust.ts';
import { WatchHub } from '../watch-hub.ts';
import { ZkClient } from './client.ts';
import { EphemeralNodes } from './ephemeral-nodes.ts';
import type { ZkEvent } from './protocol.ts';
import { consumerNode, keyProblem, parseServiceName } from './provider-url.ts';
import type { ProcessFacts } from './provider-url.ts';
import { ProvidersWatch } from './providers-watch.ts';
import { Publisher } from './publisher.ts';

export interface ZookeeperOptions {
  /** The servers of the ensemble. */
  readonly address: readonly HostPort[];
  /** The node below which SOFARPC's layout begins: `/` as a rule. */
  readonly root: string;
  /** ms that ZooKeeper keeps what this process published after it has gone silent. */
  readonly sessionTimeout: number;
  readonly auth?: { readonly scheme: string; readonly credential: string };
  /** ms after a reconnect during which missing instances are not yet believed to be gone. Default 3000. */
  readonly settle?: number;
  /** ms between looks whether the own nodes are still there. Default 30000. */
  readonly verify?: number;
  readonly backoff?: { readonly base: number; readonly max: number };
}

/** ZooKeeper in SOFARPC's own layout, so that apps with a sidecar and apps without find each other. */
export const zookeeperRegistry: RegistryType<ZookeeperOptions> = {
  type: 'zookeeper',
  create: async (options, deps) => new ZookeeperRegistry(options, deps),
};

class ZookeeperRegistry implements Registry {
  readonly type = 'zookeeper';
  readonly #deps: RegistryDeps;
  readonly #root: string;
  readonly #facts: ProcessFacts;
  readonly #client: ZkClient;
  readonly #nodes: EphemeralNodes;
  readonly #publisher: Publisher;
  readonly #state: StateCell;
  readonly #hub: WatchHub;
  readonly #watches = new Map<string, ProvidersWatch>();
  readonly #trust: Trust;
  readonly #verify: Timer;

  constructor(options: ZookeeperOptions, deps: RegistryDeps) {
    this.#deps = deps;
    this.#root = `${options.root.replace(/\/+$/, '')}/sofa-rpc`;
    this.#facts = { pid: process.pid, startTime: deps.clock.wall() };
    this.#state = new StateCell(deps.log);
    this.#hub = new WatchHub((key, emit) => this.#watch(key, emit), deps.log);
    this.#trust = new Trust(deps.clock, options.settle ?? 3000, () => {
      for (const watch of this.#watches.values()) watch.settle();
    });
    const { address: servers, sessionTimeout, auth, backoff } = options;
    const { clock, chance, log } = deps;
    this.#client = new ZkClient(
      { servers, sessionTimeout, clock, chance, log, ...(auth && { auth }), ...(backoff && { backoff }) },
      { up: () => this.#up(), down: () => this.#down(), event: (event) => this.#event(event) },
    );
    this.#nodes = new EphemeralNodes(this.#client, deps);
    this.#publisher = new Publisher(this.#client, this.#nodes, this.#facts, log);
    // Somebody may remove a node by hand; a provider that silently is in no list is a bad day.
    this.#verify = clock.every(options.verify ?? 30_000, () => this.#nodes.verify());
  }

  get state(): RegistryState {
    return this.#state.value;
  }

  publish(instance: ServiceInstance): Promise<void> {
    if (this.state === 'closed') return quietReject(withdrawn('closed'));
    const rejected = rejection(instance);
    if (rejected !== undefined) return rejected;
    const name = parseServiceName(instance.service);
    const problem = keyProblem(instance);
    if (name === undefined || problem !== undefined) return quietReject(refusal(instance, problem ?? 'no name'));
    return this.#publisher.publish(instance, name, this.#folder(name.interfaceName, 'providers'));
  }

  unpublish(key: ServiceKey, address: string): Promise<void> {
    return this.#publisher.unpublish(key, address);
  }

  watch(key: ServiceKey, listener: WatchListener): Watch {
    return this.#hub.watch(key, listener);
  }

  onState(listener: (state: RegistryState) => void): () => void {
    return this.#state.listen(listener);
  }

  async close(): Promise<void> {
    if (this.state === 'closed') return;
    this.#state.set('closed');
    this.#verify.cancel();
    this.#trust.close();
    this.#hub.close();
    this.#publisher.close();
    await this.#client.close();
    this.#nodes.close();
  }

  #folder(interfaceName: string, kind: 'providers' | 'consumers'): string {
    return `${this.#root}/${interfaceName}/${kind}`;
  }

  #up(): void {
    this.#trust.connected();
    this.#nodes.verify();
    for (const watch of this.#watches.values()) watch.resync();
    this.#state.set('connected');
  }

  #down(): void {
    this.#trust.lost();
    this.#state.set('connecting');
  }

  /** An event ends a watch, whatever has happened: a node that is gone may be back under the same name. */
  #event({ path }: ZkEvent): void {
    const own = this.#watches.get(path);
    if (own !== undefined) return own.childrenChanged();
    const slash = path.lastIndexOf('/');
    this.#watches.get(path.slice(0, slash))?.childChanged(path.slice(slash + 1));
  }

  #watch(key: ServiceKey, emit: WatchListener): { close(): void } {
    const name = parseServiceName(key.service);
    const problem = keyProblem(key);
    if (name === undefined || problem !== undefined) {
      this.#deps.log.warn('nobody can offer this service in ZooKeeper', { service: key.service, problem });
      emit([]);
      return { close() {} };
    }
    const path = this.#folder(name.interfaceName, 'providers');
    const { clock, chance, log, app, nodeId } = this.#deps;
    const client = this.#client;
    const trusted = (): boolean => this.#trust.given;
    const watch = this.#watches.get(path) ?? new ProvidersWatch(path, { client, clock, chance, log, trusted });
    this.#watches.set(path, watch);
    watch.add(key, name, emit);
    // For people: who listens. Nothing depends on it.
    const consumer = consumerNode(key, name, ownAddress(), app ?? nodeId, this.#facts);
    const consumerPath = `${this.#folder(name.interfaceName, 'consumers')}/${consumer}`;
    const holder = keyText(key);
    void this.#nodes.hold(consumerPath, Buffer.alloc(0), holder);
    return {
      close: () => {
        void this.#nodes.release(consumerPath, holder);
        watch.remove(key);
        if (watch.size > 0) return;
        this.#watches.delete(path);
        watch.close();
      },
    };
  }
}

/** The first IPv4 address of this machine that others may know it by. */
function ownAddress(): string {
  for (const list of Object.values(networkInterfaces())) {
    const found = list?.find(({ family, internal }) => family === 'IPv4' && !internal);
    if (found !== undefined) return found.address;
  }
  return '127.0.0.1';
}
