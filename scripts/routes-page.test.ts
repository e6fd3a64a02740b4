/** The examples in docs/routes.md, balancing.md and faults.md are configs, or routes, that the proxy takes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { stringify, parse } from 'yaml';
import type { Config } from '../src/config/config.ts';
import { checkConfigText } from '../src/config/load.ts';
import { compileRoutes } from '../src/dataplane/route/route-table.ts';
import { request } from '../src/dataplane/route/testing/request.ts';

function pageOf(name: string): string {
  return readFileSync(join(dirname(import.meta.dirname), 'docs', name), 'utf8');
}

function examplesOf(page: string): string[] {
  return [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text = '']) => text);
}

const PAGE = pageOf('routes.md');
const EXAMPLES = examplesOf(PAGE);

/** A whole file as it is; a route, or its `match` alone, in the smallest file that has room for it. */
function asFile(example: string): string {
  const parsed = parse(example) as Readonly<Record<string, unknown>>;
  if ('listeners' in parsed) return example;
  const action = ['cluster', 'clusters', 'redirect', 'respond'].some((key) => key in parsed);
  const http = 'http' in parsed ? parsed['http'] : { routes: [action ? parsed : { ...parsed, cluster: 'any' }] };
  const listener = { name: 'web', address: '127.0.0.1:1', direction: 'egress', http };
  return stringify({ node: { id: 'a' }, registry: { type: 'embedded' }, listeners: [listener] });
}

async function load(example: string): Promise<Config> {
  const result = await checkConfigText(asFile(example), { file: 'weft.yaml' });
  assert.ok(result.ok, JSON.stringify(result));
  assert.deepEqual(result.warnings, []);
  return result.config;
}

for (const [index, example] of [
  ...EXAMPLES,
  ...['balancing.md', 'faults.md'].flatMap((page) => examplesOf(pageOf(page))),
].entries()) {
  test(`example ${index + 1} is taken without a warning`, async () => {
    await compileRoutes((await load(example)).listeners[0]?.http?.routes ?? []);
  });
}

test('the redirect leads to where the page says', async () => {
  const example = EXAMPLES.find((text) => text.includes('redirect:'));
  const table = await compileRoutes((await load(example ?? '')).listeners[0]?.http?.routes ?? []);
  const [, asked = '', told] = /`GET (\S+)` is told `(\S+)`/.exec(PAGE) ?? [];
  const { host: authority, pathname, search } = new URL(asked);
  const head = request({ authority, path: pathname + search });
  const route = table.match(head);
  assert.ok(route?.kind === 'redirect');
  assert.equal(route.location(head), told);
});
