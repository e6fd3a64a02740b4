import { isDeepStrictEqual } from 'node:util';
import type { Chance, Clock, Timer } from '../../core/clock.ts';
import { Line, type Place } from '../../core/line.ts';
import { createLevels } from './balancer/levels.ts';
import type { Picker } from './balancer/picker.ts';
import { OutlierDetector } from './outlier.ts';
import { addressText, Endpoint, type EndpointAddress, type Trouble } from './endpoint.ts';
import type { BalancerType, ClusterPolicy } from './policy.ts';

export interface ClusterDeps {
  readonly clock: Clock;
  readonly chance: Chance;
  /** Where this proxy is; '' or absent: nowhere. */
  readonly zone?: string;
  /** An endpoint has become usable, or has stopped being. */
  readonly onUsable?: (endpoint: Endpoint) => void;
  /** An endpoint was found to speak HTTP/1 alone. */
  readonly onHttp1?: (endpoint: Endpoint) => void;
  /** An endpoint is out for a while because of how its requests ended. */
  readonly onEjected?: (endpoint: Endpoint) => void;
}

/** How much of its weight an endpoint has at the least, and in how many steps it comes to all of it. */
const COLD_SHARE = 0.1;
const WARM_STEPS = 20;

/** For so long an endpoint that answered in HTTP/1 is not asked for HTTP/2 again: its app may be exchanged. */
const HTTP1_MS = 60_000;

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
  #outlier: OutlierDetector | undefined;
  #endpoints = new Map<string, Endpoint>();
  #picker: Picker;
  /** Made when first asked for; of one list and one health of its endpoints. */
  readonly #subsets = new Map<Subset, Picker>();
  #warming: Timer | undefined;
  #known = false;
  readonly #waiting = new Line<() => void>();
  /** Open to all endpoints together, those that connect and those that leave included; its pools count. */
  connections = 0;
  #lastUsed: number;
  #onUse: (() => void) | undefined;

  constructor(name: string, policy: ClusterPolicy, deps: ClusterDeps) {
    this.name = name;
    this.#policy = policy;
    this.#timed = isTimed(policy);
    this.#deps = deps;
    this.#watch();
    this.#picker = this.#pickerOf([]);
    this.#lastUsed = deps.clock.now();
  }

  /** When a request last asked for it, by the clock. */
  get lastUsed(): number {
    return this.#lastUsed;
  }

  /** A request asks for it, `now` by the clock. */
  use(now: number): void {
    this.#lastUsed = now;
    const task = this.#onUse;
    if (task === undefined) return;
    this.#onUse = undefined;
    task();
  }

  /** Runs `task` at the next request, once; undefined for nothing, and instead of what was to be run. */
  onNextUse(task: (() => void) | undefined): void {
    this.#onUse = task;
  }

  /** Whether anybody asks how requests end, and how long replies take. */
  get watched(): boolean {
    return this.#timed || this.#outlier !== undefined;
  }

  /** A reply has come `ms` after its request was sent, or not come for so long. Only while `watched`. */
  replied(endpoint: Endpoint, ms: number): void {
    if (this.#timed) endpoint.latency.observe(ms, this.#deps.clock.now());
  }

  /** No reply has come for `ms`, and nobody waits for it any more. Only while `watched`. */
  waited(endpoint: Endpoint, ms: number): void {
    const now = this.#deps.clock.now();
    if (this.#timed && ms > endpoint.latency.at(now)) endpoint.latency.observe(ms, now);
  }

  /** A request has ended; `ok`: the endpoint did what it should. Only while `watched`. */
  ended(endpoint: Endpoint, ok: boolean): void {
    if (!endpoint.removed) this.#outlier?.record(endpoint, ok);
  }

  /** Whether as many connections are open as the policy allows to all endpoints together. */
  get full(): boolean {
    const { connections } = this.#policy.breaker;
    return connections > 0 && this.connections >= connections;
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
    this.#watch();
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
    for (const [key, endpoint] of before) if (!next.has(key)) this.#remove(endpoint);
    for (let task = this.#waiting.shift(); task !== undefined; task = this.#waiting.shift()) task();
  }

  /** Whether an endpoint was found to speak HTTP/1 alone, a while ago at most. */
  speaksHttp1({ http1Until }: Endpoint): boolean {
    return http1Until > this.#deps.clock.now();
  }

  /** It was asked for HTTP/2, and answered in something else; or, when not `alone`, in HTTP/2. */
  setHttp1(endpoint: Endpoint, alone: boolean): void {
    const news = alone && endpoint.http1Until === Number.NEGATIVE_INFINITY;
    endpoint.http1Until = alone ? this.#deps.clock.now() + HTTP1_MS : Number.NEGATIVE_INFINITY;
    if (news) this.#deps.onHttp1?.(endpoint);
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
    this.#outlier?.close();
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

  #remove(endpoint: Endpoint): void {
    endpoint.removed = true;
    this.#outlier?.forget(endpoint);
    endpoint.resources?.drain();
  }

  /** By a policy that may be another one: whoever is out comes back, and is judged by that. */
  #watch(): void {
    const { outlier } = this.#policy;
    if (isDeepStrictEqual(outlier, this.#outlier?.policy)) return;
    this.#outlier?.close();
    const { consecutive, failurePercentage, successRate } = outlier;
    const judges = consecutive > 0 || failurePercentage > 0 || successRate > 0;
    if (!judges) return void (this.#outlier = undefined);
    this.#outlier = new OutlierDetector(outlier, {
      clock: this.#deps.clock,
      endpoints: () => this.#endpoints.values(),
      setEjected: (endpoint, reason) => {
        this.setUsable(endpoint, reason === '', reason, 'outlier');
        if (reason !== '') this.#deps.onEjected?.(endpoint);
      },
    });
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
