import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createBackoff } from '../../core/backoff.ts';
import type { Backoff } from '../../core/backoff.ts';
import type { Timer } from '../../core/clock.ts';
import { fileNameOf } from '../../core/file-name.ts';
import { withdrawn } from '../instances.ts';
import { Publications, quietReject, rejection } from '../publications.ts';
import type { RegistryDeps, RegistryType } from '../registry-type.ts';
import { keyText } from '../registry.ts';
import type { Registry, RegistryState, ServiceInstance, ServiceKey, Watch, WatchListener } from '../registry.ts';
import { StateCell } from '../state-cell.ts';
import { WatchHub } from '../watch-hub.ts';
import { ChangeSignal } from '../../config/change-signal.ts';
import { FileSet } from './file-set.ts';
import { formatPublications } from './parse.ts';

export interface FileOptions {
  /** The file that people write. Sidecars publish beside it, in the directory `<path>.d`. */
  readonly path: string;
  /** ms that the file has to be at rest after a change before it is read. Default 200. */
  readonly debounce?: number;
  /** ms between looks that need no event of the file system. Default 5000. */
  readonly poll?: number;
  /** ms that what an earlier run of this node left published stays, if nothing is published. Default 5000. */
  readonly leftover?: number;
}

/** A registry in files: for fixed addresses, for one machine, and for trying things out. */
export const fileRegistry: RegistryType<FileOptions> = {
  type: 'file',
  async create(options, deps) {
    const registry = new FileRegistry(options, deps);
    await registry.start();
    return registry;
  },
};

class FileRegistry implements Registry {
  readonly type = 'file';
  readonly #deps: RegistryDeps;
  readonly #files: FileSet;
  readonly #ownFile: string;
  readonly #state: StateCell;
  readonly #publications: Publications;
  readonly #hub: WatchHub;
  readonly #watched = new Map<string, WatchListener>();
  readonly #backoff: Backoff;
  readonly #signals: readonly ChangeSignal[];
  /** All reading and writing, one after the other. */
  #work: Promise<void> = Promise.resolve();
  #byKey = new Map<string, ServiceInstance[]>();
  /** Who waits for something to be gone from the file. */
  #dropped: (() => void)[] = [];
  #writing = false;
  #timer: Timer;

  constructor(options: FileOptions, deps: RegistryDeps) {
    this.#deps = deps;
    this.#files = new FileSet(options.path, deps.log);
    this.#ownFile = join(this.#files.directory, `${fileNameOf(deps.nodeId)}.json`);
    this.#state = new StateCell(deps.log);
    this.#publications = new Publications(deps.log);
    this.#hub = new WatchHub((key, emit) => this.#watch(key, emit), deps.log);
    this.#backoff = createBackoff({ base: 200, max: 5000 }, deps.chance);
    const { clock, log } = deps;
    const { debounce = 200, poll = 5000 } = options;
    const folder = dirname(options.path);
    // People and their tools may write a file in several steps. Sidecars replace theirs in one.
    const quick = Math.min(debounce, 50);
    this.#signals = [
      new ChangeSignal([folder], () => void this.#readMain(), { clock, log, debounce, poll }),
      new ChangeSignal([folder, this.#files.directory], () => void this.#readDirectory(), {
        clock,
        log,
        debounce: quick,
        poll,
      }),
    ];
    // A run that was killed left its file. It goes when something is published, or else now.
    this.#timer = deps.clock.after(options.leftover ?? 5000, () => this.#write());
  }

  get state(): RegistryState {
    return this.#state.value;
  }

  async start(): Promise<void> {
    await this.#readMain();
    await this.#readDirectory();
    this.#state.set('connected');
  }

  publish(instance: ServiceInstance): Promise<void> {
    if (this.state === 'closed') return quietReject(withdrawn('closed'));
    const rejected = rejection(instance);
    if (rejected !== undefined) return rejected;
    const { done } = this.#publications.add(instance);
    this.#write();
    return done;
  }

  unpublish(key: ServiceKey, address: string): Promise<void> {
    if (this.#publications.remove(key, address) === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.#dropped.push(resolve);
      this.#write();
    });
  }

  watch(key: ServiceKey, listener: WatchListener): Watch {
    return this.#hub.watch(key, listener);
  }

  onState(listener: (state: RegistryState) => void): () => void {
    return this.#state.listen(listener);
  }

  async close(): Promise<void> {
    if (this.state === 'closed') return this.#work;
    this.#state.set('closed');
    for (const signal of this.#signals) signal.close();
    this.#timer.cancel();
    this.#hub.close();
    this.#publications.close();
    await this.#enqueue(async () => {
      await rm(this.#ownFile, { force: true }).catch((error: unknown) => this.#cannotWrite(error));
      for (const resolve of this.#dropped.splice(0)) resolve();
    });
  }

  #enqueue(task: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(task);
    return this.#work;
  }

  #readMain(): Promise<void> {
    return this.#read(() => this.#files.refreshMain());
  }

  #readDirectory(): Promise<void> {
    return this.#read(() => this.#files.refreshDirectory());
  }

  #read(refresh: () => Promise<boolean>): Promise<void> {
    return this.#enqueue(async () => {
      if (!(await refresh())) return;
      this.#byKey = Map.groupBy(this.#files.instances(), keyText);
      for (const [text, emit] of this.#watched) emit(this.#byKey.get(text) ?? []);
    });
  }

  #watch(key: ServiceKey, emit: WatchListener): { close(): void } {
    const text = keyText(key);
    this.#watched.set(text, emit);
    emit(this.#byKey.get(text) ?? []);
    return { close: () => void this.#watched.delete(text) };
  }

  /** Brings the own file up to date; what is asked for in one go is written at once. */
  #write(): void {
    this.#timer.cancel();
    if (this.#writing || this.state === 'closed') return;
    this.#writing = true;
    void this.#enqueue(async () => {
      this.#writing = false;
      if (this.state === 'closed') return;
      const wanted = this.#publications.all();
      const dropped = this.#dropped.splice(0);
      try {
        await this.#store(wanted.map(({ instance }) => instance));
        this.#backoff.reset();
        for (const publication of wanted) this.#publications.held(publication);
        for (const resolve of dropped) resolve();
      } catch (error) {
        this.#dropped.push(...dropped);
        this.#cannotWrite(error);
        this.#timer = this.#deps.clock.after(this.#backoff.next(), () => this.#write());
      }
    }).then(() => this.#readDirectory());
  }

  /** Readers see the old file or the new one, never half of one. */
  async #store(instances: readonly ServiceInstance[]): Promise<void> {
    if (instances.length === 0) return rm(this.#ownFile, { force: true });
    const temporary = join(dirname(this.#ownFile), `.${fileNameOf(this.#deps.nodeId)}.json.tmp`);
    await mkdir(dirname(this.#ownFile), { recursive: true });
    await writeFile(temporary, formatPublications(this.#deps.nodeId, instances));
    await rename(temporary, this.#ownFile);
  }

  #cannotWrite(error: unknown): void {
    this.#deps.log.error('cannot write what this node publishes', { path: this.#ownFile, error: String(error) });
  }
}
