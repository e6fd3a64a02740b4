import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from './sofa.ts';
import type { RpcClient, RpcConsumer } from './sofa.ts';

/** What has become of calls since they were last asked for. */
export interface Calls {
  /** One a call that was answered, in µs. */
  readonly micros: readonly number[];
  /** One a call that failed: why. */
  readonly failures: readonly string[];
  /** Answered calls by the name of the provider that answered. */
  readonly providers: Readonly<Record<string, number>>;
}

const TIMEOUT_MS = 3_000;
/** Calls beyond it are not made: against a peer that hangs they would pile up. */
const MAX_UNDER_WAY = 1_000;

/** Calls echo at one address, so many times a second, whatever the answers. */
export class CallLoop {
  readonly #client: RpcClient;
  readonly #consumer: RpcConsumer;
  readonly #rate: number;
  readonly #startedAt: number;
  readonly #timer: NodeJS.Timeout;
  readonly #underWay = new Set<Promise<void>>();
  #made = 0;
  #micros: number[] = [];
  #failures: string[] = [];
  #providers: Record<string, number> = {};

  /**
   * @param address `host:port`
   * @param rate calls a second
   * @param phase part of a period by which the first call comes later
   */
  static async open(address: string, rate: number, phase = 0): Promise<CallLoop> {
    const client = createClient();
    const consumer = client.createConsumer({
      interfaceName: 'com.demo.Echo',
      serverHost: `bolt://${address}?serialization=hessian2`,
    });
    await consumer.ready();
    return new CallLoop(client, consumer, rate, phase);
  }

  private constructor(client: RpcClient, consumer: RpcConsumer, rate: number, phase: number) {
    this.#client = client;
    this.#consumer = consumer;
    this.#rate = rate;
    this.#startedAt = performance.now() + (phase * 1_000) / rate;
    this.#timer = setInterval(() => this.#catchUp(), Math.max(1, 500 / rate));
  }

  take(): Calls {
    const calls = { micros: this.#micros, failures: this.#failures, providers: this.#providers };
    this.#micros = [];
    this.#failures = [];
    this.#providers = {};
    return calls;
  }

  /** Makes no more calls; resolves when those under way have ended. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.race([Promise.all(this.#underWay), delay(TIMEOUT_MS, undefined, { ref: false })]);
    await this.#client.close();
  }

  #catchUp(): void {
    const due = Math.floor(((performance.now() - this.#startedAt) * this.#rate) / 1_000);
    // After a pause of the machine, go on from here instead of making up for it in one burst.
    if (due - this.#made > this.#rate / 2) this.#made = due - 1;
    for (; this.#made < due; this.#made++) {
      if (this.#underWay.size >= MAX_UNDER_WAY) continue;
      const call = this.#call().finally(() => this.#underWay.delete(call));
      this.#underWay.add(call);
    }
  }

  async #call(): Promise<void> {
    const startedAt = performance.now();
    try {
      const reply = await this.#consumer.invoke('echo', [{ $class: 'java.lang.String', $: 'hello' }], {
        responseTimeout: TIMEOUT_MS,
      });
      this.#micros.push(Math.round((performance.now() - startedAt) * 1_000));
      const provider = String(reply).split(':', 1)[0] ?? '';
      this.#providers[provider] = (this.#providers[provider] ?? 0) + 1;
    } catch (error) {
      this.#failures.push(error instanceof Error ? error.message : String(error));
    }
  }
}
