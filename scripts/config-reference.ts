import type { JsonSchema } from '@valibot/to-json-schema';

/** Renders docs/config.md out of the JSON Schema: a section of the file becomes a table of its keys. */

interface Row {
  readonly key: string;
  readonly type: string;
  readonly default: string;
  readonly meaning: string;
}

const HEAD = `# Config of \`weft proxy\`

<!-- Written by scripts/gen-schema.ts out of src/config; change those, then run: npm run gen -->

One file, YAML or JSON; what is left out has its default. An unknown key is an error: a slip of
the hand never changes silently what the proxy does. \`weft validate FILE\` lists every error
with its place, the reason and the nearest valid key; it opens the certificates and
keys that the file names, too, unless \`--no-files\` is given.

Editors complete and check the file with [weft.schema.json](weft.schema.json). For those that use
the YAML language server, begin the file with

\`\`\`yaml
# yaml-language-server: $schema=path/to/docs/weft.schema.json
\`\`\`

## Example
`;

const VALUES = `## Values

| type | written as |
| --- | --- |
| duration | a number and \`ms\`, \`s\`, \`m\` or \`h\`: \`100ms\`, \`3s\`, \`1.5m\`; \`0s\` is none. 24 days at most. |
| size | bytes, or a number and \`B\`, \`KiB\`, \`MiB\` or \`GiB\` (powers of 1024): \`65535\`, \`64KiB\` |
| host:port | \`10.0.0.7:12200\`, \`echo.example:12200\`, \`[::1]:12200\`. To listen on all interfaces: \`0.0.0.0:12200\`. |
| path | relative to the folder of the config file, or absolute |
| secret | never logged, and shown as \`[redacted]\` by the admin interface |

YAML anchors, aliases and merge keys (\`<<\`) may be used; a key that stands twice, a second
document and tags are refused.

## Reload

SIGHUP, or a change of the file, reads it again. A file with errors changes nothing and is told
in the log. These take effect at once: \`listeners\`, \`clusterDefaults\`, \`clusters\`,
\`discovery\`, \`shutdown\`, \`log.level\`. A change of \`node\`, \`admin\`, \`sdk\`, \`health\`,
\`registry\`, \`stateDir\` or \`log.format\` waits for the next start, and the log says so.

A listener with a new \`address\`, \`protocol\`, \`direction\` or \`tls\` is opened anew, all else changes
without closing its port. When it cannot be opened it stays as it was; the log and \`/config\` of the
admin interface say why, and the next reload tries again. An ingress listener that moves to another
port, or goes, keeps its old port open until the registry has taken the change and
\`shutdown.propagation\` is over. What apps have published follows \`advertise\` and \`app\`.
`;

export function renderReference(schema: JsonSchema, example: string): string {
  const sections = Object.entries(schema.properties ?? {}).map(([name, section]) =>
    renderSection(name, asSchema(section), schema.required?.includes(name) ?? false, policyKeys(schema)),
  );
  return `${HEAD}
\`\`\`yaml
${example.trim()}
\`\`\`

${VALUES}
${sections.join('\n')}`;
}

function renderSection(name: string, schema: JsonSchema, required: boolean, policy: ReadonlySet<string>): string {
  const isList = schema.type === 'array';
  const body = isList ? asSchema(schema.items) : schema;
  const title = `## ${name}${isList ? '[]' : ''}\n\n${isList ? `${schema.description} ` : ''}${body.description ?? ''}`;
  const head = required ? `${title} Required.` : title;
  if (body.oneOf !== undefined) {
    const variants = body.oneOf.map((option) => renderVariant(name, asSchema(option)));
    return `${head}\n\n${variants.join('\n')}`;
  }
  if (body.properties === undefined) {
    return `${head}\n\nType: ${typeText(body)}. Default: ${defaultText(body, required)}.\n`;
  }
  const rows = listRows(body, '');
  return `${head}\n\n${table(name === 'clusters' ? rows.map((one) => inherit(one, policy)) : rows)}`;
}

function renderVariant(section: string, schema: JsonSchema): string {
  const { type, ...rest } = schema.properties ?? {};
  const required = (schema.required ?? []).filter((key) => key !== 'type');
  const rows = listRows({ ...schema, properties: rest, required }, '');
  return `### ${section}: { type: ${schema.title ?? ''} }\n\n${asSchema(type).description ?? ''}\n\n${table(rows)}`;
}

/** The keys of an object and of the objects in it, `limits.maxFrame`. */
function listRows(schema: JsonSchema, prefix: string): Row[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, value]) => {
    const property = asSchema(value);
    const name = `${prefix}${key}`;
    const own = row(name, property, schema.required?.includes(key) ?? false);
    if (property.properties !== undefined) return [own, ...listRows(property, `${name}.`)];
    const inner = objectIn(property);
    return inner === undefined ? [own] : [own, ...listRows(inner.schema, `${name}${inner.mark}.`)];
  });
}

/** The object that a value, or each one of a list, is or may be instead of a text. */
function objectIn(schema: JsonSchema): { schema: JsonSchema; mark: string } | undefined {
  const isList = schema.type === 'array';
  const value = isList ? asSchema(schema.items) : schema;
  const option = [value, ...(value.anyOf ?? []).map(asSchema)].find((one) => one.properties !== undefined);
  return option === undefined ? undefined : { schema: option, mark: isList ? '[]' : '' };
}

function row(key: string, schema: JsonSchema, required: boolean): Row {
  return { key, type: typeText(schema), default: defaultText(schema, required), meaning: schema.description ?? '' };
}

function typeText(schema: JsonSchema): string {
  if (schema.type === 'array') return `list of ${typeText(asSchema(schema.items))}`;
  if (schema.anyOf !== undefined && schema.title === undefined) {
    return schema.anyOf.map((option) => typeText(asSchema(option))).join(' or ');
  }
  if (schema.enum !== undefined) return schema.enum.map((value) => code(value)).join(', ');
  if (schema.properties !== undefined) return 'object';
  const range = schema.minimum === undefined ? '' : ` ${schema.minimum}–${schema.maximum ?? ''}`;
  return `${schema.title ?? ''}${range}`;
}

function defaultText(schema: JsonSchema, required: boolean): string {
  if (required) return 'required';
  const value = schema.default;
  if (value === undefined || isEmptyObject(value)) return '';
  return value === '' ? 'empty' : code(value);
}

/** A cluster follows `clusterDefaults` in what it leaves out. */
function inherit(one: Row, policy: ReadonlySet<string>): Row {
  return policy.has(one.key) ? { ...one, default: one.default === '' ? 'clusterDefaults' : one.default } : one;
}

function policyKeys(schema: JsonSchema): ReadonlySet<string> {
  const policy = asSchema(schema.properties?.['clusterDefaults']);
  return new Set(listRows(policy, '').map(({ key }) => key));
}

function table(rows: readonly Row[]): string {
  const lines = rows.map((one) => `| ${code(one.key)} | ${one.type} | ${one.default} | ${one.meaning} |`);
  return ['| key | type | default | meaning |', '| --- | --- | --- | --- |', ...lines, ''].join('\n');
}

function code(value: unknown): string {
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
}

function asSchema(schema: unknown): JsonSchema {
  return typeof schema === 'object' && schema !== null ? schema : {};
}
