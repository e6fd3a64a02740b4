import { formatAddress } from '../config/address.ts';
import type { HostPort } from '../config/address.ts';
import { sameInstance } from '../registry/instances.ts';
import { keyText } from '../registry/registry.ts';
import type { Registry, ServiceInstance, ServiceKey } from '../registry/registry.ts';
import type { Logger } from '../telemetry/log.ts';
import type { AppHealth, PortCheck } from './health/app-health.ts';
import type { Publication, RegistrationState } from './model.ts';
import { BOLT } from './protocol.ts';

/** The part of a registry that publishing needs. */
export type PublishRegistry = Pick<Registry, 'publish' | 'unpublish'>;

/** How the world reaches the application: through the ingress listener. */
export interface IngressInfo {
  /** What is published: the sidecar's address, never the application's own. */
  readonly advertise: HostPort;
  /** Where the application lives, and its port when an SDK names none. */
  readonly app: HostPort;
}

export interface PublisherOptions {
  /** Stand-ins for what neither publication nor application says. */
  readonly node: { readonly app: string; readonly zone: string };
  /** As it is now; without one nothing can be published. After a change, `update` follows it. */
  ingress(): IngressInfo | undefined;
}

export type PublicationStatus =
  /** The application has not proved healthy yet. */
  | 'pending health'
  /** Handed to the registry, which does not hold it yet (it may be out of reach). */
  | 'publishing'
  | 'published'
  /** Taken back, or refused by the registry; the reason says which. */
  | 'unpublished';

export interface PublicationView extends Publication {
  readonly port: number | undefined;
  readonly status: PublicationStatus;
  /** Empty when there is nothing to explain. */
  readonly reason: string;
  /** The address that is published; empty without an ingress. */
  readonly address: string;
}

/** Why a sidecar cannot publish, and what to do. */
export const NO_INGRESS =
  'this sidecar has no ingress listener through which the service could be reached: add one to its config';

interface Entry {
  publication: Publication;
  status: PublicationStatus;
  reason: string;
  /** What the registry was last asked to hold. */
  offered: ServiceInstance | undefined;
  /** Every address at which the registry was asked to hold it, and not to drop it since. */
  readonly held: Set<string>;
  /** Settled when the registry has done what it was last asked for. Never rejects. */
  settled: Promise<void>;
  /** Tells an answer of the registry to an earlier request from one to the last. */
  turn: number;
}

