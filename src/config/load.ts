import { open } from 'node:fs/promises';
import type { Accepted, LoadResult, ParseOptions, Refusal } from './parse.ts';

/** Far more than any config needs; a wrong file (a log, a device) must not fill the memory. */
const MAX_BYTES = 1024 * 1024;

/** A config and the text that it was read from. */
export type LoadedConfig = Accepted & { readonly text: string };

/** Reads and checks a config file. Never rejects: a file that cannot be read is an issue as any other. */
export async function loadConfig(
  file: string,
  options: Omit<ParseOptions, 'file'> = {},
): Promise<LoadedConfig | Refusal> {
  const read = await readConfigText(file);
  if (!read.ok) return read;
  const checked = await checkConfigText(read.text, { ...options, file });
  return checked.ok ? { ...checked, text: read.text } : checked;
}

/** The parser is loaded on the first call, so that commands without a config do without it. */
export async function checkConfigText(text: string, options: ParseOptions): Promise<LoadResult> {
  const [{ judgeTree }, { readTree }] = await Promise.all([import('./parse.ts'), import('./tree.ts')]);
  const tree = readTree(text);
  if (!tree.ok || !hasRegex(tree.value)) return judgeTree(tree, options);
  const { regexProblem } = await import('../dataplane/route/regex.ts');
  return judgeTree(tree, { ...options, regexProblem });
}

/** Whether a route may have a regular expression: what reads them is not loaded for a config without. */
function hasRegex(value: unknown, seen = new Set<unknown>()): boolean {
  // Aliases may make a value part of itself.
  if (typeof value !== 'object' || value === null || seen.has(value)) return false;
  seen.add(value);
  return Object.entries(value).some(([key, entry]) => key === 'regex' || hasRegex(entry, seen));
}

export type ReadResult = { readonly ok: true; readonly text: string } | Refusal;

/** Reads a config file's text, which is not looked at yet. Never rejects. */
export async function readConfigText(file: string): Promise<ReadResult> {
  let bytes: Buffer;
  try {
    bytes = await readBounded(file);
  } catch (error) {
    return refused(...readError(error));
  }
  if (bytes.length > MAX_BYTES) return refused('the file is larger than 1 MiB', 'check that it is the config');
  try {
    return { ok: true, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return refused('the file is not UTF-8 text', 'check that it is the config, and save it as UTF-8');
  }
}

/** At most one byte more than allowed; also from a pipe, whose size nobody knows. */
async function readBounded(file: string): Promise<Buffer> {
  await using handle = await open(file, 'r');
  const chunks: Buffer[] = [];
  let total = 0;
  while (total <= MAX_BYTES) {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(64 * 1024));
    if (bytesRead === 0) break;
    chunks.push(buffer.subarray(0, bytesRead));
    total += bytesRead;
  }
  return Buffer.concat(chunks);
}

function readError(error: unknown): [message: string, hint: string] {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  switch (code) {
    case 'ENOENT':
      return ['the file does not exist', 'check the path; it starts from the current folder'];
    case 'EACCES':
    case 'EPERM':
      return ['the file cannot be read: permission denied', 'let the user of this process read it'];
    case 'EISDIR':
      return ['this is a folder', 'name the file in it'];
    default:
      return [`the file cannot be read (${code})`, 'check the path'];
  }
}

function refused(message: string, hint: string): Refusal {
  return { ok: false, issues: [{ path: '', message, hint }] };
}
