import { LineCounter, parseDocument } from 'yaml';
import { nearest } from '../../config/nearest.ts';
import { isRecord, show } from '../../config/value.ts';
import { instanceProblems } from '../instances.ts';
import type { ServiceInstance, ServiceKey } from '../registry.ts';

/** What a file says, or every reason why it cannot be used. */
export type FileContent =
  | { readonly ok: true; readonly instances: readonly ServiceInstance[] }
  | { readonly ok: false; readonly problems: readonly string[] };

/** Weight of an entry that names none, as in SOFARPC. */
const DEFAULT_WEIGHT = 100;
const ENTRY_KEYS = ['address', 'weight', 'protocol', 'group', 'metadata'];

/**
 * Reads the file that people write, YAML or JSON:
 *
 *   services:
 *     'com.demo.Echo:1.0':
 *       - 10.0.0.1:12200
 *       - { address: 10.0.0.2:12200, weight: 50, protocol: bolt, group: '', metadata: { zone: RZ01A } }
 */
export function parseServices(text: string): FileContent {
  const parsed = parseYaml(text);
  if (!parsed.ok) return parsed;
  const problems: string[] = [];
  const instances: ServiceInstance[] = [];
  const root = parsed.value;
  if (!isRecord(root) || !('services' in root)) {
    return { ok: false, problems: [`expected services: with a list for each service, found ${show(root)}`] };
  }
  checkKeys(root, ['services'], '', problems);
  const services = root['services'] ?? {};
  if (!isRecord(services)) problems.push(`services: expected service names with lists, found ${show(services)}`);
  else {
    for (const [service, list] of Object.entries(services)) {
      const path = `services['${service}']`;
      if (!Array.isArray(list)) problems.push(`${path}: expected a list of addresses, found ${show(list)}`);
      else list.forEach((entry, index) => readEntry(service, entry, `${path}[${index}]`, instances, problems));
    }
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, instances };
}

/** Reads what a sidecar wrote; see `formatPublications`. */
export function parsePublications(text: string): FileContent {
  const parsed = parseYaml(text);
  if (!parsed.ok) return parsed;
  const root = parsed.value;
  const list = isRecord(root) ? root['instances'] : undefined;
  if (!Array.isArray(list)) return { ok: false, problems: [`instances: expected a list, found ${show(list)}`] };
  const problems: string[] = [];
  const instances: ServiceInstance[] = [];
  list.forEach((entry: unknown, index) => {
    const service = isRecord(entry) ? entry['service'] : undefined;
    const path = `instances[${index}]`;
    if (!isRecord(entry) || typeof service !== 'string') return problems.push(`${path}.service: expected a text`);
    const { service: _, ...rest } = entry;
    return readEntry(service, rest, path, instances, problems);
  });
  return problems.length > 0 ? { ok: false, problems } : { ok: true, instances };
}

export function formatPublications(node: string, instances: readonly ServiceInstance[]): string {
  return `${JSON.stringify({ node, instances }, null, 2)}\n`;
}

function readEntry(service: string, entry: unknown, path: string, out: ServiceInstance[], problems: string[]): void {
  const fields = typeof entry === 'string' ? { address: entry } : entry;
  if (!isRecord(fields)) {
    problems.push(`${path}: expected host:port or an object with address, found ${show(entry)}`);
    return;
  }
  const before = problems.length;
  checkKeys(fields, ENTRY_KEYS, `${path}.`, problems);
  const text = (name: string, fallback: string): string => {
    const value = fields[name] ?? fallback;
    if (typeof value === 'string') return value;
    problems.push(`${path}.${name}: expected a text, found ${show(value)}`);
    return '';
  };
  const weight = fields['weight'] ?? DEFAULT_WEIGHT;
  if (typeof weight !== 'number') problems.push(`${path}.weight: expected a number, found ${show(weight)}`);
  const key: ServiceKey = { service, protocol: text('protocol', 'bolt'), group: text('group', '') };
  const instance: ServiceInstance = {
    ...key,
    address: text('address', ''),
    weight: typeof weight === 'number' ? weight : DEFAULT_WEIGHT,
    metadata: readMetadata(fields['metadata'], `${path}.metadata`, problems),
  };
  if (problems.length > before) return;
  const wrong = instanceProblems(instance);
  problems.push(...wrong.map((problem) => `${path}: ${problem}`));
  if (wrong.length === 0) out.push(instance);
}

/** YAML reads `timeout: 3000` as a number; metadata are texts. */
function readMetadata(value: unknown, path: string, problems: string[]): Record<string, string> {
  const metadata: Record<string, string> = {};
  if (value === undefined || value === null) return metadata;
  if (!isRecord(value)) {
    problems.push(`${path}: expected names with texts, found ${show(value)}`);
    return metadata;
  }
  for (const [name, one] of Object.entries(value)) {
    if (typeof one === 'string' || typeof one === 'number' || typeof one === 'boolean') metadata[name] = String(one);
    else problems.push(`${path}.${name}: expected a text, found ${show(one)}`);
  }
  return metadata;
}

/** A key that is not known may be a slip of the pen; it is never ignored. */
function checkKeys(value: object, known: readonly string[], prefix: string, problems: string[]): void {
  for (const name of Object.keys(value)) {
    if (known.includes(name)) continue;
    const near = nearest(name, known);
    problems.push(`${prefix}${name}: unknown key; ${near ? `did you mean ${near}?` : `known are ${known.join(', ')}`}`);
  }
}

function parseYaml(text: string): { ok: true; value: unknown } | { ok: false; problems: string[] } {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: true });
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) => {
      const { line, col } = lineCounter.linePos(error.pos[0]);
      return `line ${line}, column ${col}: ${error.message}`;
    });
    return { ok: false, problems };
  }
  try {
    // Bounds what aliases may blow up to.
    return { ok: true, value: document.toJS({ maxAliasCount: 100 }) as unknown };
  } catch (error) {
    return { ok: false, problems: [error instanceof Error ? error.message : String(error)] };
  }
}
