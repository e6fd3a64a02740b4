import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import { Member } from './member.ts';
import type { LogRecord, MemberHooks } from './member.ts';
import type { Programs } from './programs.ts';
import { APPS, Provider } from './provider.ts';
import type { ProviderKind } from './provider.ts';
import { writeSidecarConfig } from './sidecar-config.ts';

export interface MeshOptions {
  readonly programs: Programs;
  /** For the config files and the state of the sidecars. */
  readonly folder: string;
  /** Calls a second, of each kind. */
  readonly rate: number;
  /** ms, monotonic */
  readonly now: () => number;
}

/** What the mesh tells while it lives. */
export interface MeshHooks {
  /** A part is being started. */
  onStarting(part: string): void;
  /** A part runs; `detail` says where. */
  onStarted(part: string, pid: number, detail: string): void;
  /** Something has happened that the audience should know. */
  onEvent(text: string): void;
  /** A message of the consumer. */
  onReport(message: object): void;
}

export const REGISTRY = 'registry';
export const CONSUMER_SIDECAR = "consumer's sidecar";

/** How long the direct path keeps calling a dead provider before somebody changes its address. */
const REDIRECT_MS = 3_000;
/** Above the timeout of a call. */
const FINISH_MS = 4_000;
/** How long a provider that is over stays on the screen. */
const LINGER_MS = 8_000;

/** All processes of the demo: registry, consumer, providers and the sidecars. */
export class Mesh {
  readonly #options: MeshOptions;
  readonly #hooks: MeshHooks;
  readonly #members = new Set<Member>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #lost = new Set<string>();
  #all: Provider[] = [];
  #registry = '';
  #consumer: Member | undefined;
  #consumerAdmin = '';
  #serial = 0;
  /** The provider that is called without sidecars. */
  #directTo: Provider | undefined;
  #closing = false;

  constructor(options: MeshOptions, hooks: MeshHooks) {
    this.#options = options;
    this.#hooks = hooks;
  }

  /** Those of SOFARPC, which come and go. */
  get providers(): readonly Provider[] {
    return this.#all.filter(({ kind }) => kind === 'sofa');
  }

