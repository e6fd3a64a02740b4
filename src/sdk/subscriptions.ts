import type { Clock } from '../core/clock.ts';
import type { ServiceInstance, ServiceKey, Watch, WatchListener } from '../registry/registry.ts';
import type { RegistrationState, Subscription } from './model.ts';
import { providerUrl } from './provider-url.ts';

/** Who knows the instances of services: a registry, or what shares a registry's watches. */
export interface WatchSource {
  watch(key: ServiceKey, listener: WatchListener): Watch;
}

export interface SubscriptionView extends Subscription {
  /** As SOFARPC's SDKs read instances; `undefined` until the registry has answered. */
  readonly datas: readonly string[] | undefined;
}

interface Entry {
  watch: Watch;
  instances: readonly ServiceInstance[] | undefined;
  readonly waiting: Set<() => void>;
}

/** Watches at the registry what the application has subscribed to. */
export class Subscriptions {
  readonly #source: WatchSource;
  readonly #clock: Clock;
  readonly #onPush: () => void;
  readonly #entries = new Map<string, Entry>();
  #state: RegistrationState | undefined;

  constructor(source: WatchSource, clock: Clock, onPush: () => void) {
    this.#source = source;
    this.#clock = clock;
    this.#onPush = onPush;
  }

  get views(): SubscriptionView[] {
    const subscriptions = this.#state?.subscriptions ?? new Map<string, Subscription>();
    return [...subscriptions].map(([key, subscription]) => ({ ...subscription, datas: this.datas(key) }));
  }

  /** Takes up what is registered now. */
  update(state: RegistrationState): void {
    this.#state = state;
    for (const [key, entry] of this.#entries) {
      if (!state.subscriptions.has(key)) this.#end(key, entry);
    }
    for (const [key, { service, protocol, group }] of state.subscriptions) {
      if (!this.#entries.has(key)) this.#begin(key, { service, protocol, group });
    }
  }

  /** The instances of a subscription as urls; `undefined` until the registry has answered. */
  datas(key: string): readonly string[] | undefined {
    const instances = this.#entries.get(key)?.instances;
    return instances?.map(providerUrl);
  }

  /** Resolves when the registry has answered for a subscription, `ms` are over, or it has ended. */
  firstPush(key: string, ms: number): Promise<void> {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.instances !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel();
        entry.waiting.delete(done);
        resolve();
      };
      const timer = this.#clock.after(ms, done);
      entry.waiting.add(done);
    });
  }

  close(): void {
    for (const [key, entry] of this.#entries) this.#end(key, entry);
  }

  #begin(key: string, service: ServiceKey): void {
    const entry: Entry = { watch: NO_WATCH, instances: undefined, waiting: new Set() };
    this.#entries.set(key, entry);
    const take = (instances: readonly ServiceInstance[]): void => {
      // One interface may be offered over several protocols at once: they never mix.
      entry.instances = instances.filter((instance) => instance.protocol === service.protocol);
      for (const done of [...entry.waiting]) done();
      this.#onPush();
    };
    entry.watch = this.#source.watch(service, take);
    // A shared watch may know its instances already.
    if (entry.instances === undefined && entry.watch.instances !== undefined) take(entry.watch.instances);
  }

  #end(key: string, entry: Entry): void {
    this.#entries.delete(key);
    entry.watch.close();
    for (const done of [...entry.waiting]) done();
  }
}

const NO_WATCH: Watch = { instances: undefined, close() {} };
