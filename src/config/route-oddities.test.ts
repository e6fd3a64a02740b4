import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkConfigText } from './load.ts';

/** Warnings of these routes, as lines `path: message; hint`, with paths below the routes. */
async function warned(routes: string): Promise<string[]> {
  const text = `node: { id: a }
registry: { type: embedded }
listeners: [{ name: l, address: '127.0.0.1:1', direction: egress, http: { routes: [${routes}] } }]`;
  const result = await checkConfigText(text, { file: 'weft.yaml' });
  assert.ok(result.ok, JSON.stringify(result));
  return result.warnings.map(({ path, message, hint }) =>
    `${path}: ${message}; ${hint}`.replace('listeners[0].http.routes', ''),
  );
}

test('a star in an exact path', async () => {
  const rows: readonly (readonly [path: string, key: string, hint: string])[] = [
    ['/api/*', 'path', 'prefix: /api }'],
    ['{ exact: /api/** }', 'path.exact', 'prefix: /api }'],
    ['/*', 'path', 'prefix: / }'],
    ['/users/*/cart', 'path', 'prefix: … }'],
  ];
  for (const [path, key, hint] of rows) {
    const [line = '', ...others] = await warned(`{ cluster: s, match: { path: ${path} } }`);
    assert.ok(line.startsWith(`[0].match.${key}: `) && line.includes(hint), line);
    assert.match(line, /the star in it stands for nothing else/);
    assert.deepEqual(others, []);
  }
  assert.deepEqual(await warned("{ cluster: s, match: { hosts: ['*.a.b'], path: { regex: '/a/.*' } } }"), []);
});

test('routes behind one that takes all', async () => {
  const before = 'put it before routes[1], or give that a match';
  assert.deepEqual(
    await warned(
      '{ cluster: s, match: { path: /a } }, { cluster: s }, { cluster: t, match: { path: /b } }, { cluster: u }',
    ),
    [2, 3].map(
      (i) => `[${i}]: no request comes here: 'routes[1]', which is before it, has no match and takes all; ${before}`,
    ),
  );
  assert.match(
    (await warned('{ name: all, cluster: s, match: {} }, { cluster: t }')).join(),
    /'all', which is before it/,
  );
  assert.deepEqual(await warned('{ cluster: s, match: { methods: [GET] } }, { cluster: t }'), []);
  // A tunnel is for routes alone that name it.
  assert.deepEqual(await warned('{ cluster: s }, { cluster: t, match: { methods: [CONNECT] } }'), []);
});

test('a replacement with groups that the pattern does not have', async () => {
  const rewrite = (pattern: string, replacement: string): Promise<string[]> =>
    warned(`{ cluster: s, rewrite: { regex: { pattern: '${pattern}', replacement: '${replacement}' } } }`);
  const [line = ''] = await rewrite('^/users/([^/]+)', '/u/$2');
  assert.match(
    line,
    /^\[0\]\.rewrite\.regex\.replacement: the pattern has 1 group, and \$2 is none of them; put in \( \)/,
  );
  assert.match((await rewrite('^/users', '/u/$1')).join(), /the pattern has no groups, and \$1 is none of them/);
  assert.match((await rewrite('^/users/(?P<id>.*)', '/u/$<name>')).join(), /has no group of the name in \$<name>/);
  for (const good of ['/u/$1', '/u/$1y', '/u/$<id>', '/u/$$2']) {
    assert.deepEqual(await rewrite('^/users/(?P<id>[^/]+)', good), [], good);
  }
});
