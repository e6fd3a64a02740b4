import { formatAddress } from '../../config/address.ts';
import type { HostPort } from '../../config/address.ts';
import type { Timer } from '../../core/clock.ts';
import { whatToCheck } from '../../core/connect-trouble.ts';
import { withdrawn } from '../instances.ts';
import { Publications, quietReject, rejection } from '../publications.ts';
import type { Publication } from '../publications.ts';
import type { RegistryDeps, RegistryType } from '../registry-type.ts';
import { keyText } from '../registry.ts';
import type { Registry, RegistryState, ServiceInstance, ServiceKey, Watch, WatchListener } from '../registry.ts';
import { RedialWait } from '../redial-wait.ts';
import { SettlingView } from '../settling-view.ts';
import { StateCell } from '../state-cell.ts';
import { Trust } from '../trust.ts';
import { WatchHub } from '../watch-hub.ts';
import type { ServerMessage } from './protocol.ts';
import { Session } from './session.ts';

export interface EmbeddedOptions {
  /** Where `weft control` listens. */
  readonly address: HostPort;
  /** ms after a reconnect during which missing instances are not yet believed to be gone. Default 5000. */
  readonly settle?: number;
  /** Wait before each reconnect: ceiling of the first and of all, in ms. Default 100 and 1000. */
  readonly backoff?: { readonly base: number; readonly max: number };
}

/** The registry that `weft control` serves. */
export const embeddedRegistry: RegistryType<EmbeddedOptions> = {
  type: 'embedded',
  create: async (options, deps) => new EmbeddedRegistry(options, deps),
};

interface WatchedKey {
  readonly key: ServiceKey;
  readonly view: SettlingView;
  /** Whether the server itself trusts the newest answer. */
  settled: boolean;
}

class EmbeddedRegistry implements Registry {
  readonly type = 'embedded';
  readonly #options: EmbeddedOptions;
  readonly #deps: RegistryDeps;
  readonly #client: string;
  readonly #redialWait: RedialWait;
  readonly #state: StateCell;
  readonly #publications: Publications;
  readonly #hub: WatchHub;
  readonly #watched = new Map<string, WatchedKey>();
  readonly #trust: Trust;
  /** What to do with the answer to a request; without an answer (`undefined`) when the session ends. */
  readonly #answers = new Map<number, (refusal: string | undefined, answered: boolean) => void>();
  #session: Session;
  #live = false;
  #lastId = 0;
  #wasConnected = false;
  /** Whether the log tells of the present outage. */
  #reported = false;
  #redial: Timer | undefined;

