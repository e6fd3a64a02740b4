import type { HostPort } from '../config/address.ts';
import type { Clock } from '../core/clock.ts';
import { WeftError } from '../core/errors.ts';
import type { Registry } from '../registry/registry.ts';
import { keyText } from '../registry/registry.ts';
import type { Logger } from '../telemetry/log.ts';
import { createApiServer } from './api/http-server.ts';
import { createRoutes } from './api/routes.ts';
import type { ApiTarget } from './api/routes.ts';
import { createAppHealth } from './health/app-health.ts';
import type { AppHealth, HealthView } from './health/app-health.ts';
import type { CheckServiceSettings } from './health/check-service.ts';
import { createTcpConnector } from './health/connector.ts';
import type { PortConnector } from './health/connector.ts';
import type { HeartbeatCodec } from './health/heartbeat-wire.ts';
import { httpProbe } from './health/http-probe.ts';
import type { HttpProbe } from './health/http-probe.ts';
import type { HeartbeatSettings } from './health/port-heartbeat.ts';
import type { HttpServer } from './http/http-server.ts';
import type { RegistrationState, Subscription } from './model.ts';
import { PortIndex } from './port-index.ts';
import { NO_INGRESS, Publisher } from './publisher.ts';
import type { IngressInfo, PublicationView, PublishRegistry } from './publisher.ts';
import { Registrations } from './registrations.ts';
import type { Command } from './state.ts';
import { createFileStore } from './store.ts';
import type { StateStore } from './store.ts';
import { Subscriptions } from './subscriptions.ts';
import type { SubscriptionView, WatchSource } from './subscriptions.ts';

export interface LocalApiOptions {
  /** Where SDKs call, 127.0.0.1:13330 as a rule; port 0 lets the system choose one. */
  readonly address: HostPort;
  /** An absolute path; made when it is missing. */
  readonly stateDir: string;
  readonly node: { readonly id: string; readonly app: string; readonly zone: string };
  /** As it is now: `refresh` follows a change. Undefined when this sidecar cannot publish. */
  ingress(): IngressInfo | undefined;
  readonly health: {
    readonly checkService?: CheckServiceSettings | undefined;
    /** Absent: no heartbeats. */
    readonly heartbeat?: HeartbeatSettings | undefined;
    /** A port of the application has been found well, and is about to be published. */
    readonly onWell?: ((port: number) => void) | undefined;
  };
  /** How long subscribing waits for the registry, in milliseconds; asked for each time. */
  firstPush(): number;
}

export interface LocalApiDeps {
  readonly registry: PublishRegistry & Pick<Registry, 'type' | 'state'>;
  /** The registry, or what shares its watches. */
  readonly watches: WatchSource;
  /** Bolt's, for heartbeats to the application. */
  readonly codec: HeartbeatCodec;
  readonly clock: Clock;
  readonly log: Logger;
  /** Stand-ins for files and sockets; for tests. */
  readonly store?: StateStore;
  readonly connector?: PortConnector;
  readonly probe?: HttpProbe;
}

/** The application's side of a sidecar: what it registers, over HTTP, and how it fares. */
export interface LocalApi {
  /** Where it listens; the configured address before `start`. */
  readonly address: HostPort;
  readonly application: RegistrationState['application'];
  readonly publications: readonly PublicationView[];
  readonly subscriptions: readonly SubscriptionView[];
  readonly health: HealthView;
  /** The application's port behind a published service, whether it is healthy or not. */
  portOf(service: string, protocol: string): number | undefined;
  /** A call to the application at `port` has failed: its health is checked at once. */
  suspect(port: number): void;
  /**
   * Follows a change of the ingress. Resolves when the registry names its new address and none of
   * before; pending while the registry is out of reach.
   */
  refresh(): Promise<unknown>;
  /** Calls back after each change of registrations, their states, health or pushes. Returns the way to stop. */
  onChange(listener: () => void): () => void;
  /**
   * Takes up what was registered before, checks the application, publishes and listens.
   * Rejects with a WeftError when the state cannot be read or the address cannot be had.
   */
  start(): Promise<void>;
  /**
   * Takes everything back from the registry, for a shutdown; it stays registered on disk. Pending
   * while the registry is out of reach: give it a bound.
   */
  unpublishAll(): Promise<void>;
  /** Stops listening, watching and checking. Leaves the registry as it is. */
  close(): Promise<void>;
}