  /** The providers of SOFARPC, then the shop and the greeter. */
  get all(): readonly Provider[] {
    return [...this.providers, ...this.#all.filter(({ kind }) => kind !== 'sofa')];
  }

  /** `host:port` of the embedded registry. */
  get registry(): string {
    return this.#registry;
  }

  /** Url of the admin pages of the consumer's sidecar. */
  get consumerAdmin(): string {
    return this.#consumerAdmin;
  }

  /** The provider that is called without sidecars. */
  get directTo(): Provider | undefined {
    return this.#directTo;
  }

  /** The parts that have ended though they cannot be replaced: REGISTRY, CONSUMER_SIDECAR. */
  get lost(): ReadonlySet<string> {
    return this.#lost;
  }

  /** Rejects, with its output, when the consumer ends: without its calls there is nothing to show. */
  get consumerEnded(): Promise<void> {
    return this.#consumer?.fails() ?? Promise.resolve();
  }

  /** Rejects with the output of the part that did not start. */
  async start(): Promise<void> {
    const { weft } = this.#options.programs;
    const control = [weft, 'control', '--address', '127.0.0.1:0', '--log-format', 'json'];
    const registry = await this.#startMember(REGISTRY, control);
    this.#registry = String((await registry.logged('registry listening'))['address']);
    this.#hooks.onStarted(REGISTRY, registry.pid, `http://${this.#registry}/services`);
    const [first] = await Promise.all([this.addProvider(), this.#add('http', 'shop'), this.#add('grpc', 'greeter')]);
    await this.#startConsumer(first);
    this.#watch(registry);
  }

  /** Starts another provider with its sidecar. Resolves when it is registered; nothing stays of one that does not start. */
  addProvider(): Promise<Provider> {
    return this.#add('sofa', `provider-${++this.#serial}`);
  }

  async #add(kind: ProviderKind, name: string): Promise<Provider> {
    const port = await freePort();
    const provider = new Provider(kind, name, `127.0.0.1:${port}`);
    this.#all.push(provider);
    try {
      await this.#startProvider(provider, port);
    } catch (error) {
      this.#clearAway(provider);
      throw error;
    }
    return provider;
  }

  async #startProvider(provider: Provider, port: number): Promise<void> {
    const { name } = provider;
    const { weft, [APPS[provider.kind].program]: program } = this.#options.programs;
    const { folder } = this.#options;
    const config = await writeSidecarConfig({ id: name, folder, registry: this.#registry, appPort: port });
    const hooks = { onLog: (record: LogRecord) => this.#onProviderLog(provider, record) };
    const sidecar = await this.#startMember(`${name}'s sidecar`, [weft, 'proxy', '-c', config], hooks);
    provider.sidecar = sidecar;
    provider.ingress = String((await sidecar.logged('listening'))['address']);
    const api = String((await sidecar.logged('local API for applications'))['address']);
    provider.admin = String((await sidecar.logged('ready'))['admin']);
    this.#hooks.onStarted(`${name}'s sidecar`, sidecar.pid, provider.admin);
    const app = await this.#startMember(name, [program, '--name', name, '--port', `${port}`, '--sidecar', api]);
    provider.appMember = app;
    await app.told('ready');
    this.#hooks.onStarted(name, app.pid, `${APPS[provider.kind].madeWith} at ${provider.app}`);
    provider.phase = 'running';
    void app.ended.then((how) => this.#onAppEnded(provider, how));
    void sidecar.ended.then((how) => this.#onSidecarEnded(provider, how));
  }

  /** kill -9 of the provider's app; its sidecar lives on. */
  kill(provider: Provider): void {
    provider.appMember?.signal('SIGKILL');
    this.#died(provider, 'was killed with SIGKILL');
  }

  /** The graceful end: the sidecar takes the provider back and finishes, then the app is ended. */
  async stop(provider: Provider): Promise<void> {
    provider.phase = 'stopping';
    this.#hooks.onEvent(`${provider.name} is being stopped: its sidecar takes it back first`);
    if (this.#directTo === provider) this.#redirect('');
    provider.sidecar?.signal('SIGTERM');
    await provider.sidecar?.ended;
    provider.appMember?.signal('SIGTERM');
    await provider.appMember?.ended;
    if (this.#closing) return;
    provider.phase = 'gone';
    this.#hooks.onEvent(`${provider.name} has stopped, after all its calls were answered`);
    this.#later(LINGER_MS, () => this.#clearAway(provider));
  }

  /** Lets the consumer finish the calls under way and report them. Bounded. */
  async finish(): Promise<void> {
    const consumer = this.#consumer;
    if (consumer === undefined) return;
    this.#closing = true;
    consumer.send({ type: 'finish' });
    const bound = delay(FINISH_MS, undefined, { ref: false });
    await Promise.race([consumer.told('finished'), bound]).catch(() => undefined);
  }

  /** Ends every member and waits for it. There is nothing to save. */
  async close(): Promise<void> {
    this.closeNow();
    await Promise.all([...this.#members].map(({ ended }) => ended));
  }

  /** Ends every member, from where nothing can be waited for. */
  closeNow(): void {
    this.#closing = true;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const member of this.#members) member.signal('SIGKILL');
  }

  async #startConsumer(first: Provider): Promise<void> {
    const { programs, folder, rate } = this.#options;
    const config = await writeSidecarConfig({ id: 'consumer', folder, registry: this.#registry });
    const sidecar = await this.#startMember(CONSUMER_SIDECAR, [programs.weft, 'proxy', '-c', config]);
    const egress = String((await sidecar.logged('listening'))['address']);
    const api = String((await sidecar.logged('local API for applications'))['address']);
    this.#consumerAdmin = String((await sidecar.logged('ready'))['admin']);
    this.#hooks.onStarted(CONSUMER_SIDECAR, sidecar.pid, this.#consumerAdmin);
    const options = {
      sidecar: api,
      egress,
      direct: first.app,
      http: 'shop.http',
      grpc: 'greeter.grpc',
      rate: `${rate}`,
    };
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    const consumer = await this.#startMember('consumer', [programs.consumer, ...args], {
      onMessage: (message: object) => this.#hooks.onReport(message),
    });
    this.#consumer = consumer;
    this.#directTo = first;
    await consumer.told('ready');
    this.#hooks.onStarted('consumer', consumer.pid, `${rate} calls/s of each kind to its sidecar at ${egress}`);
    this.#watch(sidecar);
    this.#watch(consumer);
  }

  async #startMember(name: string, args: readonly string[], hooks: MemberHooks = {}): Promise<Member> {
    this.#hooks.onStarting(name);
    const member = await Member.start(name, this.#options.folder, args, hooks);
    this.#members.add(member);
    void member.ended.then(() => this.#members.delete(member));
    if (this.#closing) member.signal('SIGKILL');
    return member;
  }

  /** Members that end without having been asked to are news. */
  #watch(member: Member): void {
    void member.ended.then((how) => {
      if (this.#closing) return;
      this.#lost.add(member.name);
      this.#hooks.onEvent(`${member.name} has ended (${how})`);
    });
  }

  #onAppEnded(provider: Provider, how: string): void {
    if (!this.#closing && provider.phase === 'running') this.#died(provider, `has ended (${how})`);
  }

  #onSidecarEnded(provider: Provider, how: string): void {
    if (!this.#closing && provider.phase === 'running') this.#died(provider, `has lost its sidecar (${how})`);
  }

  #died(provider: Provider, how: string): void {
    provider.phase = 'dead';
    provider.diedAt = this.#options.now();
    this.#hooks.onEvent(`${provider.name} ${how}`);
    this.#later(LINGER_MS, () => {
      this.#clearAway(provider);
      if (provider.kind !== 'sofa') void this.#startAgain(provider);
    });
    if (this.#directTo === provider) this.#later(REDIRECT_MS, () => this.#redirect(' by hand'));
  }

  #onProviderLog(provider: Provider, record: LogRecord): void {
    if (record['message'] !== 'service unpublished' || provider.diedAt === undefined) return;
    if (provider.withdrawnAfter !== undefined) return;
    provider.withdrawnAfter = Math.round(this.#options.now() - provider.diedAt);
    this.#hooks.onEvent(`${provider.name}'s sidecar took it out of the registry after ${provider.withdrawnAfter} ms`);
  }

  /** Points the direct path at a provider that lives; nothing else would. */
  #redirect(how: string): void {
    const next = this.providers.find((provider) => provider.phase === 'running');
    if (next === undefined) return;
    this.#directTo = next;
    this.#consumer?.send({ type: 'direct', address: next.app });
    this.#hooks.onEvent(`direct calls: address changed${how} to ${next.name}`);
  }

  #clearAway(provider: Provider): void {
    provider.appMember?.signal('SIGKILL');
    provider.sidecar?.signal('SIGTERM');
    this.#all = this.#all.filter((one) => one !== provider);
  }

  /** The only one of its kind cannot stay away. */
  async #startAgain({ kind, name }: Provider): Promise<void> {
    try {
      await this.#add(kind, name);
      this.#hooks.onEvent(`${name} and its sidecar are there again`);
    } catch (error) {
      if (!this.#closing) this.#hooks.onEvent((error as Error).message);
    }
  }

  #later(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, ms);
    this.#timers.add(timer);
  }
}
