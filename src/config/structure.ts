import { finding, type Finding, type Path } from './issue.ts';
import { nearest } from './nearest.ts';
import { alternatives, emptyHint, isRecord, kindOf, quote } from './value.ts';

/**
 * Walks a file along the schema and lists every section, list or key that has the wrong shape:
 * valibot stops at the first unknown key of an object and takes a list for an object. Values are
 * left to valibot. No message shows a value, and none shows a key where a secret may be meant.
 */

/** As much of a valibot schema as a walk along it needs. */
export interface SchemaNode {
  readonly type: string;
  readonly entries?: Readonly<Record<string, SchemaNode>>;
  readonly wrapped?: SchemaNode;
  readonly item?: SchemaNode;
  readonly key?: string;
  readonly options?: readonly SchemaNode[];
  readonly literal?: unknown;
  readonly pipe?: readonly unknown[];
  readonly getter?: (input: unknown) => SchemaNode;
}

export function structureFindings(schema: SchemaNode, value: unknown): Finding[] {
  const findings: Finding[] = [];
  walk(schema, value, [], findings);
  return findings;
}

function walk(schema: SchemaNode, value: unknown, path: Path, findings: Finding[]): void {
  if (schema.wrapped !== undefined) {
    if (value !== undefined) walk(schema.wrapped, value, path, findings);
  } else if (schema.getter !== undefined) {
    walk(schema.getter(value), value, path, findings);
  } else if (schema.entries !== undefined) {
    walkObject(schema.entries, value, path, findings);
  } else if (schema.type === 'array' && schema.item !== undefined) {
    walkList(schema.item, value, path, findings);
  } else if (schema.type === 'variant') {
    walkVariant(schema, value, path, findings);
  }
}

function walkList(item: SchemaNode, value: unknown, path: Path, findings: Finding[]): void {
  if (!Array.isArray(value)) {
    findings.push(
      finding(path, `expected a list, found ${kindOf(value)}`, emptyHint(value) ?? 'write [ … ], or lines with dashes'),
    );
    return;
  }
  for (const [index, entry] of value.entries()) walk(item, entry, [...path, index], findings);
}

function walkObject(
  entries: Readonly<Record<string, SchemaNode>>,
  value: unknown,
  path: Path,
  findings: Finding[],
): void {
  if (!isRecord(value)) {
    const keys = Object.keys(entries).join(', ');
    findings.push(
      finding(path, `expected an object, found ${kindOf(value)}`, emptyHint(value) ?? `its keys are ${keys}`),
    );
    return;
  }
  for (const key of Object.keys(value)) {
    if (!Object.hasOwn(entries, key)) findings.push(unknownKey(entries, key, path));
  }
  for (const [key, entry] of Object.entries(entries)) {
    if (Object.hasOwn(value, key)) walk(entry, value[key], [...path, key], findings);
    else if (entry.wrapped === undefined) findings.push(missingKey(entry, key, path));
  }
}

/** Which keys are right depends on one of them, the discriminator. One that is misspelt still tells which. */
function walkVariant(schema: SchemaNode, value: unknown, path: Path, findings: Finding[]): void {
  const key = schema.key ?? '';
  const options = optionsOf(schema);
  const names = [...options.keys()];
  if (!isRecord(value)) {
    const hint = emptyHint(value) ?? `write { ${key}: ${names[0]}, … }`;
    findings.push(finding(path, `expected an object, found ${kindOf(value)}`, hint));
    return;
  }
  if (!Object.hasOwn(value, key)) {
    findings.push(finding([...path, key], 'required and missing', `write ${alternatives(names)}`));
    return;
  }
  const found = value[key];
  const meant = meantOption(options, found);
  if (meant !== found) {
    const message = `expected ${alternatives(names)}, found ${typeof found === 'string' ? quote(found) : kindOf(found)}`;
    findings.push(finding([...path, key], message, meant === undefined ? undefined : `did you mean ${meant}?`));
  }
  const chosen = options.get(meant ?? '');
  if (chosen !== undefined) walk(chosen, value, path, findings);
}

