import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../core/clock.ts';
import { Director } from './director.ts';
import { askEndpoints } from './endpoints.ts';
import type { EndpointState } from './endpoints.ts';
import { EventLog } from './event-log.ts';
import { CONSUMER_SIDECAR, Mesh, REGISTRY } from './mesh.ts';
import { findPrograms } from './programs.ts';
import type { Scene } from './scene.ts';
import type { Show } from './show.ts';
import { count } from './text.ts';
import { runTour } from './tour.ts';
import { Traffic } from './traffic.ts';

const FRAME_MS = 250;
/** Failures come in floods; one of them is told in this time. */
const FAILURE_EVERY_MS = 5_000;

const FAILED = { mesh: 'a call', http: 'a call of HTTP', grpc: 'a call of gRPC' } as const;

export interface DemoOptions {
  /** Calls a second, of each kind. */
  readonly rate: number;
  /** Ends by itself after so many seconds of calls. */
  readonly seconds: number | undefined;
  readonly tour: boolean;
  /** Keys as they are pressed; absent without a keyboard. Returns what ends the listening. */
  readonly listen: ((onKey: (key: string) => void) => () => void) | undefined;
}

/** One run of the demo: starts it, shows it, ends it. */
export class DemoRun {
  readonly #options: DemoOptions;
  readonly #show: Show;
  readonly #traffic = new Traffic(() => systemClock.now());
  readonly #log = new EventLog();
  readonly #failureToldAt = { mesh: -Infinity, direct: -Infinity, http: -Infinity, grpc: -Infinity };
  readonly #end = new AbortController();
  #mesh: Mesh | undefined;
  #endpoints: ReadonlyMap<string, EndpointState> = new Map();
  #startedAt = systemClock.now();

  constructor(options: DemoOptions, show: Show) {
    this.#options = options;
    this.#show = show;
  }

  /** Whether any call through the sidecars failed. Rejects when a part does not start. */
  async run(): Promise<{ failed: boolean }> {
    const programs = findPrograms();
    const folder = await mkdtemp(join(tmpdir(), 'weft-demo-'));
    const options = { programs, folder, rate: this.#options.rate, now: () => systemClock.now() };
    const mesh = (this.#mesh = new Mesh(options, {
      onStarting: (part) => this.#show.starting(part),
      onStarted: (part, pid, detail) => this.#show.started(part, pid, detail),
      onEvent: (text) => this.#say(text),
      onReport: (message) => this.#report(message),
    }));
    // However this process ends, unless it is killed: then the members notice, and do the same.
    const clearUp = (): void => {
      mesh.closeNow();
      rmSync(folder, { recursive: true, force: true });
    };
    process.once('exit', clearUp);
    let summary = '';
    try {
      await this.#untilEnd(mesh.start());
      if (!this.#end.signal.aborted) {
        await this.#perform(mesh);
        await mesh.finish();
        summary = this.#summary();
      }
    } finally {
      // Also what goes on by itself, such as the tour, when a part has failed.
      this.end();
      await mesh.close();
      process.off('exit', clearUp);
      clearUp();
      this.#show.close(summary);
    }
    return { failed: this.#traffic.throughSidecars.failures > 0 };
  }

  /** Asks the run to end; it is over when `run` has resolved. */
  end(): void {
    this.#end.abort();
  }

