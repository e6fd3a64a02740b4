import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RouteSpec, ValueSpec } from './route-spec.ts';
import { compileRoutes } from './route-table.ts';
import { firstMatch } from './testing/model.ts';
import { request, type RequestParts } from './testing/request.ts';

/** Few parts, so that rules and requests often meet. */
const label = fc.constantFrom('a', 'b', 'ab', 'example');
const hostName = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join('.'));
const hostPattern = fc.oneof(
  hostName,
  hostName.map((name) => `*.${name}`),
  fc.constant('[::1]'),
);
const segment = fc.constantFrom('', 'a', 'b', 'ab', 'abc', '..', '%2e');
const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => `/${segments.join('/')}`);
const word = fc.constantFrom('', '1', '9', '10', '-3', '1a', 'x', 'xy', 'x y', 'é');

const value: fc.Arbitrary<ValueSpec> = fc
  .tuple(
    fc.constantFrom('q', 'te', 'x-user'),
    fc.oneof(
      word.map((exact) => ({ exact })),
      word.map((prefix) => ({ prefix })),
      word.map((suffix) => ({ suffix })),
      fc.constantFrom({ regex: '[0-9]+' }, { regex: 'x.*' }, { regex: '.' }),
      fc
        .record({ from: fc.integer({ min: -5, max: 5 }), to: fc.integer({ min: 6, max: 11 }) })
        .map((range) => ({ range })),
      fc.constant({ present: true as const }),
    ),
    fc.boolean(),
  )
  .map(([name, comparison, invert]) => ({ name, ...comparison, invert }));

const match = fc.record(
  {
    hosts: fc.array(hostPattern, { minLength: 1, maxLength: 3 }),
    path: fc.oneof(
      path.map((exact) => ({ exact })),
      path.map((prefix) => ({ prefix })),
      fc.constantFrom({ regex: '/a.*' }, { regex: '/[^/]*/b' }),
    ),
    methods: fc.uniqueArray(fc.constantFrom('GET', 'POST', 'CONNECT'), { minLength: 1 }),
    headers: fc.array(value, { maxLength: 2 }),
    query: fc.array(value, { maxLength: 2 }),
  },
  { requiredKeys: [] },
);

const routes: fc.Arbitrary<RouteSpec[]> = fc
  .array(match, { minLength: 1, maxLength: 12, size: '+1' })
  .map((matches) => matches.map((one, index) => ({ name: `${index}`, cluster: 'c', match: one })));

const octets = (text: string): string => Buffer.from(text).toString('latin1');

const search = fc
  .array(fc.tuple(fc.constantFrom('q', 'te', 'x-user', 'é', ''), word), { minLength: 1, maxLength: 3 })
  .map((pairs) => `?${new URLSearchParams(pairs).toString()}`);

const asked: fc.Arbitrary<Required<RequestParts>> = fc
  .tuple(
    fc.constantFrom('GET', 'POST', 'PUT', 'CONNECT'),
    fc.tuple(fc.oneof(hostName, fc.constant('[::1]')), fc.constantFrom('', ':80', ':')).map((parts) => parts.join('')),
    fc.boolean(),
    fc.oneof(
      fc.tuple(path, fc.oneof(fc.constant(''), search)).map((parts) => parts.join('')),
      fc.constant('*'),
    ),
    fc.array(fc.tuple(fc.constantFrom('TE', 'te', 'X-User', 'q', 'x-other'), word), { maxLength: 4 }),
    fc.boolean(),
  )
  .map(([method, authority, loud, target, fields, tunnel]) => ({
    method,
    scheme: 'http',
    authority: loud ? authority.toUpperCase() : authority,
    path: method === 'CONNECT' && tunnel ? '' : target,
    protocol: '',
    fields,
  }));

test('a table finds the route that one finds who tries them in turn', async () => {
  let found = 0;
  await fc.assert(
    fc.asyncProperty(routes, fc.array(asked, { minLength: 1, maxLength: 8 }), async (specs, requests) => {
      const table = await compileRoutes(specs);
      for (const parts of requests) {
        const expected = firstMatch(specs, parts);
        const fields = parts.fields.map(([name, text]) => [name, octets(text)] as const);
        assert.equal(table.match(request({ ...parts, fields }))?.name, expected);
        if (expected !== undefined) found++;
      }
    }),
    { numRuns: 2000 },
  );
  assert.ok(found > 500, `only ${found} requests met a route`);
});
