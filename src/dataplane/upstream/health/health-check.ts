import type { Timer } from '../../../core/clock.ts';
import { addressText, type EndpointAddress } from '../../cluster/endpoint.ts';
import type { HealthPolicy } from '../../cluster/policy.ts';
import type { ByteSink } from '../../message/frame.ts';
import { connect, type ConnectHandler } from '../../net/connect.ts';
import type { Connection } from '../../net/connection.ts';
import type { UpstreamDeps } from '../upstream-deps.ts';
import type { Ask, Asked, Question } from './question.ts';

export interface HealthCheckOptions {
  readonly policy: HealthPolicy;
  readonly connectTimeout: number;
  readonly ask: Ask;
}

/**
 * One check of one endpoint: a connection of its own, a question, an answer in time. A new connection each time: that
 * it can be made is a part of being well, and nothing is kept between checks.
 */
export class HealthCheck implements ConnectHandler, Asked {
  readonly address: string;
  readonly #policy: HealthPolicy;
  readonly #onAnswer: (problem: string) => void;
  readonly #timer: Timer;
  readonly #question: Question;
  readonly #connection: Connection;
  #done = false;

  /** @param onAnswer hears what is not well, or ''; once, never before the constructor returns, and not after `cancel`. */
  constructor(
    deps: UpstreamDeps,
    endpoint: Pick<EndpointAddress, 'host' | 'port'>,
    { policy, connectTimeout, ask }: HealthCheckOptions,
    onAnswer: (problem: string) => void,
  ) {
    const { host } = endpoint;
    const { port = endpoint.port, timeout } = policy;
    this.address = addressText({ host, port });
    this.#policy = policy;
    this.#onAnswer = onAnswer;
    this.#timer = deps.clock.after(timeout, () => this.#onTimeout());
    this.#question = ask(this, policy, deps);
    const target = { host, port, timeoutMs: Math.min(connectTimeout, timeout), highWater: deps.limits.highWater };
    this.#connection = connect(deps.net, deps.clock, target, this);
  }

  /** Nobody wants to know any more. */
  cancel(): void {
    if (this.#finish()) this.#connection.destroy('no longer needed');
  }

  out(): ByteSink {
    return this.#connection.out();
  }

  answer(problem: string): void {
    if (!this.#finish()) return;
    this.#connection.close();
    this.#onAnswer(problem);
  }

  onConnect(): void {
    if (!this.#done) this.#question.ask();
  }

  onBytes(chunk: Buffer, length: number): void {
    if (!this.#done) this.#question.read(chunk, length);
  }

  onEnd(): void {
    if (this.#done) return;
    this.#question.end();
    this.#fail('it closed the connection without an answer');
  }

  onBacklog(): void {}

  onClose(reason: string): void {
    if (this.#finish()) this.#onAnswer(reason);
  }

  #onTimeout(): void {
    this.#fail(`no answer in ${this.#policy.timeout} ms`);
  }

  #fail(problem: string): void {
    if (!this.#finish()) return;
    this.#connection.destroy(problem);
    this.#onAnswer(problem);
  }

  /** @returns whether it was not over. */
  #finish(): boolean {
    if (this.#done) return false;
    this.#done = true;
    this.#timer.cancel();
    this.#question.close();
    return true;
  }
}