/**
 * Keeps the registry in step with what the application has registered and how it fares: a
 * publication is offered exactly while its checks say healthy.
 */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #registry: PublishRegistry;
  readonly #health: AppHealth;
  readonly #log: Logger;
  readonly #onStatus: () => void;
  readonly #entries = new Map<string, Entry>();
  #state: RegistrationState | undefined;
  #stopped = false;

  constructor(
    options: PublisherOptions,
    deps: { readonly registry: PublishRegistry; readonly health: AppHealth; readonly log: Logger },
    onStatus: () => void,
  ) {
    this.#options = options;
    this.#registry = deps.registry;
    this.#health = deps.health;
    this.#log = deps.log;
    this.#onStatus = onStatus;
  }

  get views(): PublicationView[] {
    const address = this.#address;
    return [...this.#entries.values()].map(({ publication, status, reason }) => ({
      ...publication,
      port: this.portOf(publication),
      status,
      reason,
      address,
    }));
  }

  /** The application's port behind a publication. */
  portOf(publication: Publication): number | undefined {
    return publication.port ?? this.#options.ingress()?.app.port;
  }

  /**
   * Takes up what is registered now, and where the ingress is now. Resolves when the registry holds
   * all of it as it is, and nothing of it at an earlier address: pending while it is out of reach.
   */
  update(state: RegistrationState): Promise<unknown> {
    this.#state = state;
    for (const [key, entry] of this.#entries) {
      if (state.publications.has(key)) continue;
      this.#entries.delete(key);
      void this.#withdraw(entry);
    }
    for (const [key, publication] of state.publications) {
      const entry = this.#entries.get(key);
      if (entry !== undefined) entry.publication = publication;
      else this.#entries.set(key, newEntry(publication));
    }
    this.#health.watch(this.#options.ingress()?.app.host, this.#portChecks());
    this.refresh();
    return Promise.all([...this.#entries.values()].map((entry) => entry.settled));
  }

  /** Compares every publication with the health of the application, and acts. */
  refresh(): void {
    if (this.#stopped) return;
    for (const entry of this.#entries.values()) this.#reconcile(entry);
    this.#onStatus();
  }

  /** Takes everything back for good, though it stays registered. Resolves when the registry has dropped it. */
  async unpublishAll(): Promise<void> {
    this.#stopped = true;
    const withdrawals = [...this.#entries.values()].map((entry) => {
      this.#become(entry, 'unpublished', 'this sidecar is shutting down');
      return this.#withdraw(entry);
    });
    this.#onStatus();
    await Promise.all(withdrawals);
  }

  /** Leaves the registry as it is. */
  close(): void {
    this.#stopped = true;
  }

  #reconcile(entry: Entry): void {
    const ingress = this.#options.ingress();
    if (ingress === undefined) return this.#retract(entry, NO_INGRESS);
    const verdict = this.#health.verdict(this.portOf(entry.publication));
    if (verdict.state === 'unhealthy') return this.#retract(entry, verdict.reason);
    // What is offered stays so until the application is known to be unwell.
    if (verdict.state === 'healthy' || entry.offered !== undefined) return this.#offer(entry, ingress.advertise);
    this.#become(entry, 'pending health', verdict.reason);
  }

  #retract(entry: Entry, reason: string): void {
    this.#become(entry, 'unpublished', reason);
    void this.#withdraw(entry);
  }

  #offer(entry: Entry, advertise: HostPort): void {
    const instance = this.#instance(entry.publication, formatAddress(advertise));
    if (sameInstance(instance, entry.offered)) return;
    const turn = (entry.turn += 1);
    const earlier = [...entry.held];
    entry.offered = instance;
    entry.held.add(instance.address);
    this.#become(
      entry,
      'publishing',
      'the registry does not hold it yet; GET /configs/registry says whether it is connected',
    );
    entry.settled = this.#registry
      .publish(instance)
      .then(
        () => this.#answered(entry, turn, 'published', ''),
        (error: Error) => {
          if (entry.turn === turn) entry.offered = undefined;
          this.#answered(entry, turn, 'unpublished', `the registry refuses it: ${error.message}`);
        },
      )
      // Only now, so that callers have an address at any moment.
      .then(() => this.#takeBack(entry, earlier));
  }

  #answered(entry: Entry, turn: number, status: PublicationStatus, reason: string): void {
    if (entry.turn !== turn || this.#stopped) return;
    this.#become(entry, status, reason);
    this.#onStatus();
  }

  #withdraw(entry: Entry): Promise<void> {
    if (entry.held.size === 0) return entry.settled;
    entry.turn += 1;
    entry.offered = undefined;
    return (entry.settled = this.#takeBack(entry, [...entry.held]));
  }

  /** Takes a publication back from addresses, but for the one at which it is offered again. */
  async #takeBack(entry: Entry, addresses: readonly string[]): Promise<void> {
    const gone = addresses.filter((address) => address !== entry.offered?.address && entry.held.delete(address));
    await Promise.all(gone.map((address) => this.#unpublish(entry.publication, address)));
  }

  async #unpublish(key: ServiceKey, address: string): Promise<void> {
    try {
      await this.#registry.unpublish(key, address);
    } catch (error) {
      const reason = (error as Error).message;
      this.#log.warn('the registry did not take a service back', { service: keyText(key), address, reason });
    }
  }

  #become(entry: Entry, status: PublicationStatus, reason: string): void {
    if (entry.status === status && entry.reason === reason) return;
    const changed = entry.status !== status;
    entry.status = status;
    entry.reason = reason;
    if (!changed) return;
    const fields = { service: keyText(entry.publication), reason: reason === '' ? undefined : reason };
    if (status === 'unpublished') this.#log.warn('service unpublished', fields);
    else this.#log.info(`service ${status}`, fields);
  }

  #instance(publication: Publication, address: string): ServiceInstance {
    const { service, protocol, group, weight, metadata } = publication;
    const application = this.#state?.application;
    const app = metadata['app'] ?? (application?.appName || this.#options.node.app);
    const zone = metadata['zone'] ?? (application?.zone || this.#options.node.zone);
    const named = { ...metadata, ...(app === '' ? {} : { app }), ...(zone === '' ? {} : { zone }) };
    return { service, protocol, group, address, weight, metadata: named };
  }

  get #address(): string {
    const ingress = this.#options.ingress();
    return ingress === undefined ? '' : formatAddress(ingress.advertise);
  }

  /** Only Bolt has heartbeats. */
  #portChecks(): Map<number, PortCheck> {
    const checks = new Map<number, PortCheck>();
    for (const { publication } of this.#entries.values()) {
      const port = this.portOf(publication);
      if (port === undefined) continue;
      if (publication.protocol === BOLT) checks.set(port, 'heartbeat');
      else if (!checks.has(port)) checks.set(port, 'connect');
    }
    return checks;
  }
}

function newEntry(publication: Publication): Entry {
  return {
    publication,
    status: 'pending health',
    reason: '',
    offered: undefined,
    held: new Set(),
    settled: Promise.resolve(),
    turn: 0,
  };
}
