import { createBackoff } from '../../core/backoff.ts';
import type { Chance, Clock } from '../../core/clock.ts';
import type { Logger } from '../../telemetry/log.ts';
import type { ZkClient } from './client.ts';
import { ERROR, isZkError } from './protocol.ts';

interface HeldNode {
  readonly path: string;
  readonly data: Buffer;
  /** Who wants it to be there; without anybody it is to be gone. */
  readonly holders: Set<string>;
  /** A round of work is under way; `again`: something has changed meanwhile. */
  busy: boolean;
  again: boolean;
  waiting: (() => void)[];
}

/**
 * Keeps ephemeral nodes in ZooKeeper for as long as anybody wants them: over lost connections,
 * expired sessions and nodes that somebody else removes. A node of the same name that belongs
 * to another session (this process before its restart, as a rule) would vanish with that
 * session, so it is replaced.
 */
export class EphemeralNodes {
  readonly #client: ZkClient;
  readonly #clock: Clock;
  readonly #chance: Chance;
  readonly #log: Logger;
  readonly #nodes = new Map<string, HeldNode>();
  #closed = false;

  constructor(client: ZkClient, deps: { clock: Clock; chance: Chance; log: Logger }) {
    this.#client = client;
    this.#clock = deps.clock;
    this.#chance = deps.chance;
    this.#log = deps.log;
  }

  /** Whether anybody wants it to be there. */
  has(path: string): boolean {
    return wanted(this.#nodes.get(path));
  }

  /** Resolves when the node is there, or nobody wants it any more. */
  hold(path: string, data: Buffer, holder: string): Promise<void> {
    let node = this.#nodes.get(path);
    if (node === undefined) {
      node = { path, data, holders: new Set(), busy: false, again: false, waiting: [] };
      this.#nodes.set(path, node);
    }
    if (!wanted(node)) wake(node);
    node.holders.add(holder);
    return this.#settled(node);
  }

  /** Resolves when the node is gone, or somebody else wants it, or this is closed. */
  release(path: string, holder: string): Promise<void> {
    const node = this.#nodes.get(path);
    if (node === undefined) return Promise.resolve();
    const last = node.holders.delete(holder) && !wanted(node);
    if (wanted(node)) return Promise.resolve();
    if (last) wake(node);
    return this.#settled(node);
  }

  /** Makes sure of all nodes; to be called after each reconnect. */
  verify(): void {
    for (const node of this.#nodes.values()) this.#start(node);
  }

  /** To be called once the session is closed, which removes all nodes. */
  close(): void {
    this.#closed = true;
    for (const node of this.#nodes.values()) wake(node);
    this.#nodes.clear();
  }

  #settled(node: HeldNode): Promise<void> {
    return new Promise((resolve) => {
      node.waiting.push(resolve);
      this.#start(node);
    });
  }

  #start(node: HeldNode): void {
    node.again = true;
    if (!node.busy) void this.#run(node);
  }

  async #run(node: HeldNode): Promise<void> {
    const backoff = createBackoff({ base: 200, max: 30_000 }, this.#chance);
    node.busy = true;
    // Without a connection nothing can be done; `verify` starts over when there is one.
    while (node.again && this.#client.isUp && !this.#closed) {
      node.again = false;
      const create = wanted(node);
      try {
        await (create ? this.#create(node.path, node.data) : this.#client.remove(node.path));
        if (wanted(node) === create) this.#done(node);
      } catch (error) {
        node.again = true;
        if (isZkError(error, ERROR.connectionLoss)) continue;
        this.#log.error('ZooKeeper node cannot be kept, trying again', { path: node.path, error: String(error) });
        await new Promise<void>((resolve) => this.#clock.after(backoff.next(), resolve));
      }
    }
    node.busy = false;
  }

  #done(node: HeldNode): void {
    if (!wanted(node) && !node.again) this.#nodes.delete(node.path);
    wake(node);
  }

  async #create(path: string, data: Buffer): Promise<void> {
    const node = { path, data, ephemeral: true };
    try {
      return await this.#client.create(node);
    } catch (error) {
      if (isZkError(error, ERROR.noNode)) {
        await this.#client.ensure(path.slice(0, path.lastIndexOf('/')));
        return this.#create(path, data);
      }
      if (!isZkError(error, ERROR.nodeExists)) throw error;
    }
    const stat = await this.#client.stat(path);
    if (stat?.ephemeralOwner === this.#client.sessionId) return;
    if (stat === undefined) return this.#create(path, data);
    this.#log.info('ZooKeeper node of an earlier session replaced', { path });
    await this.#client.replace(node);
  }
}

function wanted(node: HeldNode | undefined): boolean {
  return node !== undefined && node.holders.size > 0;
}

function wake(node: HeldNode): void {
  for (const resolve of node.waiting.splice(0)) resolve();
}
