import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../../telemetry/log.ts';
import type { ServiceInstance } from '../registry.ts';
import { parsePublications, parseServices } from './parse.ts';
import type { FileContent } from './parse.ts';

/** Far above a hand-written file or one sidecar's publications. */
const MAX_FILE = 16 * 1024 * 1024;

interface Known {
  /** Tells a version of the file from another without reading it. */
  signature: string;
  instances: readonly ServiceInstance[];
}

/** Reads a whole file; like node:fs. */
export type ReadText = (path: string) => Promise<string>;

const MISSING = 'missing';

/**
 * The file that people write, and the directory beside it in which each sidecar keeps one of
 * its own. What cannot be read or parsed changes nothing and is logged once with every reason.
 */
export class FileSet {
  readonly directory: string;
  readonly #path: string;
  readonly #log: Logger;
  readonly #read: ReadText;
  readonly #known = new Map<string, Known>();

  constructor(path: string, log: Logger, read: ReadText = (name) => readFile(name, 'utf8')) {
    this.#path = path;
    this.#log = log;
    this.#read = read;
    this.directory = `${path}.d`;
  }

  /** Reads the file that people write. Resolves with whether anything has changed. */
  refreshMain(): Promise<boolean> {
    return this.#changes(() => this.#refreshMain());
  }

  /** Reads the files of the sidecars. Resolves with whether anything has changed. */
  refreshDirectory(): Promise<boolean> {
    return this.#changes(() => this.#refreshDirectory());
  }

  async #changes(refresh: () => Promise<void>): Promise<boolean> {
    const before = new Map([...this.#known].map(([path, { instances }]) => [path, instances]));
    await refresh();
    return (
      before.size !== this.#known.size ||
      [...this.#known].some(([path, { instances }]) => before.get(path) !== instances)
    );
  }

  /** Those of the sidecars come last, as the other file is read first: they know better what they publish themselves. */
  instances(): ServiceInstance[] {
    return [...this.#known.values()].flatMap(({ instances }) => instances);
  }

  /** A deleted file keeps its last good content: it may be on its way to being replaced. */
  async #refreshMain(): Promise<void> {
    const missing = await this.#refresh(this.#path, parseServices);
    const known = this.#known.get(this.#path);
    if (!missing || known?.signature === MISSING) return;
    this.#known.set(this.#path, { signature: MISSING, instances: known?.instances ?? [] });
    const message =
      known === undefined
        ? 'registry file is missing, no services for now'
        : 'registry file is gone, keeping its last content';
    this.#log.warn(message, { path: this.#path });
  }

  /** A sidecar that removes its file has taken back what it published. */
  async #refreshDirectory(): Promise<void> {
    const present = new Set((await this.#list()).map((name) => join(this.directory, name)));
    for (const path of present) {
      if (await this.#refresh(path, parsePublications)) present.delete(path);
    }
    for (const path of this.#known.keys()) {
      if (path !== this.#path && !present.has(path)) this.#known.delete(path);
    }
  }

  async #list(): Promise<string[]> {
    try {
      const names = await readdir(this.directory);
      return names.filter((name) => name.endsWith('.json') && !name.startsWith('.')).sort();
    } catch (error) {
      if (!isMissing(error))
        this.#log.warn('registry directory cannot be read', { path: this.directory, error: String(error) });
      return [];
    }
  }

  /** Resolves with whether the file is missing. */
  async #refresh(path: string, parse: (text: string) => FileContent): Promise<boolean> {
    const known = this.#known.get(path);
    try {
      const signature = await signatureOf(path);
      if (signature === known?.signature) return false;
      const content = parse(await this.#read(path));
      // Somebody is writing it right now: the next look finds it finished.
      if ((await signatureOf(path)) !== signature) return false;
      if (!content.ok) this.#reject(path, content.problems);
      this.#known.set(path, { signature, instances: content.ok ? content.instances : (known?.instances ?? []) });
      if (content.ok) this.#log.info('registry file read', { path, instances: content.instances.length });
      return false;
    } catch (error) {
      if (isMissing(error)) return true;
      const signature = `unreadable: ${String(error)}`;
      if (known?.signature !== signature) this.#reject(path, [String(error)]);
      this.#known.set(path, { signature, instances: known?.instances ?? [] });
      return false;
    }
  }

  #reject(path: string, problems: readonly string[]): void {
    for (const problem of problems)
      this.#log.error('registry file not used, keeping what was known', { path, problem });
  }
}

async function signatureOf(path: string): Promise<string> {
  const { ino, size, mtimeNs } = await stat(path, { bigint: true });
  if (size > MAX_FILE) throw new Error(`the file has ${size} bytes, more than ${MAX_FILE}`);
  return `${ino} ${size} ${mtimeNs}`;
}

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