  /** The part that the audience sees. Resolves when it is time to end. */
  async #perform(mesh: Mesh): Promise<void> {
    const { seconds, tour, listen } = this.#options;
    this.#startedAt = systemClock.now();
    const director = new Director(
      mesh,
      () => this.#endpoints,
      (text) => this.#say(text),
    );
    const frames = setInterval(() => void this.#frame(director), FRAME_MS);
    const bound = seconds === undefined ? undefined : setTimeout(() => this.end(), seconds * 1_000);
    const deafen = listen?.((key) => this.#onKey(director, key));
    // The tour ends early when the demo does.
    if (tour) runTour(director, this.#end.signal).catch(() => undefined);
    try {
      await this.#untilEnd(mesh.consumerEnded);
    } finally {
      deafen?.();
      clearTimeout(bound);
      clearInterval(frames);
    }
    await this.#frame(director);
  }

  /** Waits for `work`, but no longer than until the end is asked for. */
  async #untilEnd(work: Promise<void>): Promise<void> {
    const { signal } = this.#end;
    if (signal.aborted) return;
    await Promise.race([work, new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))]);
  }

  #onKey(director: Director, key: string): void {
    if (key === 'a') void director.add();
    else if (key === 'k') director.kill();
    else if (key === 's') void director.stop();
    else if (key === 'q' || key === '\x03') this.end();
    else this.#say('the keys are a, k, s and q; see the last line');
  }

  async #frame(director: Director): Promise<void> {
    const mesh = this.#mesh!;
    // A slow answer changes nothing; one that cannot come is not known.
    const unknown = mesh.lost.has(CONSUMER_SIDECAR) ? new Map<string, EndpointState>() : this.#endpoints;
    this.#endpoints = (await askEndpoints(mesh.consumerAdmin)) ?? unknown;
    this.#show.frame(this.#scene(mesh, director));
  }

  #scene(mesh: Mesh, director: Director): Scene {
    const providers = mesh.all.map((provider) => ({
      // oxlint-disable-next-line typescript/no-misused-spread -- plain fields are what is shown
      ...provider,
      ...this.#traffic.provider(provider.name),
      address: provider.ingress,
      endpoint: this.#endpoints.get(provider.ingress),
    }));
    return {
      seconds: this.#seconds(),
      mesh: this.#traffic.path('mesh'),
      direct: this.#traffic.path('direct'),
      http: this.#traffic.path('http'),
      grpc: this.#traffic.path('grpc'),
      directTo: mesh.directTo?.name ?? '',
      providers,
      links: this.#links(mesh),
      events: this.#log.events,
      hint: director.loss ?? (this.#options.listen === undefined ? 'The tour runs by itself.' : director.hint),
      keys: this.#options.listen !== undefined,
    };
  }

  /** What can be looked at: the pages of those that run. */
  #links(mesh: Mesh): Scene['links'] {
    const sidecars = mesh.all.filter(({ admin, sidecar }) => admin !== '' && sidecar?.running === true);
    const links = [
      { name: CONSUMER_SIDECAR, url: mesh.consumerAdmin },
      ...sidecars.map(({ name, admin }) => ({ name: `${name}'s sidecar`, url: admin })),
      { name: REGISTRY, url: `http://${mesh.registry}/services` },
    ];
    return links.filter(({ name }) => !mesh.lost.has(name));
  }

  #report(message: object): void {
    const failed = this.#traffic.take(message);
    if (failed === undefined) return;
    const { path, failures } = failed;
    const now = systemClock.now();
    if (now - this.#failureToldAt[path] < FAILURE_EVERY_MS) return;
    this.#failureToldAt[path] = now;
    const [reason = ''] = failures;
    if (path !== 'direct') this.#say(`${FAILED[path]} through the sidecars failed: ${reason}`);
    // The library adds the address, which is on the screen.
    else this.#say(`calls without sidecars fail: ${reason.replace(/ \(address: .*$/, '')}`);
  }

  #say(text: string): void {
    const seconds = this.#seconds();
    this.#log.add(seconds, text.trim());
    this.#show.event(seconds, text.trim());
  }

  #seconds(): number {
    return (systemClock.now() - this.#startedAt) / 1_000;
  }

  #summary(): string {
    const mesh = this.#traffic.throughSidecars;
    const direct = this.#traffic.path('direct');
    const served = this.#traffic.providers.map(({ name, calls }) => `${name} ${count(calls)}`);
    return [
      `${count(mesh.calls)} calls through the sidecars, ${count(mesh.failures)} failed; answered by: ${served.join(', ')}`,
      `${count(direct.calls)} calls without them, ${count(direct.failures)} failed`,
      'All processes of the demo have ended.',
      '',
    ].join('\n');
  }
}
