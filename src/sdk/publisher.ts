import { formatAddress } from '../config/address.ts';
import type { HostPort } from '../config/address.ts';
import { sameInstance } from '../registry/instances.ts';
import { keyText } from '../registry/registry.ts';
import type { Registry, ServiceInstance } from '../registry/registry.ts';
import type { Logger } from '../telemetry/log.ts';
import type { AppHealth } from './health/app-health.ts';
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
  /** Without one nothing can be published. */
  readonly ingress?: IngressInfo | undefined;
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
    return publication.port ?? this.#options.ingress?.app.port;
  }

  /** Takes up what is registered now. */
  update(state: RegistrationState): void {
    this.#state = state;
    for (const [key, entry] of this.#entries) {
      if (state.publications.has(key)) continue;
      this.#entries.delete(key);
      void this.#withdraw(entry);
    }
    for (const [key, publication] of state.publications) {
      const entry = this.#entries.get(key);
      if (entry !== undefined) entry.publication = publication;
      else this.#entries.set(key, { publication, status: 'pending health', reason: '', offered: undefined, turn: 0 });
    }
    this.#health.watchPorts(this.#heartbeatPorts());
    this.refresh();
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
    if (this.#options.ingress === undefined) return this.#become(entry, 'unpublished', NO_INGRESS);
    const verdict = this.#health.verdict(this.#heartbeatPort(entry.publication));
    if (verdict.state === 'healthy') {
      this.#offer(entry);
    } else if (verdict.state === 'unhealthy') {
      this.#become(entry, 'unpublished', verdict.reason);
      void this.#withdraw(entry);
    } else if (entry.offered === undefined) {
      this.#become(entry, 'pending health', verdict.reason);
    }
  }

  #offer(entry: Entry): void {
    const instance = this.#instance(entry.publication);
    if (sameInstance(instance, entry.offered)) return;
    const turn = (entry.turn += 1);
    entry.offered = instance;
    this.#become(entry, 'publishing', 'the registry does not hold it yet');
    this.#registry.publish(instance).then(
      () => this.#answered(entry, turn, 'published', ''),
      (error: Error) => {
        if (entry.turn === turn) entry.offered = undefined;
        this.#answered(entry, turn, 'unpublished', `the registry refuses it: ${error.message}`);
      },
    );
  }

  #answered(entry: Entry, turn: number, status: PublicationStatus, reason: string): void {
    if (entry.turn !== turn || this.#stopped) return;
    this.#become(entry, status, reason);
    this.#onStatus();
  }

  async #withdraw(entry: Entry): Promise<void> {
    const { offered } = entry;
    if (offered === undefined) return;
    entry.turn += 1;
    entry.offered = undefined;
    try {
      await this.#registry.unpublish(offered, offered.address);
    } catch (error) {
      const reason = (error as Error).message;
      this.#log.warn('the registry did not take a service back', { service: keyText(offered), reason });
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

  #instance(publication: Publication): ServiceInstance {
    const { service, protocol, group, weight, metadata } = publication;
    const application = this.#state?.application;
    const app = metadata['app'] ?? (application?.appName || this.#options.node.app);
    const zone = metadata['zone'] ?? (application?.zone || this.#options.node.zone);
    const named = { ...metadata, ...(app === '' ? {} : { app }), ...(zone === '' ? {} : { zone }) };
    return { service, protocol, group, address: this.#address, weight, metadata: named };
  }

  get #address(): string {
    return this.#options.ingress === undefined ? '' : formatAddress(this.#options.ingress.advertise);
  }

  /** Only Bolt has heartbeats; what goes by another protocol depends on checkService alone. */
  #heartbeatPort(publication: Publication): number | undefined {
    return publication.protocol === BOLT ? this.portOf(publication) : undefined;
  }

  #heartbeatPorts(): Set<number> {
    const ports = new Set<number>();
    for (const { publication } of this.#entries.values()) {
      const port = this.#heartbeatPort(publication);
      if (port !== undefined) ports.add(port);
    }
    return ports;
  }
}
