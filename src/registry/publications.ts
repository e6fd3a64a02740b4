import type { Logger } from '../telemetry/log.ts';
import { instanceProblems, publicationText, refusal, withdrawn } from './instances.ts';
import { keyText } from './registry.ts';
import type { ServiceInstance, ServiceKey } from './registry.ts';

/** One thing that is to be in the registry, and who waits for it to be there. */
export interface Publication {
  readonly text: string;
  readonly instance: ServiceInstance;
  readonly waiters: PromiseWithResolvers<void>[];
}

/**
 * What this process wants the registry to hold. It outlives connections and sessions: whoever
 * talks to the registry makes it true again after each.
 */
export class Publications {
  readonly #log: Logger;
  readonly #wanted = new Map<string, Publication>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** All of them, in the order of their first publishing. */
  all(): Publication[] {
    return [...this.#wanted.values()];
  }

  get(text: string): Publication | undefined {
    return this.#wanted.get(text);
  }

  /** Whether this very version is still wanted, not replaced or taken back. */
  isCurrent(publication: Publication): boolean {
    return this.#wanted.get(publication.text) === publication;
  }

  /** Adds or replaces; whoever waited for the replaced one waits for this one. */
  add(instance: ServiceInstance): { publication: Publication; done: Promise<void> } {
    const text = publicationText(instance, instance.address);
    const waiter = quietPromise();
    const waiters = [...(this.#wanted.get(text)?.waiters ?? []), waiter];
    const publication = { text, instance: copy(instance), waiters };
    this.#wanted.set(text, publication);
    return { publication, done: waiter.promise };
  }

  remove(key: ServiceKey, address: string): Publication | undefined {
    const text = publicationText(key, address);
    const publication = this.#wanted.get(text);
    this.#wanted.delete(text);
    for (const waiter of publication?.waiters ?? []) waiter.reject(withdrawn('unpublished'));
    return publication;
  }

  /** The registry holds it. */
  held(publication: Publication): void {
    if (!this.isCurrent(publication)) return;
    this.#log.debug('published', { key: keyText(publication.instance), address: publication.instance.address });
    for (const waiter of publication.waiters.splice(0)) waiter.resolve();
  }

  /**
   * The registry does not take it. Whoever still waits for it is told; what it took before is
   * kept, to be tried again when the registry is back the next time.
   */
  refused(publication: Publication, reason: string): void {
    if (!this.isCurrent(publication)) return;
    const { instance, waiters, text } = publication;
    this.#log.error('the registry refused a publication', {
      key: keyText(instance),
      address: instance.address,
      reason,
    });
    if (waiters.length === 0) return;
    this.#wanted.delete(text);
    for (const waiter of waiters) waiter.reject(refusal(instance, reason));
  }

  /** Forgets all and tells whoever waits. */
  close(): void {
    for (const { waiters } of this.#wanted.values()) {
      for (const waiter of waiters) waiter.reject(withdrawn('closed'));
    }
    this.#wanted.clear();
  }
}

/** The rejection of an instance that no registry can take, or `undefined` when it is in order. */
export function rejection(instance: ServiceInstance): Promise<void> | undefined {
  const problems = instanceProblems(instance);
  return problems.length === 0 ? undefined : quietReject(refusal(instance, problems.join('; ')));
}

/** A rejected promise that nobody has to look at. */
export function quietReject(error: Error): Promise<void> {
  const waiter = quietPromise();
  waiter.reject(error);
  return waiter.promise;
}

function quietPromise(): PromiseWithResolvers<void> {
  const waiter = Promise.withResolvers<void>();
  waiter.promise.catch(() => {});
  return waiter;
}

/** Callers may hand in more fields, or change theirs later. */
function copy(instance: ServiceInstance): ServiceInstance {
  const { service, protocol, group, address, weight, metadata } = instance;
  return { service, protocol, group, address, weight, metadata: { ...metadata } };
}
