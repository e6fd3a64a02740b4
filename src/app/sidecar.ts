import { startAdminServer } from '../admin/admin-server.ts';
import type { AdminTarget } from '../admin/target.ts';
import { formatAddress } from '../config/address.ts';
import type { Config } from '../config/config.ts';
import { diffConfig, inEffect } from '../config/diff.ts';
import { redactConfig } from '../config/redact.ts';
import { systemClock, type Chance, type Clock } from '../core/clock.ts';
import type { Registry } from '../registry/registry.ts';
import { createLocalApi, type LocalApi } from '../sdk/local-api.ts';
import type { IngressInfo } from '../sdk/publisher.ts';
import type { LogControl, Logger } from '../telemetry/log.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { viewsOf } from './admin-target.ts';
import { CODECS, createRegistry } from './builtins.ts';
import { DataPlane, type OpenListener } from './data-plane.ts';
import { processMetrics } from './process-metrics.ts';
import { registrySource } from './registry-source.ts';

export interface SidecarOptions {
  /** The config file, for people. */
  readonly file: string;
  readonly version: string;
  readonly log: Logger;
  readonly logControl: LogControl;
  readonly clock?: Clock;
  readonly chance?: Chance;
}

/** How long a shutdown waits for the registry to take publications back, at most. */
const UNPUBLISH_MS = 5_000;
/** The same when the registry is out of reach: what lives there ends with the connection anyway. */
const UNREACHABLE_MS = 250;
/** What the data plane calls services by; others are the app's own affair. */
const CARRIED: ReadonlySet<string> = new Set(['bolt', 'http', 'tcp']);
/** A handle that keeps the event loop alive; how often it fires does not matter. */
const HOLD_MS = 60_000;

/** One running proxy: all parts put together, started and stopped in order. */
export class Sidecar {
  readonly #options: SidecarOptions;
  readonly #clock: Clock;
  readonly #metrics = new Metrics();
  readonly #startedAt: number;
  #config: Config;
  #loadedAt: number;
  #lastError = '';
  /** What the file says otherwise than what is in effect. */
  #pending: readonly string[] = [];
  #notReady = 'starting';
  #registry: Registry | undefined;
  #api: LocalApi | undefined;
  #dataPlane: DataPlane | undefined;
  #admin: { readonly address: { host: string; port: number }; close(): Promise<void> } | undefined;

  constructor(config: Config, options: SidecarOptions) {
    this.#config = config;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#startedAt = this.#loadedAt = this.#clock.wall();
    processMetrics(this.#metrics, options.version, this.#startedAt);
  }

  /** The admin interface's address, once started. */
  get adminAddress(): string {
    return this.#admin === undefined ? '' : formatAddress(this.#admin.address);
  }

  /** @throws WeftError when a listener cannot be opened; what was started is stopped again. */
  async start(): Promise<void> {
    const { log } = this.#options;
    const { node, registry: registryConfig } = this.#config;
    const deps = { clock: this.#clock, chance: this.#options.chance ?? Math.random, log };
    try {
      // First, so that probes are answered while the rest is on its way.
      await this.#startAdmin();
      if (registryConfig !== undefined) {
        this.#registry = await createRegistry(registryConfig, { ...deps, nodeId: node.id, app: node.app });
      }
      const registry = this.#registry;
      this.#dataPlane = new DataPlane(this.#config, {
        ...deps,
        metrics: this.#metrics,
        source: registry && registrySource(registry, log),
        portOf: (service, protocol) => this.#api?.portOf(service, protocol),
        onAppLost: (port) => this.#api?.suspect(port),
      });
      await this.#dataPlane.open();
      await this.#startApi();
      this.#notReady = '';
      log.info('ready', { node: node.id, admin: `http://${this.adminAddress}/` });
    } catch (error) {
      await this.#closeAll();
      throw error;
    }
  }

