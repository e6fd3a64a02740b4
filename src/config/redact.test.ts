import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from './parse.ts';
import { redactConfig, SECRET_PATHS } from './redact.ts';
import { configSchema } from './schema.ts';
import { factsOf, isSecret, type SchemaNode } from './structure.ts';

test('secrets are replaced, and the config itself is left alone', () => {
  const text = `node: { id: a }\nregistry: { type: zookeeper, address: 'h:1', auth: { credential: 'me:swordfish' } }`;
  const result = parseConfig(text, { file: 'weft.yaml' });
  assert.ok(result.ok);
  const shown = redactConfig(result.config);
  assert.doesNotMatch(JSON.stringify(shown), /swordfish/);
  assert.match(JSON.stringify(shown), /"credential":"\[redacted\]"/);
  assert.match(JSON.stringify(result.config), /swordfish/);
});

test('so are the values of header fields that carry credentials', () => {
  const fields = `{ authorization: 'Bearer swordfish', x-api-key: swordfish, x-user: anna }`;
  const text = `node: { id: a }
listeners:
  - name: e
    address: '127.0.0.1:1'
    direction: egress
    http:
      routes:
        - match: { headers: [{ name: Cookie, prefix: swordfish }] }
          cluster: s
          requestHeaders: { set: ${fields}, add: ${fields} }
          responseHeaders: { set: ${fields}, add: ${fields} }
        - { respond: { status: 200, headers: ${fields} } }`;
  const result = parseConfig(text, { file: 'weft.yaml' });
  assert.ok(result.ok, JSON.stringify(result));
  const shown = JSON.stringify(redactConfig(result.config));
  assert.doesNotMatch(shown, /swordfish/);
  assert.equal(shown.match(/anna/g)?.length, 5);
});

test('without secrets nothing changes', () => {
  const result = parseConfig('{ node: { id: a }, registry: { type: embedded } }', { file: 'weft.yaml' });
  assert.ok(result.ok);
  assert.deepEqual(redactConfig(result.config), result.config);
});

/** Every leaf of the schema with its path; lists add nothing to it, as redactConfig passes through them. */
function* leaves(schema: SchemaNode, path: readonly string[] = []): Generator<{ path: string; schema: SchemaNode }> {
  if (schema.wrapped !== undefined) yield* leaves(schema.wrapped, path);
  else if (schema.item !== undefined) yield* leaves(schema.item, path);
  else if (schema.getter !== undefined) yield* leaves(schema.getter({}), path);
  else if (schema.options !== undefined) for (const option of schema.options) yield* leaves(option, path);
  else if (schema.entries === undefined) yield { path: path.join('.'), schema };
  else for (const [key, entry] of Object.entries(schema.entries)) yield* leaves(entry, [...path, key]);
}

test('the list of secrets is exactly what the schema marks', () => {
  const marked = [...leaves(configSchema)].filter(({ schema }) => isSecret(schema)).map(({ path }) => path);
  assert.deepEqual(SECRET_PATHS.map((path) => path.join('.')).toSorted(), [...new Set(marked)].toSorted());
});

test('whatever is named like a secret is marked as one', () => {
  const all = [...leaves(configSchema)];
  assert.ok(all.length > 50, 'the walk has missed the schema');
  for (const { path, schema } of all) {
    const named = /secret|passw|credential|token|private|key$/i.test(path);
    // Where a secret lies is none.
    if (named && factsOf(schema).title !== 'path') assert.ok(isSecret(schema), `${path} is not marked`);
  }
});
