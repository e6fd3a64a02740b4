import { chmod, mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import { WeftError } from '../core/errors.ts';
import { fileNameOf } from '../core/file-name.ts';
import { keyText } from '../registry/registry.ts';
import type { ServiceKey } from '../registry/registry.ts';
import type { Logger } from '../telemetry/log.ts';
import { EMPTY_STATE } from './model.ts';
import type { RegistrationState } from './model.ts';

/** Where registrations survive the sidecar. */
export interface StateStore {
  /** What was saved last; the empty state when nothing was, or nothing that can be read. */
  load(): Promise<RegistrationState>;
  /** Resolves when the state is safe on disk. Rejects with a WeftError; the earlier state then stays. */
  save(state: RegistrationState): Promise<void>;
}

export interface FileStoreOptions {
  /** Sidecars may share it. */
  readonly stateDir: string;
  /** Whose registrations these are. */
  readonly nodeId: string;
  /** Milliseconds since 1970; names what is put aside. */
  readonly wall: () => number;
  readonly log: Logger;
}

const FILE = 'registrations.json';
const VERSION = 1;
/** Far above any real application; a file beyond it would slow each start. */
const MAX_BYTES = 16 * 1024 * 1024;

const texts = v.record(v.string(), v.string());
const key = { service: v.string(), protocol: v.string(), group: v.string() };
const fileShape = v.object({
  version: v.literal(VERSION),
  node: v.string(),
  application: v.optional(
    v.object({
      appName: v.string(),
      zone: v.string(),
      dataCenter: v.string(),
      antShareCloud: v.boolean(),
      deployMode: v.boolean(),
      masterSystem: v.boolean(),
      cloudName: v.string(),
      hostMachine: v.string(),
      registryEndpoint: v.string(),
    }),
  ),
  publications: v.array(
    v.object({
      ...key,
      port: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65535)), undefined),
      weight: v.pipe(v.number(), v.integer(), v.minValue(0)),
      onlyPublishInCloud: v.boolean(),
      metadata: texts,
    }),
  ),
  subscriptions: v.array(
    v.object({
      ...key,
      target: v.optional(
        v.object({
          scheme: v.string(),
          host: v.string(),
          port: v.optional(v.number(), undefined),
          parameters: texts,
        }),
        undefined,
      ),
      vipEnforce: v.boolean(),
      vipOnly: v.boolean(),
      localCloudFirst: v.boolean(),
      properties: texts,
    }),
  ),
});

/** Registrations in `<stateDir>/<node id>/registrations.json`, for the owner's eyes only (mode 0600). */
export function createFileStore(options: FileStoreOptions): StateStore {
  const path = join(options.stateDir, fileNameOf(options.nodeId), FILE);
  return {
    load: () => load(path, options),
    save: (state) => save(path, options.nodeId, state),
  };
}

async function load(path: string, options: FileStoreOptions): Promise<RegistrationState> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return EMPTY_STATE;
    throw storeError(`cannot read the registrations in ${path}`, error);
  }
  try {
    const { node, state } = decode(text);
    if (node !== options.nodeId) throw foreignError(path, node);
    return state;
  } catch (error) {
    if (error instanceof WeftError) throw error;
    const aside = `${path}.unreadable-${options.wall()}`;
    await rename(path, aside).catch((cause: unknown) => {
      throw storeError(`cannot put the unreadable registrations in ${path} aside`, cause);
    });
    options.log.warn('registrations cannot be read and are put aside: the application has to register again', {
      path: aside,
      reason: (error as Error).message,
    });
    return EMPTY_STATE;
  }
}

/** Writes beside and renames, so that a crash at any point leaves the old state or the new one. */
async function save(path: string, node: string, state: RegistrationState): Promise<void> {
  const text = encode(node, state);
  if (Buffer.byteLength(text) > MAX_BYTES) {
    throw new WeftError('store_full', `registrations would exceed ${MAX_BYTES} bytes on disk: take some back first`, {
      side: 'local',
    });
  }
  const temporary = `${path}.new`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeThrough(temporary, text);
    await rename(temporary, path);
    await syncDirectory(dirname(path));
  } catch (error) {
    throw storeError(`cannot save registrations to ${path}`, error);
  }
}

async function writeThrough(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    // One left over by a crash keeps the mode that it was made with.
    await chmod(path, 0o600);
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A rename is safe only when its directory is. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function encode(node: string, state: RegistrationState): string {
  return `${JSON.stringify({
    version: VERSION,
    node,
    application: state.application,
    publications: [...state.publications.values()],
    subscriptions: [...state.subscriptions.values()],
  })}\n`;
}

function decode(text: string): { readonly node: string; readonly state: RegistrationState } {
  if (text.length > MAX_BYTES) throw new Error(`larger than ${MAX_BYTES} bytes`);
  const result = v.safeParse(fileShape, JSON.parse(text));
  if (!result.success) {
    const issue = result.issues[0];
    throw new Error(`${v.getDotPath(issue) ?? 'file'}: ${issue.message}`);
  }
  const { node, application, publications, subscriptions } = result.output;
  return { node, state: { application, publications: byKey(publications), subscriptions: byKey(subscriptions) } };
}

function byKey<T extends ServiceKey>(entries: readonly T[]): ReadonlyMap<string, T> {
  return new Map(entries.map((entry) => [keyText(entry), entry]));
}

function storeError(what: string, cause: unknown): WeftError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new WeftError('store', `${what}: ${reason}; make stateDir a directory that the sidecar can write`, {
    side: 'local',
    cause,
  });
}

/** Names that differ may still be one folder, where case does not count; or somebody has copied it. */
function foreignError(path: string, node: string): WeftError {
  const message =
    `the registrations in ${path} belong to the node ${JSON.stringify(node)}: ` +
    'give each sidecar its own node.id, or delete that file';
  return new WeftError('foreign_store', message, { side: 'local' });
}
