import { setTimeout as delay } from 'node:timers/promises';
import type { EndpointState } from './endpoints.ts';
import { CONSUMER_SIDECAR, REGISTRY } from './mesh.ts';
import type { Mesh } from './mesh.ts';
import type { Provider } from './provider.ts';

const MAX_PROVIDERS = 5;

/** What can be done to the mesh, by a key or by the tour. Nothing here leaves a service without a provider. */
export class Director {
  readonly #mesh: Mesh;
  readonly #say: (text: string) => void;
  readonly #endpoints: () => ReadonlyMap<string, EndpointState>;
  #adding = false;

  /** @param endpoints as the consumer's sidecar sees them, by address */
  constructor(mesh: Mesh, endpoints: () => ReadonlyMap<string, EndpointState>, say: (text: string) => void) {
    this.#mesh = mesh;
    this.#endpoints = endpoints;
    this.#say = say;
  }

  /** Providers that take calls, the oldest first. */
  get ready(): readonly Provider[] {
    const endpoints = this.#endpoints();
    return this.#mesh.providers.filter(({ phase, ingress }) => {
      return phase === 'running' && endpoints.get(ingress)?.usable === true;
    });
  }

  /** What cannot be shown any more, since a part has ended that nothing replaces. */
  get loss(): string | undefined {
    const { lost } = this.#mesh;
    if (lost.has(CONSUMER_SIDECAR)) return "The consumer's sidecar is gone: start the demo again.";
    if (lost.has(REGISTRY)) return 'The registry is gone: calls go on, changes do not. Start the demo again.';
    return undefined;
  }

  async add(): Promise<void> {
    if (this.loss !== undefined) return this.#say(this.loss);
    if (this.#adding) return this.#say('one provider is starting already');
    if (this.#mesh.providers.length >= MAX_PROVIDERS) {
      return this.#say(`${MAX_PROVIDERS} providers are enough for one machine: kill or stop one first`);
    }
    this.#adding = true;
    try {
      const provider = await this.#mesh.addProvider();
      this.#say(`${provider.name} and its sidecar have appeared`);
    } catch (error) {
      this.#say((error as Error).message);
    } finally {
      this.#adding = false;
    }
  }

  /** Kills the oldest: the one that is called without sidecars as well, so that the difference shows. */
  kill(): void {
    if (this.loss !== undefined) return this.#say(this.loss);
    const [oldest, second] = this.ready;
    if (oldest === undefined || second === undefined) return this.#say(NOT_THE_LAST);
    this.#mesh.kill(oldest);
  }

  /** Stops the newest. */
  async stop(): Promise<void> {
    if (this.loss !== undefined) return this.#say(this.loss);
    const { ready } = this;
    const newest = ready.at(-1);
    if (newest === undefined || ready.length < 2) return this.#say(NOT_THE_LAST);
    await this.#mesh.stop(newest);
  }

  /** Waits until so many providers take calls. Rejects when the signal aborts. */
  async untilReady(count: number, signal: AbortSignal): Promise<void> {
    while (this.ready.length < count) await delay(100, undefined, { signal });
  }

  get hint(): string {
    const { ready } = this;
    const [oldest] = ready;
    if (this.#adding) return "A provider is on its way: its sidecar publishes it, the consumer's finds it.";
    if (oldest === undefined || ready.length < 2)
      return 'Try a: another provider appears and takes its share of the calls.';
    return `Try k: ${oldest.name} is killed; no call through the sidecars fails.`;
  }
}

const NOT_THE_LAST = 'only one provider takes calls: add another first (key a)';
