import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Known } from '../message/http-fields.ts';
import { compileRoute } from './compile-route.ts';
import { Split } from './split.ts';
import { compileRegex } from './regex.ts';
import { type ClusterRoute, NO_PARTS, type RedirectRoute, type RespondRoute, UNCOUNTED } from './route.ts';
import type { MatchSpec, RedirectSpec, RespondSpec, RewriteSpec, RouteSpec } from './route-spec.ts';
import { request, type RequestParts } from './testing/request.ts';

function toCluster(spec: Partial<RouteSpec>): ClusterRoute {
  const route = compileRoute({ name: 'r', match: {}, cluster: 'c', ...spec }, NO_PARTS, compileRegex);
  assert.ok(route.kind === 'cluster');
  return route;
}

test('what a route does not change is not there', () => {
  assert.deepEqual(toCluster({}), {
    kind: 'cluster',
    name: 'r',
    stats: UNCOUNTED,
    split: new Split([{ cluster: 'c', subset: undefined, weight: 1 }]),
    timeout: undefined,
    host: undefined,
    rewritePath: undefined,
    requestEdits: undefined,
    responseEdits: undefined,
    retries: undefined,
    gates: undefined,
    mirror: undefined,
  });
  assert.equal(toCluster({ rewrite: { host: 'b.test:1' }, timeout: 5 }).rewritePath, undefined);
});

describe('a rewritten path', () => {
  const under = (prefix: string): MatchSpec => ({ path: { prefix } });
  const regex = (pattern: string, replacement: string): RewriteSpec => ({ regex: { pattern, replacement } });
  const cases: readonly (readonly [RewriteSpec, MatchSpec, path: string, expected: string])[] = [
    [{ path: '/b' }, {}, '/a/c', '/b'],
    [{ path: '/b' }, {}, '/a?x=/y', '/b?x=/y'],
    [{ path: '/b' }, {}, '*', '*'],
    [{ path: '/b' }, {}, '', ''],
    [{ prefix: '/b' }, under('/a'), '/a', '/b'],
    [{ prefix: '/b' }, under('/a'), '/a/c?d', '/b/c?d'],
    [{ prefix: '/b/' }, under('/a/'), '/a/c', '/b/c'],
    [{ prefix: '/b' }, under('/'), '/c', '/b/c'],
    [{ prefix: '/' }, under('/a'), '/a/c', '/c'],
    [{ prefix: '/' }, under('/a'), '/a', '/'],
    [{ prefix: '/' }, under('/a'), '/a?q', '/?q'],
    [regex('^/users/([^/]+)', '/u/$1'), {}, '/users/anna/x?y=/users/b', '/u/anna/x?y=/users/b'],
    [regex('a', 'b'), {}, '/aXa?a', '/bXb?a'],
    [regex('(?P<x>c)', '[$<x>]$$'), {}, '/c', '/[c]$'],
    [regex('^/', ''), {}, '/a', '/a'],
    [regex('.*', ''), {}, '/a?b', '/?b'],
  ];
  for (const [rewrite, match, path, expected] of cases) {
    test(`${JSON.stringify(rewrite)} of ${path === '' ? 'none' : path} is ${expected}`, () => {
      assert.equal(toCluster({ rewrite, match }).rewritePath?.(path), expected);
    });
  }
});

test('edits leave out what is removed or set, and put what is set or added behind', () => {
  const { requestEdits, responseEdits } = toCluster({
    requestHeaders: { set: { via: 'a', 'x-a': 'é' }, add: { 'x-a': 'b' }, remove: ['x-b', 'forwarded'] },
    responseHeaders: { set: {}, add: {}, remove: ['server'] },
  });
  const marked = (marks: Uint8Array): number[] => [...marks.keys()].filter((known) => marks[known] === 1);
  assert.deepEqual(marked(requestEdits!.without), [Known.via, Known.forwarded]);
  assert.deepEqual(requestEdits!.withoutNames, new Set(['x-b', 'x-a']));
  assert.deepEqual(requestEdits!.added, ['via', 'a', 'x-a', '\u00c3\u00a9', 'x-a', 'b']);
  assert.deepEqual(marked(responseEdits!.without), [Known.server]);
  assert.equal(responseEdits!.withoutNames, undefined);
});

describe('a redirect leads to', () => {
  const location = (spec: Partial<RedirectSpec>, parts: RequestParts, match: MatchSpec = {}): string => {
    const redirect = { status: 308, ...spec } as const;
    const route = compileRoute({ name: 'r', match, redirect }, NO_PARTS, compileRegex) as RedirectRoute;
    assert.equal(route.status, 308);
    return route.location(request(parts));
  };
  const at = { authority: 'A.test:8080', path: '/a/b?c' };
  const cases: readonly (readonly [Partial<RedirectSpec>, RequestParts, expected: string])[] = [
    [{ scheme: 'https' }, at, 'https://a.test/a/b?c'],
    [{ scheme: 'https', port: 8443 }, at, 'https://a.test:8443/a/b?c'],
    [{ scheme: 'https', port: 443 }, at, 'https://a.test/a/b?c'],
    [{ host: 'b.test' }, at, 'http://b.test/a/b?c'],
    [{ port: 80 }, at, 'http://a.test/a/b?c'],
    [{ path: '/x' }, at, 'http://a.test:8080/x?c'],
    [{ prefix: '/x' }, at, 'http://a.test:8080/x/b?c'],
    [{ host: '[::1]' }, at, 'http://[::1]/a/b?c'],
    [{ path: '/x' }, { authority: '[::1]:81', path: '/' }, 'http://[::1]:81/x'],
    [{ scheme: 'https' }, { authority: 'a.test', path: '*' }, 'https://a.test/'],
    [{ scheme: 'https' }, { authority: '', path: '/a' }, '/a'],
    [{ scheme: 'https' }, { authority: '', path: '//b.test/a' }, '/.//b.test/a'],
  ];
  for (const [spec, parts, expected] of cases) {
    test(`${expected} from ${JSON.stringify(parts)} by ${JSON.stringify(spec)}`, () => {
      assert.equal(location(spec, parts, { path: { prefix: '/a' } }), expected);
    });
  }
});

test('a direct response has its body as octets, and says that it is text when nobody says otherwise', () => {
  const respond = (spec: Partial<RespondSpec>): RespondRoute => {
    const complete = { status: 200, body: '', headers: {}, ...spec };
    return compileRoute({ name: 'r', match: {}, respond: complete }, NO_PARTS, compileRegex) as RespondRoute;
  };
  const { status, body, fields } = respond({ status: 503, body: 'é', headers: { 'retry-after': '1' } });
  assert.equal(status, 503);
  assert.deepEqual([...body], [0xc3, 0xa9]);
  assert.deepEqual(fields, ['content-type', 'text/plain; charset=utf-8', 'retry-after', '1']);
  assert.deepEqual(respond({ headers: { a: 'b' } }).fields, ['a', 'b']);
  assert.deepEqual(respond({ body: '{}', headers: { 'content-type': 'application/json' } }).fields, [
    'content-type',
    'application/json',
  ]);
});

test('why a regular expression is refused', async () => {
  const { regexProblem } = await import('./regex.ts');
  assert.equal(regexProblem('/v[0-9]+'), undefined);
  assert.match(regexProblem('(?=a)') ?? '', /invalid or unsupported Perl syntax/);
  assert.match(regexProblem('(a') ?? '', /missing closing \)/);
});
