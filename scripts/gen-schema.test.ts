import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { findDrift, renderSchema } from './gen-schema.ts';

const ROOT = dirname(import.meta.dirname);

test('the generated files are what the schema says', async () => {
  assert.deepEqual(await findDrift(ROOT), [], 'run: npm run gen');
});

test('files that were never written are drift', async () => {
  // A folder that has the example, which the reference quotes, and no docs of its own.
  await assert.rejects(findDrift(join(ROOT, 'no-such-folder')), { code: 'ENOENT' });
});

type Schema = boolean | Readonly<Record<string, unknown>>;

/** The first violation, by the few words of JSON Schema that the generator writes. */
function violation(schema: Schema, value: unknown, path = '$'): string | undefined {
  if (typeof schema === 'boolean') return schema ? undefined : `${path} is not allowed`;
  const rules: readonly (string | undefined)[] = [
    typeRule(schema, value, path),
    'const' in schema && schema['const'] !== value ? `${path} is not the constant` : undefined,
    Array.isArray(schema['enum']) && !schema['enum'].includes(value) ? `${path} is not in the enum` : undefined,
    typeof value === 'string' ? textRule(schema, value, path) : undefined,
    typeof value === 'number' ? numberRule(schema, value, path) : undefined,
    ...optionRules(schema, value, path),
    ...itemRules(schema, value, path),
    ...propertyRules(schema, value, path),
    conditionRule(schema, value, path),
  ];
  return rules.find((rule) => rule !== undefined);
}

function typeRule({ type }: Record<string, unknown>, value: unknown, path: string): string | undefined {
  const actual = Array.isArray(value)
    ? 'array'
    : Number.isInteger(value)
      ? 'integer'
      : value === null
        ? 'null'
        : typeof value;
  return type === undefined || type === actual || (type === 'number' && actual === 'integer')
    ? undefined
    : `${path} is no ${JSON.stringify(type)}`;
}

function textRule(schema: Record<string, unknown>, value: string, path: string): string | undefined {
  const { pattern, minLength, maxLength } = schema as { pattern?: string; minLength?: number; maxLength?: number };
  if (pattern !== undefined && !new RegExp(pattern, 'u').test(value)) return `${path} does not match ${pattern}`;
  return value.length < (minLength ?? 0) || value.length > (maxLength ?? Infinity)
    ? `${path} has a wrong length`
    : undefined;
}

function numberRule(schema: Record<string, unknown>, value: number, path: string): string | undefined {
  const { minimum, maximum } = schema as { minimum?: number; maximum?: number };
  return value < (minimum ?? -Infinity) || value > (maximum ?? Infinity) ? `${path} is out of range` : undefined;
}

function optionRules(schema: Record<string, unknown>, value: unknown, path: string): (string | undefined)[] {
  const { anyOf, oneOf } = schema as { anyOf?: Schema[]; oneOf?: Schema[] };
  const fitting = (options: readonly Schema[]): number =>
    options.filter((one) => violation(one, value) === undefined).length;
  return [
    anyOf !== undefined && fitting(anyOf) === 0 ? `${path} fits none of anyOf` : undefined,
    oneOf !== undefined && fitting(oneOf) !== 1 ? `${path} does not fit one of oneOf` : undefined,
  ];
}

function itemRules(schema: Record<string, unknown>, value: unknown, path: string): (string | undefined)[] {
  if (!Array.isArray(value)) return [];
  return value.map((item, index) => violation((schema['items'] ?? true) as Schema, item, `${path}[${index}]`));
}

function propertyRules(schema: Record<string, unknown>, value: unknown, path: string): (string | undefined)[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  const properties = (schema['properties'] ?? {}) as Record<string, Schema>;
  const additional = (schema['additionalProperties'] ?? true) as Schema;
  const required = (schema['required'] ?? []) as string[];
  return [
    ...required.filter((key) => !Object.hasOwn(value, key)).map((key) => `${path}.${key} is missing`),
    ...Object.entries(value).map(([key, item]) =>
      violation(Object.hasOwn(properties, key) ? (properties[key] ?? true) : additional, item, `${path}.${key}`),
    ),
  ];
}