/** The file as `structureFindings` reads it, so that the values of a section with a misspelt discriminator are judged too. */
export function asMeant(schema: SchemaNode, file: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const meant: Record<string, unknown> = { ...file };
  for (const [name, entry] of Object.entries(schema.entries ?? {})) {
    const variant = unwrap(entry);
    const { type, key = '' } = variant;
    const section = Object.hasOwn(file, name) ? file[name] : undefined;
    if (type !== 'variant' || !isRecord(section) || !Object.hasOwn(section, key)) continue;
    const option = meantOption(optionsOf(variant), section[key]);
    if (option !== undefined) meant[name] = { ...section, [key]: option };
  }
  return meant;
}

/** The schemas of a variant by their discriminators. */
function optionsOf({ key = '', options = [] }: SchemaNode): ReadonlyMap<string, SchemaNode> {
  return new Map(options.map((option) => [String(option.entries?.[key]?.literal), option]));
}

function meantOption(options: ReadonlyMap<string, SchemaNode>, found: unknown): string | undefined {
  if (typeof found !== 'string') return undefined;
  return options.has(found) ? found : nearest(found, [...options.keys()]);
}

function missingKey(entry: SchemaNode, key: string, path: Path): Finding {
  const example = exampleOf(entry);
  return finding(
    [...path, key],
    'required and missing',
    example === undefined ? undefined : `for example ${key}: ${example}`,
  );
}

/** The least that is valid for a schema, as one writes it. */
function exampleOf(schema: SchemaNode): string | undefined {
  const facts = factsOf(schema);
  const given = facts.examples?.[0] ?? facts.enum?.[0];
  if (given !== undefined) return given;
  if (schema.getter !== undefined) return exampleOf(schema.getter(undefined));
  if (schema.item !== undefined) return `['${exampleOf(schema.item) ?? ''}']`;
  if (schema.entries === undefined) return undefined;
  const required = Object.entries(schema.entries).filter(([, entry]) => entry.wrapped === undefined);
  return `{ ${required.map(([key, entry]) => `${key}: ${exampleOf(entry) ?? '…'}`).join(', ')} }`;
}

function unknownKey(entries: Readonly<Record<string, SchemaNode>>, key: string, path: Path): Finding {
  const known = Object.keys(entries);
  const near = nearest(key, known);
  if (near === undefined && Object.values(entries).some(isSecret)) {
    return finding(
      path,
      'a key here is unknown; it is not shown since a secret belongs here',
      `the keys are ${known.join(', ')}`,
    );
  }
  const deeper = near === undefined ? childNamed(entries, key) : undefined;
  const hint =
    near !== undefined || deeper !== undefined
      ? `did you mean ${near ?? deeper}?`
      : `the keys here are ${known.join(', ')}`;
  return finding([...path, key], 'unknown key', hint, 'key');
}

/** A key that stands one level too high: `maxFrame` beside `limits`. */
function childNamed(entries: Readonly<Record<string, SchemaNode>>, key: string): string | undefined {
  for (const [name, entry] of Object.entries(entries)) {
    const children = unwrap(entry).entries;
    if (children !== undefined && Object.hasOwn(children, key)) return `${name}.${key}`;
  }
  return undefined;
}

export function unwrap(schema: SchemaNode): SchemaNode {
  return schema.wrapped === undefined ? schema : unwrap(schema.wrapped);
}

export interface SchemaFacts {
  /** The kind of value, such as `duration`. */
  readonly title?: string;
  readonly description?: string;
  readonly examples?: readonly string[];
  readonly enum?: readonly string[];
  readonly writeOnly?: boolean;
}

/** What the schema says about a value beside its shape. */
export function factsOf(schema: SchemaNode): SchemaFacts {
  const facts: Record<string, unknown> = {};
  for (const step of unwrap(schema).pipe ?? []) {
    if (!isRecord(step)) continue;
    if (step['type'] === 'metadata') Object.assign(facts, step['metadata']);
    if (step['type'] === 'description') facts['description'] = step['description'];
  }
  return facts;
}

export function isSecret(schema: SchemaNode): boolean {
  return factsOf(schema).writeOnly === true;
}
