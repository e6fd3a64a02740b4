import { normalize, publicationText, sameInstances } from '../registry/instances.ts';
import { keyText } from '../registry/registry.ts';
import type { ServiceInstance, ServiceKey } from '../registry/registry.ts';

/** Whoever holds registrations; a session, compared by identity. */
export type Holder = object;

interface KeyEntry {
  readonly key: ServiceKey;
  /** By address, the latest holder last; it is the one whose instance shows. */
  readonly offers: Map<string, Map<Holder, ServiceInstance>>;
  list: readonly ServiceInstance[];
}

/**
 * Who offers what, in memory. The same address may be held twice for a moment, while a holder
 * that came back still has its old session; it leaves with the last of them.
 */
export class RegistryStore {
  readonly #changed: (key: ServiceKey) => void;
  readonly #keys = new Map<string, KeyEntry>();
  readonly #held = new Map<Holder, Map<string, ServiceInstance>>();

  /** `changed` is called after each change of a key's list. */
  constructor(changed: (key: ServiceKey) => void) {
    this.#changed = changed;
  }

  publish(holder: Holder, instance: ServiceInstance): void {
    const text = keyText(instance);
    let entry = this.#keys.get(text);
    if (entry === undefined) {
      const { service, protocol, group } = instance;
      entry = { key: { service, protocol, group }, offers: new Map(), list: [] };
      this.#keys.set(text, entry);
    }
    let offers = entry.offers.get(instance.address);
    if (offers === undefined) {
      offers = new Map();
      entry.offers.set(instance.address, offers);
    }
    offers.delete(holder);
    offers.set(holder, instance);
    this.#heldBy(holder).set(publicationText(instance, instance.address), instance);
    this.#refresh(entry);
  }

  unpublish(holder: Holder, key: ServiceKey, address: string): void {
    if (!this.#held.get(holder)?.delete(publicationText(key, address))) return;
    const entry = this.#keys.get(keyText(key));
    const offers = entry?.offers.get(address);
    if (entry === undefined || offers === undefined) return;
    offers.delete(holder);
    if (offers.size === 0) entry.offers.delete(address);
    this.#refresh(entry);
    if (entry.offers.size === 0) this.#keys.delete(keyText(key));
  }

  /** Takes back everything that `holder` offers. */
  drop(holder: Holder): void {
    for (const instance of [...(this.#held.get(holder)?.values() ?? [])]) {
      this.unpublish(holder, instance, instance.address);
    }
    this.#held.delete(holder);
  }

  instances(key: ServiceKey): readonly ServiceInstance[] {
    return this.#keys.get(keyText(key))?.list ?? [];
  }

  /** How many registrations `holder` has. */
  count(holder: Holder): number {
    return this.#held.get(holder)?.size ?? 0;
  }

  has(holder: Holder, key: ServiceKey, address: string): boolean {
    return this.#held.get(holder)?.has(publicationText(key, address)) ?? false;
  }

  /** All keys that somebody offers, with their instances. */
  services(): { key: ServiceKey; instances: readonly ServiceInstance[] }[] {
    return [...this.#keys.values()].map(({ key, list }) => ({ key, instances: list }));
  }

  #heldBy(holder: Holder): Map<string, ServiceInstance> {
    let held = this.#held.get(holder);
    if (held === undefined) {
      held = new Map();
      this.#held.set(holder, held);
    }
    return held;
  }

  #refresh(entry: KeyEntry): void {
    const shown: ServiceInstance[] = [];
    for (const offers of entry.offers.values()) {
      let latest: ServiceInstance | undefined;
      for (const instance of offers.values()) latest = instance;
      if (latest !== undefined) shown.push(latest);
    }
    const list = normalize(shown);
    if (sameInstances(list, entry.list)) return;
    entry.list = list;
    this.#changed(entry.key);
  }
}
