import type { Chance, Clock, Timer } from '../../core/clock.ts';
import { Line, type Place } from '../../core/line.ts';
import { createLevels } from './balancer/levels.ts';
import type { Picker } from './balancer/picker.ts';
import { addressText, Endpoint, type EndpointAddress, type Trouble } from './endpoint.ts';
import type { BalancerType, ClusterPolicy } from './policy.ts';

export interface ClusterDeps {
  readonly clock: Clock;
  readonly chance: Chance;
  /** Where this proxy is; '' or absent: nowhere. */
  readonly zone?: string;
  /** An endpoint has become usable, or has stopped being. */
  readonly onUsable?: (endpoint: Endpoint) => void;
}

/** How much of its weight an endpoint has at the least, and in how many steps it comes to all of it. */
const COLD_SHARE = 0.1;
const WARM_STEPS = 20;

/** Balancers by which a key has a place. */
const BY_KEY: ReadonlySet<BalancerType> = new Set(['ring_hash', 'maglev']);

/** Those endpoints that have these values among their metadata. One object for each that a config names. */
export type Subset = Readonly<Record<string, string>>;

/**
 * A named set of endpoints that offer the same. Its picker is replaced whole in the same tick
 * in which the list or the usability of an endpoint changes.
 */
export class Cluster {
  readonly name: string;
  readonly #deps: ClusterDeps;
  #policy: ClusterPolicy;
  #timed: boolean;
  #endpoints = new Map<string, Endpoint>();
  #picker: Picker;
  /** Made when first asked for; of one list and one health of its endpoints. */
  readonly #subsets = new Map<Subset, Picker>();
  #warming: Timer | undefined;
  #known = false;
  readonly #waiting = new Line<() => void>();
  /** When a request last asked for it, by the clock. */
  lastUsed: number;

  constructor(name: string, policy: ClusterPolicy, deps: ClusterDeps) {
    this.name = name;
    this.#policy = policy;
    this.#timed = isTimed(policy);
    this.#deps = deps;
    this.#picker = this.#pickerOf([]);
    this.lastUsed = deps.clock.now();
  }

  /** Whether anybody asks how long replies take. */
  get timed(): boolean {
    return this.#timed;
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
  pick(except: Endpoint | undefined, hash?: number, subset?: Subset): Endpoint | undefined {
    const picker = subset === undefined ? this.#picker : this.#subsetPicker(subset);
    return picker.pick(except, hash);
  }

  /** Runs `task` when the endpoints become known, unless it leaves its place before. Only while they are not. */
  whenKnown(task: () => void): Place {
    return this.#waiting.join(task);
  }

  setPolicy(policy: ClusterPolicy): void {
    this.#policy = policy;
    this.#timed = isTimed(policy);
    this.#publish();
  }

  /** Replaces the list. Endpoints that stay keep all that is known of them. */
  update(addresses: readonly EndpointAddress[]): void {
    const next = new Map<string, Endpoint>();
    for (const address of addresses) {
      const key = addressText(address);
      const endpoint = this.#endpoints.get(key) ?? new Endpoint(address);
      endpoint.weight = address.weight;
      endpoint.priority = address.priority ?? 0;
      endpoint.metadata = address.metadata ?? {};
      next.set(key, endpoint);
    }
    const before = this.#endpoints;
    if (this.#known) {
      // Those of the first list are not new: nobody else could take their part.
      const now = this.#deps.clock.now();
      for (const [key, endpoint] of next) if (!before.has(key)) endpoint.freshSince = now;
    }
    this.#endpoints = next;
    this.#known = true;
    this.#publish();
    for (const [key, endpoint] of before) if (!next.has(key)) remove(endpoint);
    for (let task = this.#waiting.shift(); task !== undefined; task = this.#waiting.shift()) task();
  }

  /** Something is known against an endpoint, or, when `usable`, no more; `reason` is for people. */
  setUsable(endpoint: Endpoint, usable: boolean, reason: string, cause: Trouble = 'connection'): void {
    if (!endpoint.setTrouble(cause, usable ? '' : reason || 'unknown') || endpoint.removed) return;
    if (endpoint.usable) endpoint.freshSince = this.#deps.clock.now();
    this.#publish();
    this.#deps.onUsable?.(endpoint);
  }

  /** Lets every endpoint finish what it has. */
  close(): void {
    this.update([]);
    this.#warming?.cancel();
  }

  #subsetPicker(subset: Subset): Picker {
    let picker = this.#subsets.get(subset);
    if (picker === undefined) {
      const wanted = Object.entries(subset);
      const has = ({ metadata }: Endpoint): boolean => wanted.every(([key, value]) => metadata[key] === value);
      this.#subsets.set(subset, (picker = this.#pickerOf([...this.#endpoints.values()].filter(has))));
    }
    return picker;
  }

  #publish(): void {
    this.#warmUp();
    this.#picker = this.#pickerOf([...this.#endpoints.values()]);
    this.#subsets.clear();
  }

  #pickerOf(endpoints: readonly Endpoint[]): Picker {
    const { lb, balancing } = this.#policy;
    return createLevels(lb, endpoints, balancing, this.#deps.zone ?? '', this.#deps);
  }

  /** Gives endpoints that are fresh a part of their weight, and looks again soon while there are any. */
  #warmUp(): void {
    // Where keys have their places, they would move with every step.
    const slowStart = BY_KEY.has(this.#policy.lb) ? 0 : this.#policy.balancing.slowStart;
    const now = this.#deps.clock.now();
    let warming = false;
    for (const endpoint of this.#endpoints.values()) {
      const age = now - endpoint.freshSince;
      endpoint.share = endpoint.weight;
      if (age >= slowStart) continue;
      warming = true;
      endpoint.share *= Math.max(COLD_SHARE, age / slowStart);
    }
    this.#warming?.cancel();
    this.#warming = warming ? this.#deps.clock.after(slowStart / WARM_STEPS, () => this.#publish()) : undefined;
  }
}

function isTimed({ lb }: ClusterPolicy): boolean {
  return lb === 'peak_ewma';
}

function remove(endpoint: Endpoint): void {
  endpoint.removed = true;
  endpoint.resources?.drain();
}
