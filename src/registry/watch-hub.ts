import type { Logger } from '../telemetry/log.ts';
import { keyProblems, normalize, sameInstances } from './instances.ts';
import { keyText } from './registry.ts';
import type { ServiceInstance, ServiceKey, Watch, WatchListener } from './registry.ts';

/** Watches one key at the source; called once per key while anybody listens. */
export type OpenWatch = (key: ServiceKey, emit: WatchListener) => { close(): void };

interface Listener {
  readonly call: WatchListener;
  /** What it was told last. */
  told: readonly ServiceInstance[] | undefined;
  closed: boolean;
}

interface Shared {
  readonly key: ServiceKey;
  readonly listeners: Set<Listener>;
  source: { close(): void } | undefined;
  instances: readonly ServiceInstance[] | undefined;
}

/**
 * Shares one watch per key among many listeners. The source is watched while at least one
 * listener is left. A listener that comes late is told what is known in a microtask, so after
 * `watch` has returned. Lists are brought into the contract's form, and repeats are not passed
 * on. A listener that throws is logged and hurts nobody else.
 */
export class WatchHub {
  readonly #open: OpenWatch;
  readonly #log: Logger;
  readonly #shared = new Map<string, Shared>();

  constructor(open: OpenWatch, log: Logger) {
    this.#open = open;
    this.#log = log;
  }

  /** How many keys are watched at the source. */
  get size(): number {
    return this.#shared.size;
  }

  watch(key: ServiceKey, listener: WatchListener): Watch {
    const shared = this.#join(key);
    const entry: Listener = { call: listener, told: undefined, closed: false };
    shared.listeners.add(entry);
    if (shared.source === undefined) shared.source = this.#openSource(shared);
    else if (shared.instances !== undefined) queueMicrotask(() => this.#tell(shared, entry));
    return {
      get instances() {
        return shared.instances;
      },
      close: () => this.#leave(shared, entry),
    };
  }

  /** Ends all watches. */
  close(): void {
    for (const shared of this.#shared.values()) {
      for (const listener of shared.listeners) this.#leave(shared, listener);
    }
  }

  #join(key: ServiceKey): Shared {
    const text = keyText(key);
    let shared = this.#shared.get(text);
    if (shared === undefined) {
      shared = { key, listeners: new Set(), source: undefined, instances: undefined };
      this.#shared.set(text, shared);
    }
    return shared;
  }

  /** A source may emit before it has returned; nobody hears it after the last listener left. */
  #openSource(shared: Shared): { close(): void } {
    const emit: WatchListener = (instances) => {
      if (shared.listeners.size === 0) return;
      const list = normalize(instances);
      if (shared.instances !== undefined && sameInstances(shared.instances, list)) return;
      shared.instances = list;
      for (const listener of shared.listeners) queueMicrotask(() => this.#tell(shared, listener));
    };
    const problems = keyProblems(shared.key);
    if (problems.length === 0) return this.#open(shared.key, emit);
    this.#log.warn('nobody can offer this service', {
      service: shared.key.service.slice(0, 200),
      problem: problems.join('; '),
    });
    emit([]);
    return { close() {} };
  }

  /** Tells the newest list; an older one that it would have missed in between is of no use. */
  #tell(shared: Shared, listener: Listener): void {
    const list = shared.instances;
    if (listener.closed || list === undefined || listener.told === list) return;
    listener.told = list;
    try {
      listener.call(list);
    } catch (error) {
      this.#log.error('a watch listener failed', { key: keyText(shared.key), error: String(error) });
    }
  }

  #leave(shared: Shared, listener: Listener): void {
    if (listener.closed) return;
    listener.closed = true;
    shared.listeners.delete(listener);
    if (shared.listeners.size > 0) return;
    this.#shared.delete(keyText(shared.key));
    shared.source?.close();
  }
}
