/**
 * Writes docs/weft.schema.json (for editors) and docs/config.md (for people) from the config
 * schema in src/config.
 *
 *   npm run gen                              write them
 *   node scripts/gen-schema.ts --check       fail when they are not what would be written
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type JsonSchema, toJsonSchema } from '@valibot/to-json-schema';
import { listener } from '../src/config/listener-schema.ts';
import { configSchema } from '../src/config/schema.ts';
import { renderReference } from './config-reference.ts';

const ROOT = dirname(import.meta.dirname);

/** An ingress listener needs the app behind it, an egress one has none. */
const DIRECTION_RULE: JsonSchema = {
  if: { properties: { direction: { const: 'ingress' } }, required: ['direction'] },
  // oxlint-disable-next-line unicorn/no-thenable -- a key of JSON Schema
  then: { required: ['app'] },
  else: { properties: { app: false, advertise: false } },
};

/** The JSON Schema (draft 2020-12) of what a file may hold. */
export function renderSchema(): JsonSchema {
  return convert(configSchema, true);
}

function convert(schema: Schema, isRoot = false): JsonSchema {
  // What may be a text or an object is written out below, so that the definition made for it is not used.
  const {
    $schema,
    $defs: _unused,
    ...rest
  } = toJsonSchema(schema, {
    target: 'draft-2020-12',
    // What a file holds: conversion ends where our own parsers begin, and facts stand before them.
    typeMode: 'input',
    overrideSchema: ({ valibotSchema, jsonSchema }) => {
      if (isLazy(valibotSchema)) {
        return { anyOf: [convert(valibotSchema.getter('')), convert(valibotSchema.getter({}))] };
      }
      if ('entries' in valibotSchema && valibotSchema.entries === listener.entries) {
        return { ...jsonSchema, ...DIRECTION_RULE };
      }
      return undefined;
    },
  });
  return isRoot && $schema !== undefined ? { $schema, ...rest } : rest;
}

type Schema = Parameters<typeof toJsonSchema>[0];

function isLazy(schema: object): schema is { readonly getter: (input: unknown) => Schema } {
  return 'getter' in schema;
}

/** Every generated file by its path from the root. */
export async function renderFiles(root: string): Promise<ReadonlyMap<string, string>> {
  const schema = renderSchema();
  const example = await readFile(join(root, 'examples/config/consumer.yaml'), 'utf8');
  return new Map([
    ['docs/weft.schema.json', `${JSON.stringify(schema, null, 2)}\n`],
    ['docs/config.md', renderReference(schema, example)],
  ]);
}

/** Names the generated files that differ from what would be written now. */
export async function findDrift(root: string): Promise<string[]> {
  const drifted: string[] = [];
  for (const [path, content] of await renderFiles(root)) {
    const present = await readFile(join(root, path), 'utf8').catch(() => undefined);
    if (present !== content) drifted.push(path);
  }
  return drifted;
}

async function write(root: string): Promise<void> {
  for (const [path, content] of await renderFiles(root)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
}

async function check(root: string): Promise<void> {
  const drifted = await findDrift(root);
  for (const path of drifted) console.error(`${path} is not what src/config says; run: npm run gen`);
  if (drifted.length > 0) process.exitCode = 1;
}

if (import.meta.main) await (process.argv.includes('--check') ? check : write)(ROOT);