function conditionRule(schema: Record<string, unknown>, value: unknown, path: string): string | undefined {
  if (!('if' in schema)) return undefined;
  const branch = violation(schema['if'] as Schema, value) === undefined ? schema['then'] : schema['else'];
  return violation((branch ?? true) as Schema, value, path);
}

describe('the JSON Schema', () => {
  const schema = renderSchema() as Schema;

  test('accepts the examples', async () => {
    const names = (await readdir(join(ROOT, 'examples/config'))).filter((name) => name.endsWith('.yaml'));
    for (const name of names) {
      const file: unknown = parse(await readFile(join(ROOT, 'examples/config', name), 'utf8'));
      assert.equal(violation(schema, file), undefined, name);
    }
  });

  test('accepts HTTP, also where a value may be a text or an object', () => {
    const edits = { set: { 'x-a': 'b' }, remove: ['x-b'] };
    const routes = [
      { match: { path: '/a', methods: ['GET'] }, cluster: 's', requestHeaders: edits },
      {
        match: { path: { prefix: '/a' }, headers: [{ name: 'a', present: true }] },
        redirect: { status: 301, path: '/' },
      },
      { name: 'r', respond: { status: 200, body: 'a', headers: { 'x-a': 'b' } } },
    ];
    const web = { name: 'w', address: '127.0.0.1:1', direction: 'egress', tls: { certificate: 'a', key: 'b' } };
    const file = { node: { id: 'a' }, listeners: [{ ...web, http: { limits: { maxBody: 0 }, routes } }] };
    assert.equal(violation(schema, file), undefined);
  });

  test('accepts every default that it names', () => {
    const walk = (node: unknown, path: string): void => {
      if (typeof node !== 'object' || node === null) return;
      if ('default' in node && !('const' in node))
        assert.equal(violation(node as Schema, node.default, path), undefined);
      for (const [key, child] of Object.entries(node)) if (key !== 'default') walk(child, `${path}.${key}`);
    };
    walk(schema, '$');
  });

  test('refuses what the loader refuses', () => {
    const base = { node: { id: 'a' } };
    const egress = { name: 'e', address: '127.0.0.1:1', protocol: 'bolt', direction: 'egress' };
    const cases: readonly (readonly [unknown, string])[] = [
      [{}, '$.node is missing'],
      [{ ...base, colour: 1 }, '$.colour is not allowed'],
      [{ ...base, shutdown: { drain: 5 } }, '$.shutdown.drain is no "string"'],
      [{ ...base, registry: { type: 'zookeper' } }, '$.registry does not fit one of oneOf'],
      [{ ...base, listeners: [{ ...egress, direction: 'ingress' }] }, '$.listeners[0].app is missing'],
      [{ ...base, listeners: [{ ...egress, app: 'h:1' }] }, '$.listeners[0].app is not allowed'],
      [
        { ...base, listeners: [{ ...egress, limits: { maxFrame: '1MB' } }] },
        '$.listeners[0].limits.maxFrame fits none of anyOf',
      ],
      [
        { ...base, listeners: [{ ...egress, http: { routes: [{ match: { path: { prefx: '/' } } }] } }] },
        '$.listeners[0].http.routes[0].match.path fits none of anyOf',
      ],
      [
        { ...base, listeners: [{ ...egress, http: { routes: [{ redirect: { status: 305 } }] } }] },
        '$.listeners[0].http.routes[0].redirect.status is not in the enum',
      ],
      [
        { ...base, clusters: [{ name: 's', endpoints: [{ weight: 1 }] }] },
        '$.clusters[0].endpoints[0] fits none of anyOf',
      ],
    ];
    for (const [file, expected] of cases) assert.equal(violation(schema, file), expected);
  });

  test('describes every key for editors', () => {
    const walk = (node: unknown, path: string): void => {
      if (typeof node !== 'object' || node === null) return;
      const { properties, ...rest } = node as { properties?: Record<string, Schema> };
      for (const [key, child] of Object.entries(properties ?? {})) {
        // A condition names keys that are described elsewhere.
        if (typeof child === 'object' && !path.endsWith('.if')) assert.ok('description' in child, `${path}.${key}`);
        walk(child, `${path}.${key}`);
      }
      for (const [key, child] of Object.entries(rest)) walk(child, `${path}.${key}`);
    };
    walk(schema, '$');
  });
});
