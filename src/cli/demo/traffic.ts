import * as v from 'valibot';
import { CallWindow } from './call-window.ts';
import type { CallStats } from './call-window.ts';

/** SOFARPC through the two sidecars or straight to one provider; HTTP and gRPC through the sidecars. */
const PATHS = ['mesh', 'direct', 'http', 'grpc'] as const;

export type Path = (typeof PATHS)[number];

/** What the consumer reports of its calls. */
const reportSchema = v.object({
  type: v.literal('calls'),
  path: v.picklist(PATHS),
  /** One an answered call, in µs. */
  micros: v.array(v.number()),
  /** One a failed call: why. */
  failures: v.array(v.string()),
  /** Answered calls by the name of the provider that answered. */
  providers: v.record(v.string(), v.number()),
});

/** All calls of one path so far, and what the last seconds were like. */
export interface PathView extends CallStats {
  readonly calls: number;
  readonly failures: number;
}

/** The first calls wait for connections, and for programs that have compiled nothing yet: not what a call takes. */
const WARM_UP_MS = 3_000;

/** What the consumer has told about its calls. */
export class Traffic {
  readonly #now: () => number;
  #warmAt: number | undefined;
  readonly #paths: Readonly<Record<Path, { window: CallWindow; calls: number; failures: number }>>;
  readonly #providers = new Map<string, { calls: number; window: CallWindow }>();

  /** @param now ms, monotonic */
  constructor(now: () => number) {
    this.#now = now;
    const path = () => ({ window: new CallWindow(now), calls: 0, failures: 0 });
    this.#paths = { mesh: path(), direct: path(), http: path(), grpc: path() };
  }

  /** Takes a message of the consumer; gives the path and the reasons when calls failed. */
  take(message: object): { path: Path; failures: readonly string[] } | undefined {
    const parsed = v.safeParse(reportSchema, message);
    if (!parsed.success) return undefined;
    const { path, micros, failures, providers } = parsed.output;
    const counts = this.#paths[path];
    counts.calls += micros.length + failures.length;
    counts.failures += failures.length;
    const warm = this.#now() >= (this.#warmAt ??= this.#now() + WARM_UP_MS);
    for (const latency of micros) counts.window.answered(warm ? latency : undefined);
    for (let i = 0; i < failures.length; i++) counts.window.failed();
    if (path !== 'direct') for (const [name, calls] of Object.entries(providers)) this.#served(name, calls);
    return failures.length === 0 ? undefined : { path, failures };
  }

  path(path: Path): PathView {
    const { window, calls, failures } = this.#paths[path];
    return { ...window.read(), calls, failures };
  }

  /** All calls through the sidecars. */
  get throughSidecars(): { readonly calls: number; readonly failures: number } {
    const { mesh, http, grpc } = this.#paths;
    return {
      calls: mesh.calls + http.calls + grpc.calls,
      failures: mesh.failures + http.failures + grpc.failures,
    };
  }

  /** Calls through the sidecars that this provider has answered. */
  provider(name: string): { readonly calls: number; readonly perSecond: number } {
    const served = this.#providers.get(name);
    return { calls: served?.calls ?? 0, perSecond: served?.window.read().perSecond ?? 0 };
  }

  /** Every provider that has answered, in the order of the first answers. */
  get providers(): readonly { readonly name: string; readonly calls: number }[] {
    return [...this.#providers].map(([name, { calls }]) => ({ name, calls }));
  }

  #served(name: string, calls: number): void {
    let served = this.#providers.get(name);
    if (served === undefined) this.#providers.set(name, (served = { calls: 0, window: new CallWindow(this.#now) }));
    served.calls += calls;
    for (let i = 0; i < calls; i++) served.window.answered(undefined);
  }
}
