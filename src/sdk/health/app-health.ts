import type { Clock } from '../../core/clock.ts';
import { CheckService } from './check-service.ts';
import type { CheckServiceSettings } from './check-service.ts';
import type { PortConnector } from './connector.ts';
import type { HeartbeatCodec } from './heartbeat-wire.ts';
import type { HttpProbe } from './http-probe.ts';
import { PortHeartbeat } from './port-heartbeat.ts';
import type { HeartbeatSettings } from './port-heartbeat.ts';
import { worst } from './verdict.ts';
import type { HealthState, Verdict } from './verdict.ts';

/** What is left out is not checked; with neither, the application counts as healthy. */
export interface AppHealthOptions {
  readonly checkService?: CheckServiceSettings | undefined;
  readonly heartbeat?: HeartbeatSettings | undefined;
  /** A port has been found well after it was not, or was not known to be; called before anybody else hears. */
  readonly onWell?: ((port: number) => void) | undefined;
}

/** How a port is checked: by heartbeats of Bolt, or by connecting to it, which tells less and goes with any protocol. */
export type PortCheck = 'heartbeat' | 'connect';

export interface AppHealthDeps {
  readonly clock: Clock;
  readonly codec: HeartbeatCodec;
  readonly connector: PortConnector;
  readonly probe: HttpProbe;
}

export interface HealthView {
  readonly state: HealthState;
  /** What is wrong or waited for; empty when healthy. */
  readonly reasons: readonly string[];
}

/** Whether the application behind this sidecar can take calls. */
export interface AppHealth {
  /** Of the application as a whole, over all ports that are watched. */
  readonly view: HealthView;
  /** Of what is offered at `port`; without one, as far as it does not depend on a port. */
  verdict(port: number | undefined): Verdict;
  /** Which ports to check, and how, in place of the earlier ones. */
  watch(host: string | undefined, ports: ReadonlyMap<number, PortCheck>): void;
  /** Checks a port at once: a caller has had trouble with it. Cheap to call often. */
  suspect(port: number): void;
  /** Checks at once what is not known to be well: the application has just registered something. */
  recheck(port: number | undefined): void;
  /** Calls back when a verdict changes. Returns the way to stop. */
  onChange(listener: () => void): () => void;
  start(): void;
  close(): void;
}

export function createAppHealth(options: AppHealthOptions, deps: AppHealthDeps): AppHealth {
  const listeners = new Set<() => void>();
  const changed = (): void => {
    for (const listener of listeners) listener();
  };
  const checkService =
    options.checkService === undefined ? undefined : new CheckService(options.checkService, deps, changed);
  const heartbeats = new Map<number, PortHeartbeat>();
  let checks: ReadonlyMap<number, PortCheck> = new Map();
  let appHost: string | undefined;

  const general = (): Verdict[] => (checkService === undefined ? [] : [checkService.verdict]);
  const verdict = (port: number | undefined): Verdict => {
    const heartbeat = port === undefined ? undefined : heartbeats.get(port);
    return worst(heartbeat === undefined ? general() : [...general(), heartbeat.verdict]);
  };

  return {
    get view() {
      const all = [...general(), ...[...heartbeats.values()].map((heartbeat) => heartbeat.verdict)];
      const reasons = all.filter((one) => one.state !== 'healthy').map((one) => one.reason);
      return { state: worst(all).state, reasons };
    },
    verdict,
    watch(host, ports) {
      if (options.heartbeat === undefined) return;
      for (const [port, heartbeat] of heartbeats) {
        if (host === appHost && ports.get(port) === checks.get(port)) continue;
        heartbeat.close();
        heartbeats.delete(port);
      }
      appHost = host;
      checks = ports;
      if (host === undefined) return;
      for (const [port, check] of ports) {
        if (heartbeats.has(port)) continue;
        const codec = check === 'heartbeat' ? deps.codec : undefined;
        const onVerdict = (): void => {
          if (heartbeat.verdict.state === 'healthy') options.onWell?.(port);
          changed();
        };
        const heartbeat = new PortHeartbeat({ host, port }, options.heartbeat, { ...deps, codec }, onVerdict);
        heartbeats.set(port, heartbeat);
        heartbeat.checkNow();
      }
    },
    suspect: (port) => heartbeats.get(port)?.suspect(),
    recheck(port) {
      if (checkService?.verdict.state !== 'healthy') checkService?.checkNow();
      if (port !== undefined) heartbeats.get(port)?.checkNow();
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    start: () => checkService?.checkNow(),
    close() {
      listeners.clear();
      checkService?.close();
      for (const heartbeat of heartbeats.values()) heartbeat.close();
      heartbeats.clear();
    },
  };
}
