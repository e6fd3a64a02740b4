/** Stand-ins for what lies around the local API. For tests. */
import type { HostPort } from '../../config/address.ts';
import type { RegistryState, ServiceInstance, ServiceKey, Watch, WatchListener } from '../../registry/registry.ts';
import { keyText } from '../../registry/registry.ts';
import type { ConnectionHandlers, PortConnection, PortConnector } from '../health/connector.ts';
import type { HttpAnswer, HttpProbe } from '../health/http-probe.ts';
import { EMPTY_STATE } from '../model.ts';
import type { RegistrationState } from '../model.ts';
import type { StateStore } from '../store.ts';

/** A registry in memory that tells watchers at once, unless it is made to be silent. */
export class FakeRegistry {
  readonly type = 'fake';
  state: RegistryState = 'connected';
  /** Every call, in order: `publish Echo:1.0@bolt`. */
  readonly calls: string[] = [];
  readonly #instances = new Map<string, ServiceInstance>();
  readonly #watchers = new Map<string, Set<WatchListener>>();
  /** Out of reach: publishing stays pending, watchers hear nothing. */
  silent = false;
  /** Rejects what is published next. */
  refusal: Error | undefined;
  /** When set, what is published next is held and confirmed only after it. */
  gate: Promise<void> | undefined;

  get published(): ServiceInstance[] {
    return [...this.#instances.values()];
  }

  get watched(): string[] {
    return [...this.#watchers.keys()];
  }

  publish(instance: ServiceInstance): Promise<void> {
    this.calls.push(`publish ${keyText(instance)}`);
    if (this.refusal !== undefined) return Promise.reject(this.refusal);
    if (this.silent) return new Promise(() => {});
    if (this.gate !== undefined) return this.gate.then(() => this.#hold(instance));
    this.#hold(instance);
    return Promise.resolve();
  }

  #hold(instance: ServiceInstance): void {
    this.#instances.set(`${keyText(instance)} ${instance.address}`, instance);
    this.#tell(instance);
  }

  unpublish(key: ServiceKey, address: string): Promise<void> {
    this.calls.push(`unpublish ${keyText(key)}`);
    this.#instances.delete(`${keyText(key)} ${address}`);
    this.#tell(key);
    return Promise.resolve();
  }

  watch(key: ServiceKey, listener: WatchListener): Watch {
    const text = keyText(key);
    const listeners = this.#watchers.get(text) ?? new Set();
    this.#watchers.set(text, listeners.add(listener));
    const known = (): readonly ServiceInstance[] => this.published.filter((one) => keyText(one) === text);
    if (!this.silent) queueMicrotask(() => listener(known()));
    return {
      instances: undefined,
      close: () => {
        listeners.delete(listener);
        if (listeners.size === 0) this.#watchers.delete(text);
      },
    };
  }

  /** Comes into reach: watchers hear what there is. */
  speak(): void {
    this.silent = false;
    for (const text of this.#watchers.keys()) this.#tellText(text);
  }

  #tell(key: ServiceKey): void {
    if (!this.silent) this.#tellText(keyText(key));
  }

  #tellText(text: string): void {
    const list = this.published.filter((one) => keyText(one) === text);
    for (const listener of this.#watchers.get(text) ?? []) listener(list);
  }
}

/** Keeps what is saved; can be made slow or broken. */
export class FakeStore implements StateStore {
  saved: RegistrationState = EMPTY_STATE;
  saves = 0;
  failure: Error | undefined;
  /** When set, saving waits for it. */
  gate: Promise<void> | undefined;

  load(): Promise<RegistrationState> {
    return Promise.resolve(this.saved);
  }

  async save(state: RegistrationState): Promise<void> {
    this.saves += 1;
    await this.gate;
    if (this.failure !== undefined) throw this.failure;
    this.saved = state;
  }
}

/** One connection that the code under test has asked for, seen from the application. */
export interface FakeConnection {
  readonly address: HostPort;
  readonly handlers: ConnectionHandlers;
  readonly written: Buffer[];
  closed: boolean;
}

export class FakeConnector implements PortConnector {
  readonly connections: FakeConnection[] = [];

  get last(): FakeConnection {
    const last = this.connections.at(-1);
    if (last === undefined) throw new Error('nothing has connected');
    return last;
  }

  connect(address: HostPort, handlers: ConnectionHandlers): PortConnection {
    const connection: FakeConnection = { address, handlers, written: [], closed: false };
    this.connections.push(connection);
    return {
      write: (bytes) => void connection.written.push(bytes),
      close: () => {
        connection.closed = true;
      },
    };
  }
}

/** Answers as told; one that has nothing to answer with waits until it is given up. */
export class FakeProbe implements HttpProbe {
  answer: HttpAnswer | Error | undefined;
  calls = 0;

  get(_url: URL, signal: AbortSignal): Promise<HttpAnswer> {
    this.calls += 1;
    const { answer } = this;
    if (answer instanceof Error) return Promise.reject(answer);
    if (answer !== undefined) return Promise.resolve(answer);
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error('aborted')));
    });
  }
}

/** Lets promises that are ready run on. */
export function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
