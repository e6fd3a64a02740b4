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

/** The nodes of one publication. */
interface Offer {
  /** Of its newest version, and of earlier ones until that one is there. */
  readonly held: Set<string>;
  /** Resolves when all that were released are gone. */
  leaving: Promise<unknown>;
}

/** Turns publications into nodes. A changed publication is a node of another name. */
export class Publisher {
  readonly #client: ZkClient;
  readonly #nodes: EphemeralNodes;
  readonly #publications: Publications;
  readonly #facts: ProcessFacts;
  readonly #log: Logger;
  /** By the text of the publication, which also is the name under which its nodes are held. */
  readonly #offers = new Map<string, Offer>();

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
    const { text } = publication;
    const offer = this.#offers.get(text) ?? { held: new Set(), leaving: Promise.resolve() };
    this.#offers.set(text, offer);
    const path = `${folder}/${providerNode(publication.instance, name, this.#facts)}`;
    offer.held.add(path);
    void this.#nodes.hold(path, ONLINE, text).then(() => {
      if (!this.#publications.isCurrent(publication)) return;
      this.#publications.held(publication);
      void this.#release(text, offer, path);
      void this.#sweep(publication, name, folder);
    });
    return done;
  }

  async unpublish(key: ServiceKey, address: string): Promise<void> {
    const publication = this.#publications.remove(key, address);
    if (publication === undefined) return;
    const { text } = publication;
    const offer = this.#offers.get(text);
    this.#offers.delete(text);
    if (offer !== undefined) await this.#release(text, offer);
  }

  close(): void {
    this.#publications.close();
    this.#offers.clear();
  }

  /** Releases all nodes but `keep`. Resolves when they, and those released before, are gone. */
  async #release(text: string, offer: Offer, keep?: string): Promise<void> {
    for (const path of offer.held) {
      if (path === keep) continue;
      offer.held.delete(path);
      offer.leaving = Promise.all([offer.leaving, this.#nodes.release(path, text)]);
    }
    await offer.leaving;
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