  constructor(options: EmbeddedOptions, deps: RegistryDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#client = `${deps.nodeId}-${Math.floor(deps.chance() * 2 ** 48).toString(36)}-${deps.clock.wall().toString(36)}`;
    this.#redialWait = new RedialWait(options.backoff ?? { base: 100, max: 1000 }, deps);
    this.#state = new StateCell(deps.log);
    this.#publications = new Publications(deps.log);
    this.#hub = new WatchHub((key, emit) => this.#watch(key, emit), deps.log);
    this.#trust = new Trust(deps.clock, options.settle ?? 5000, () => {
      for (const { settled, view } of this.#watched.values()) if (settled) view.settle();
    });
    this.#session = this.#dial();
  }

  get state(): RegistryState {
    return this.#state.value;
  }

  publish(instance: ServiceInstance): Promise<void> {
    if (this.state === 'closed') return quietReject(withdrawn('closed'));
    const rejected = rejection(instance);
    if (rejected !== undefined) return rejected;
    const { publication, done } = this.#publications.add(instance);
    if (this.#live) this.#send(publication);
    return done;
  }

  unpublish(key: ServiceKey, address: string): Promise<void> {
    const publication = this.#publications.remove(key, address);
    // Without a session there is nothing to take back: the server drops what a lost one held.
    if (publication === undefined || !this.#live) return Promise.resolve();
    return new Promise((resolve) => {
      const id = this.#ask(() => resolve());
      const { service, protocol, group } = key;
      this.#session.send({ op: 'unpublish', id, key: { service, protocol, group }, address });
    });
  }

  watch(key: ServiceKey, listener: WatchListener): Watch {
    return this.#hub.watch(key, listener);
  }

  onState(listener: (state: RegistryState) => void): () => void {
    return this.#state.listen(listener);
  }

  async close(): Promise<void> {
    if (this.state === 'closed') return;
    const live = this.#live;
    this.#live = false;
    this.#state.set('closed');
    this.#redial?.cancel();
    this.#trust.close();
    this.#hub.close();
    this.#publications.close();
    if (live) await this.#session.close();
    else this.#session.destroy('closed');
    this.#dropAnswers();
  }

  #dial(): Session {
    const session: Session = new Session(
      { address: this.#options.address, node: this.#deps.nodeId, client: this.#client, clock: this.#deps.clock },
      {
        welcome: () => this.#welcome(session),
        message: (message) => this.#message(message),
        closed: (reason) => this.#lost(reason),
      },
    );
    return session;
  }

  /** Makes the server's side equal to what is wanted here. */
  #welcome(session: Session): void {
    if (this.state === 'closed') return;
    this.#live = true;
    this.#redialWait.connected();
    this.#trust.connected();
    this.#wasConnected = true;
    this.#reported = false;
    for (const watched of this.#watched.values()) {
      // What an earlier session answered is not what is there now.
      watched.settled = false;
      session.send({ op: 'watch', key: watched.key });
    }
    for (const publication of this.#publications.all()) this.#send(publication);
    session.send({ op: 'resumed' });
    this.#deps.log.info('registry connected', { address: formatAddress(this.#options.address) });
    this.#state.set('connected');
  }

  #lost(reason: string): void {
    if (this.state === 'closed') return;
    if (!this.#reported) {
      const message = this.#wasConnected
        ? 'registry lost, keeping what is known and trying again'
        : 'registry not reached yet, trying again';
      const check = whatToCheck(reason, 'weft control') ?? 'is weft control running, and is this its address?';
      this.#deps.log.warn(message, { address: formatAddress(this.#options.address), reason, check });
      this.#reported = true;
    }
    if (this.#live) {
      this.#live = false;
      this.#trust.lost();
    }
    this.#state.set('connecting');
    this.#dropAnswers();
    this.#redial = this.#deps.clock.after(this.#redialWait.next(), () => {
      this.#session = this.#dial();
    });
  }

  #dropAnswers(): void {
    const answers = [...this.#answers.values()];
    this.#answers.clear();
    for (const answer of answers) answer(undefined, false);
  }

  #message(message: ServerMessage): void {
    if (message.op === 'instances') return this.#instances(message);
    if (message.op === 'unwatched') {
      const { key, reason } = message;
      return this.#deps.log.error('the registry refused a watch', { key: keyText(key), reason });
    }
    if (message.op !== 'ok' && message.op !== 'refused') return;
    if (message.id === null) return;
    const answer = this.#answers.get(message.id);
    this.#answers.delete(message.id);
    answer?.(message.op === 'refused' ? message.reason : undefined, true);
  }

  #instances(message: ServerMessage & { op: 'instances' }): void {
    const watched = this.#watched.get(keyText(message.key));
    if (watched === undefined) return;
    watched.settled = message.settled;
    watched.view.show(message.instances, message.settled && this.#trust.given);
  }

  #send(publication: Publication): void {
    const id = this.#ask((refusal, answered) => {
      if (refusal !== undefined) this.#publications.refused(publication, refusal);
      else if (answered) this.#publications.held(publication);
    });
    this.#session.send({ op: 'publish', id, instance: publication.instance });
  }

  #ask(answer: (refusal: string | undefined, answered: boolean) => void): number {
    const id = ++this.#lastId;
    this.#answers.set(id, answer);
    return id;
  }

  #watch({ service, protocol, group }: ServiceKey, emit: WatchListener): { close(): void } {
    const key = { service, protocol, group };
    const text = keyText(key);
    this.#watched.set(text, { key, view: new SettlingView(emit), settled: false });
    if (this.#live) this.#session.send({ op: 'watch', key });
    return {
      close: () => {
        this.#watched.delete(text);
        if (this.#live) this.#session.send({ op: 'unwatch', key });
      },
    };
  }
}
