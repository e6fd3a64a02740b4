import type { Chance, Clock } from '../../core/clock.ts';
import { Line, type Place } from '../../core/line.ts';
import { createPicker, type Picker } from './balancer/picker.ts';
import { addressText, Endpoint, type EndpointAddress } from './endpoint.ts';
import type { ClusterPolicy } from './policy.ts';

export interface ClusterDeps {
  readonly clock: Clock;
  readonly chance: Chance;
  /** An endpoint has become usable, or has stopped being. */
  readonly onUsable?: (endpoint: Endpoint) => void;
}

/**
 * A named set of endpoints that offer the same. Its picker is replaced whole in the same tick
 * in which the list or the usability of an endpoint changes.
 */
export class Cluster {
  readonly name: string;
  readonly #deps: ClusterDeps;
  #policy: ClusterPolicy;
  #endpoints = new Map<string, Endpoint>();
  #picker: Picker;
  #known = false;
  readonly #waiting = new Line<() => void>();
  /** When a request last asked for it, by the clock. */
  lastUsed: number;

  constructor(name: string, policy: ClusterPolicy, deps: ClusterDeps) {
    this.name = name;
    this.#policy = policy;
    this.#deps = deps;
    this.#picker = createPicker(policy.lb, [], deps.chance);
    this.lastUsed = deps.clock.now();
  }

  get policy(): ClusterPolicy {
    return this.#policy;
  }

  /** False until the first endpoint list, empty or not, has come. */
  get known(): boolean {
    return this.#known;
  }

  get endpoints(): Iterable<Endpoint> {
    return this.#endpoints.values();
  }

  get size(): number {
    return this.#endpoints.size;
  }

  get usable(): number {
    let count = 0;
    for (const endpoint of this.#endpoints.values()) if (endpoint.usable && endpoint.weight > 0) count++;
    return count;
  }

  /** How many requests wait for the first endpoint list. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Usable endpoints first; when there is none, any: a guess beats a certain failure. */
  pick(except: Endpoint | undefined): Endpoint | undefined {
    return this.#picker.pick(except);
  }

  /** Runs `task` when the endpoints become known, unless it leaves its place before. Only while they are not. */
  whenKnown(task: () => void): Place {
    return this.#waiting.join(task);
  }

  setPolicy(policy: ClusterPolicy): void {
    this.#policy = policy;
    this.#publish();
  }

  /** Replaces the list. Endpoints that stay keep all that is known of them. */
  update(addresses: readonly EndpointAddress[]): void {
    const next = new Map<string, Endpoint>();
    for (const address of addresses) {
      const key = addressText(address);
      const endpoint = this.#endpoints.get(key) ?? new Endpoint(address);
      endpoint.weight = address.weight;
      endpoint.metadata = address.metadata ?? {};
      next.set(key, endpoint);
    }
    const before = this.#endpoints;
    this.#endpoints = next;
    this.#known = true;
    this.#publish();
    for (const [key, endpoint] of before) if (!next.has(key)) remove(endpoint);
    for (let task = this.#waiting.shift(); task !== undefined; task = this.#waiting.shift()) task();
  }

  setUsable(endpoint: Endpoint, usable: boolean, reason: string): void {
    endpoint.reason = reason;
    if (endpoint.usable === usable) return;
    endpoint.usable = usable;
    if (endpoint.removed) return;
    this.#publish();
    this.#deps.onUsable?.(endpoint);
  }

  /** Lets every endpoint finish what it has. */
  close(): void {
    this.update([]);
  }

  #publish(): void {
    const all = [...this.#endpoints.values()];
    const usable = all.filter((endpoint) => endpoint.usable && endpoint.weight > 0);
    this.#picker = createPicker(this.#policy.lb, usable.length > 0 ? usable : all, this.#deps.chance);
  }
}

function remove(endpoint: Endpoint): void {
  endpoint.removed = true;
  endpoint.resources?.drain();
}