export function createLocalApi(options: LocalApiOptions, deps: LocalApiDeps): LocalApi {
  return new LocalApiParts(options, deps);
}

class LocalApiParts implements LocalApi, ApiTarget {
  readonly #options: LocalApiOptions;
  readonly #deps: LocalApiDeps;
  readonly #registrations: Registrations;
  readonly #health: AppHealth;
  readonly #publisher: Publisher;
  readonly #subscriptions: Subscriptions;
  readonly #ports = new PortIndex();
  readonly #server: HttpServer;
  readonly #listeners = new Set<() => void>();

  constructor(options: LocalApiOptions, deps: LocalApiDeps) {
    const { clock, log, codec, registry } = deps;
    const notify = (): void => this.#notify();
    this.#options = options;
    this.#deps = deps;
    this.#health = createAppHealth(options.health, {
      clock,
      codec,
      connector: deps.connector ?? createTcpConnector(),
      probe: deps.probe ?? httpProbe,
    });
    this.#publisher = new Publisher(options, { registry, health: this.#health, log }, notify);
    this.#subscriptions = new Subscriptions(deps.watches, clock, notify);
    this.#registrations = new Registrations(
      deps.store ??
        createFileStore({ stateDir: options.stateDir, nodeId: options.node.id, wall: () => clock.wall(), log }),
    );
    this.#server = createApiServer(options.address, { clock, log, handle: createRoutes(this, log) });
    this.#health.onChange(() => this.#publisher.refresh());
    this.#registrations.onChange((state) => void this.#take(state));
  }

  get address(): HostPort {
    return this.#server.address;
  }

  get state(): RegistrationState {
    return this.#registrations.state;
  }

  get application(): RegistrationState['application'] {
    return this.state.application;
  }

  get publications(): readonly PublicationView[] {
    return this.#publisher.views;
  }

  get subscriptions(): readonly SubscriptionView[] {
    return this.#subscriptions.views;
  }

  get health(): HealthView {
    return this.#health.view;
  }

  get registry(): Pick<Registry, 'type' | 'state'> {
    return this.#deps.registry;
  }

  portOf(service: string, protocol: string): number | undefined {
    return this.#ports.portOf(service, protocol);
  }

  suspect(port: number): void {
    this.#health.suspect(port);
  }

  refresh(): Promise<unknown> {
    return this.#take(this.state);
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async apply(command: Command): Promise<void> {
    if (command.kind === 'publish' && this.#options.ingress() === undefined) {
      throw new WeftError('no_ingress', NO_INGRESS, { side: 'local' });
    }
    await this.#registrations.apply(command);
    if (command.kind === 'publish') this.#health.recheck(this.#publisher.portOf(command.publication));
  }

  async firstDatas(subscription: Subscription): Promise<readonly string[]> {
    const key = keyText(subscription);
    await this.#subscriptions.firstPush(key, this.#options.firstPush());
    const datas = this.#subscriptions.datas(key);
    if (datas === undefined) {
      this.#deps.log.warn(
        'the registry has not answered for a subscription yet; the application is told of no provider',
        {
          service: key,
          registry: this.#deps.registry.state,
        },
      );
    }
    return datas ?? [];
  }

  async start(): Promise<void> {
    this.#health.start();
    await this.#registrations.load();
    const { application, publications, subscriptions } = this.state;
    if (application !== undefined) {
      this.#deps.log.info('registrations taken up from disk', {
        app: application.appName,
        publications: publications.size,
        subscriptions: subscriptions.size,
      });
    }
    await this.#server.listen();
  }

  unpublishAll(): Promise<void> {
    return this.#publisher.unpublishAll();
  }

  async close(): Promise<void> {
    this.#publisher.close();
    this.#health.close();
    this.#subscriptions.close();
    await this.#server.close();
    await this.#registrations.settled();
    this.#listeners.clear();
  }

  #take(state: RegistrationState): Promise<unknown> {
    this.#ports.rebuild(state.publications.values(), (publication) => this.#publisher.portOf(publication));
    this.#subscriptions.update(state);
    return this.#publisher.update(state);
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}
