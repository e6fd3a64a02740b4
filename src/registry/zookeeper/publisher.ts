import type { Logger } from '../../telemetry/log.ts';
import { Publications } from '../publications.ts';
import type { Publication } from '../publications.ts';
import type { ServiceInstance, ServiceKey } from '../registry.ts';
import type { ZkClient } from './client.ts';
import type { EphemeralNodes } from './ephemeral-nodes.ts';
import { offers, parseProviderNode, providerNode } from './provider-url.ts';
import type { ProcessFacts, ServiceName } from './provider-url.ts';

/** A provider's data while it takes calls, as Java writes it. */
const ONLINE = Buffer.of(1);

/** Turns publications into nodes. A changed publication is a node of another name. */
export class Publisher {
  readonly #client: ZkClient;
  readonly #nodes: EphemeralNodes;
  readonly #publications: Publications;
  readonly #facts: ProcessFacts;
  readonly #log: Logger;
  /** The node of each publication. */
  readonly #paths = new Map<string, string>();

  constructor(client: ZkClient, nodes: EphemeralNodes, facts: ProcessFacts, log: Logger) {
    this.#client = client;
    this.#nodes = nodes;
    this.#facts = facts;
    this.#log = log;
    this.#publications = new Publications(log);
  }

  /** `folder`: where the interface's providers are. The replaced node goes once the new one is there. */
  publish(instance: ServiceInstance, name: ServiceName, folder: string): Promise<void> {
    const { publication, done } = this.#publications.add(instance);
    const path = `${folder}/${providerNode(publication.instance, name, this.#facts)}`;
    const before = this.#paths.get(publication.text);
    this.#paths.set(publication.text, path);
    this.#nodes.hold(path, ONLINE, () => {
      this.#publications.held(publication);
      if (before !== undefined && this.#paths.get(publication.text) !== before) this.#nodes.release(before);
      else if (before === undefined) void this.#sweep(publication, name, folder);
    });
    return done;
  }

  unpublish(key: ServiceKey, address: string): Promise<void> {
    const publication = this.#publications.remove(key, address);
    const path = publication && this.#paths.get(publication.text);
    if (publication === undefined || path === undefined) return Promise.resolve();
    this.#paths.delete(publication.text);
    return new Promise((resolve) => this.#nodes.release(path, resolve));
  }

  close(): void {
    this.#publications.close();
    this.#paths.clear();
  }

  /**
   * Removes what an earlier run of this process left: its nodes live on until its session
   * expires, under names of their own. Without this, plain SOFARPC clients would see the
   * address twice, and lose it for a moment when the older one vanishes.
   */
  async #sweep({ instance }: Publication, name: ServiceName, folder: string): Promise<void> {
    try {
      for (const node of await this.#client.children(folder, false)) {
        const path = `${folder}/${node}`;
        const provider = parseProviderNode(node);
        if (provider?.address !== instance.address || !offers(provider, instance, name) || this.#nodes.has(path))
          continue;
        const owner = (await this.#client.stat(path))?.ephemeralOwner ?? 0n;
        // A persistent node was made by hand, and is not ours to remove.
        if (owner === 0n || owner === this.#client.sessionId) continue;
        await this.#client.remove(path);
        this.#log.info('ZooKeeper node of an earlier run removed', { path });
      }
    } catch (error) {
      this.#log.debug('ZooKeeper nodes of an earlier run not removed', { folder, error: String(error) });
    }
  }
}