  /** Takes over a config that has been checked. Sections that cannot change while running are named in the log. */
  async reload(config: Config): Promise<void> {
    const { log, logControl } = this.#options;
    const diff = diffConfig(this.#config, config);
    // After a failure the same config may still have something to do, and takes the failure back.
    if (diff.empty && this.#lastError === '') return log.info('config read again: nothing has changed');
    const { failures = [], replaced = [] } = (await this.#dataPlane?.apply(config)) ?? {};
    if (diff.logLevel) logControl.level = config.log.level;
    this.#config = inEffect(this.#config, config);
    void this.#handOver(replaced);
    this.#loadedAt = this.#clock.wall();
    this.#lastError = failures.join('; ');
    this.#pending = diff.restart;
    if (diff.restart.length > 0) {
      log.warn('changed, but takes effect only after a restart', { sections: diff.restart.join(', ') });
    }
    for (const failure of failures) log.error('config applied in part', { reason: failure });
    if (failures.length === 0) log.info('config applied', { file: this.#options.file });
  }

  /** Remembers why the last config was refused, for the admin interface. */
  refused(reason: string): void {
    this.#lastError = reason;
  }

  /**
   * The graceful end: the registry stops naming this sidecar, its consumers get time to hear of
   * it, callers are told goodbye, and what is under way is finished.
   *
   * @returns how many requests had to be cut off.
   */
  async stop(): Promise<number> {
    const { log } = this.#options;
    const { propagation, drain } = this.#config.shutdown;
    this.#notReady = 'shutting down';
    const published = this.#api?.publications.some(({ status }) => status === 'published' || status === 'publishing');
    if (published === true) {
      log.info('taking publications back');
      await this.#within(this.#registryTime(), this.#api!.unpublishAll());
      await this.#pause(propagation).over;
    }
    const drained = this.#dataPlane?.drain(drain);
    log.info('finishing what is under way');
    const cut = (await drained) ?? 0;
    await this.#closeAll();
    log.info('stopped', { cut });
    return cut;
  }

  async #startApi(): Promise<void> {
    const { sdk, node, stateDir, health } = this.#config;
    const registry = this.#registry;
    // The config has the one only with the other.
    if (sdk === undefined || registry === undefined) return;
    const { log } = this.#options;
    const { enabled, ...heartbeat } = health.heartbeat;
    this.#api = createLocalApi(
      {
        address: sdk.address,
        stateDir,
        node,
        ingress: () => this.#ingress(),
        health: {
          checkService: health.checkService,
          heartbeat: enabled ? heartbeat : undefined,
          onWell: (port) => this.#dataPlane!.clusters.onAppAlive(port),
        },
        firstPush: () => this.#config.discovery.firstPush,
      },
      { registry, watches: registry, codec: CODECS.bolt, clock: this.#clock, log },
    );
    this.#api.onChange(() => {
      const carried = this.#api!.subscriptions.filter(({ protocol }) => CARRIED.has(protocol));
      this.#dataPlane!.clusters.pin(carried);
    });
    await this.#api.start();
    log.info('local API for applications', { address: `http://${formatAddress(this.#api.address)}` });
  }

  /** The way in that is published: the first one of the config, as it is open. */
  #ingress(): IngressInfo | undefined {
    const first = this.#config.listeners.find(({ direction }) => direction === 'ingress');
    const open = this.#dataPlane?.listeners.find(({ config }) => config.name === first?.name);
    if (open?.config.direction !== 'ingress') return undefined;
    const { app, advertise } = open.config;
    // With port 0 the system has chosen one: that is what others call.
    return { app, advertise: advertise.port === 0 ? { host: advertise.host, port: open.listener.port } : advertise };
  }

  /** A way in that others know from the registry closes when they have heard of the new one. */
  async #handOver(replaced: readonly OpenListener[]): Promise<void> {
    const named = this.#api?.refresh();
    if (named !== undefined && replaced.some(({ config }) => config.direction === 'ingress')) {
      await named;
      await new Promise<void>((resolve) => void this.#clock.after(this.#config.shutdown.propagation, resolve));
    }
    this.#dataPlane?.retire(replaced);
  }

  async #startAdmin(): Promise<void> {
    const { log, logControl: control, version, file } = this.#options;
    const target: AdminTarget = {
      version,
      node: this.#config.node,
      startedAt: this.#startedAt,
      ready: () => ({ ready: this.#notReady === '', reason: this.#notReady }),
      metrics: () => this.#metrics.render(),
      config: () => ({
        config: redactConfig(this.#config),
        file,
        loadedAt: this.#loadedAt,
        lastError: this.#lastError,
        pending: this.#pending,
      }),
      ...viewsOf(
        () => this.#dataPlane,
        () => this.#api,
      ),
      registry: () => this.#registry && { type: this.#registry.type, state: this.#registry.state },
      log: control,
    };
    this.#admin = await startAdminServer(this.#config.admin, { target, clock: this.#clock, log });
  }

  async #closeAll(): Promise<void> {
    await this.#dataPlane?.close();
    await this.#api?.close();
    // Closing takes back what is left; a registry that cannot be reached must not hold up the exit.
    if (this.#registry !== undefined) await this.#within(this.#registryTime(), this.#registry.close());
    await this.#admin?.close();
  }

  #registryTime(): number {
    return this.#registry?.state === 'connected' ? UNPUBLISH_MS : UNREACHABLE_MS;
  }

  /** Waits for `work`, but no longer than `ms`. */
  async #within(ms: number, work: Promise<void>): Promise<void> {
    const pause = this.#pause(ms);
    const settled = work.catch((error: Error) => {
      this.#options.log.warn('shutdown step failed', { reason: error.message });
    });
    await Promise.race([settled, pause.over]);
    // A wait that nobody needs any more must not keep the process alive.
    pause.end();
  }

  /** A time that keeps the process alive, which a clock's own timers do not, until it is over or ended. */
  #pause(ms: number): { readonly over: Promise<void>; end(): void } {
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const hold = setInterval(() => {}, HOLD_MS);
    const end = (): void => {
      timer.cancel();
      clearInterval(hold);
      resolve();
    };
    const timer = this.#clock.after(ms, end);
    return { over, end };
  }
}
