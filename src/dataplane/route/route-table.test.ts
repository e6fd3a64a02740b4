import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { MatchSpec, ValueSpec } from './route-spec.ts';
import { compileRoutes } from './route-table.ts';
import { request, type RequestParts } from './testing/request.ts';

/** Which of the routes, named by their places, a request gets. */
async function finder(...matches: readonly MatchSpec[]): Promise<(parts: RequestParts) => string | undefined> {
  const specs = matches.map((match, index) => ({ name: `${index}`, match, cluster: 'c' }));
  const table = await compileRoutes(specs);
  return (parts) => table.match(request(parts))?.name;
}

async function admits(match: MatchSpec, parts: RequestParts): Promise<boolean> {
  return (await finder(match))(parts) !== undefined;
}

test('the first route that fits is taken, however it is found', async () => {
  const find = await finder(
    { path: { prefix: '/a' }, methods: ['POST'] },
    { hosts: ['*.a.test'], path: { prefix: '/a/b' } },
    { hosts: ['x.a.test'], path: { exact: '/a/b/c' } },
    { path: { regex: '/a/.*' } },
    {},
  );
  const authority = 'x.a.test';
  assert.equal(find({ authority, path: '/a/b/c', method: 'POST' }), '0');
  assert.equal(find({ authority, path: '/a/b/c' }), '1');
  assert.equal(find({ authority, path: '/a/c' }), '3');
  assert.equal(find({ authority, path: '/a' }), '4');
});

test('a table without routes, and a request that none fits', async () => {
  assert.equal((await finder())({}), undefined);
  assert.equal((await finder({ path: { exact: '/a' } }))({ path: '/b' }), undefined);
});

describe('hosts', () => {
  const cases: readonly (readonly [pattern: string, authority: string, expected: boolean])[] = [
    ['a.test', 'a.test', true],
    ['a.test', 'A.Test:8080', true],
    ['a.test', 'a.test:', true],
    ['a.test', 'b.a.test', false],
    ['a.test', 'a.test.', false],
    ['*.a.test', 'b.a.test', true],
    ['*.a.test', 'C.b.A.test:1', true],
    ['*.a.test', 'a.test', false],
    ['*.a.test', '.a.test', false],
    ['*.a.test', 'ba.test', false],
    ['[::1]', '[::1]', true],
    ['[::1]', '[::1]:80', true],
    ['[2001:db8::a]', '[2001:DB8::A]:80', true],
    ['[::1]', '[::1]:80:80', false],
    ['127.0.0.1', '127.0.0.1:80', true],
    ['a.test', '', false],
  ];
  for (const [pattern, authority, expected] of cases) {
    test(`${pattern} and ${authority === '' ? 'no host' : authority}`, async () => {
      assert.equal(await admits({ hosts: [pattern] }, { authority }), expected);
    });
  }

  test('several domains of one length, and of others', async () => {
    const find = await finder({ hosts: ['*.aa.test', '*.bb.test'] }, { hosts: ['*.c.bb.test', '*.test'] });
    assert.equal(find({ authority: 'x.bb.test' }), '0');
    assert.equal(find({ authority: 'c.bb.test' }), '0');
    assert.equal(find({ authority: 'x.c.bb.test' }), '0');
    assert.equal(find({ authority: 'dd.test' }), '1');
    assert.equal(find({ authority: 'test' }), undefined);
  });
});

describe('paths', () => {
  const prefix = (text: string): MatchSpec => ({ path: { prefix: text } });
  const exact = (text: string): MatchSpec => ({ path: { exact: text } });
  const cases: readonly (readonly [match: MatchSpec, path: string, expected: boolean])[] = [
    [exact('/a'), '/a', true],
    [exact('/a'), '/a?b=/c', true],
    [exact('/a'), '/A', false],
    [exact('/a'), '/a/', false],
    [exact('/'), '/', true],
    [exact('/'), '*', false],
    [prefix('/a'), '/a', true],
    [prefix('/a'), '/a?b', true],
    [prefix('/a'), '/a/b', true],
    [prefix('/a'), '/ab', false],
    [prefix('/a/'), '/a', true],
    [prefix('/a/'), '/a/b', true],
    [prefix('/'), '/anything', true],
    [prefix('/'), '*', false],
    [{}, '*', true],
    // As it came: what other programs may take for one path are several here.
    [exact('/a/b'), '/a//b', false],
    [exact('/a/b'), '/a/./b', false],
    [exact('/a'), '/%61', false],
    [prefix('/b'), '/a/../b', false],
    [prefix('/a'), '/a/../b', true],
    [prefix('/a'), '//a', false],
    [{ path: { regex: '/v[0-9]+' } }, '/v12?x', true],
    [{ path: { regex: '/v[0-9]+' } }, '/v12/x', false],
    [{ path: { regex: '/v[0-9]+' } }, '/x/v12', false],
  ];
  for (const [match, path, expected] of cases) {
    test(`${JSON.stringify(match.path ?? 'any')} and ${path}`, async () => {
      assert.equal(await admits(match, { path }), expected);
    });
  }

  test('a regular expression takes no more than linear time', async () => {
    const find = await finder({ path: { regex: '/(a+)+b' } });
    assert.equal(find({ path: `/${'a'.repeat(50_000)}` }), undefined);
  });
});

describe('methods', () => {
  test('they differ by case', async () => {
    assert.ok(await admits({ methods: ['GET', 'PUT'] }, { method: 'PUT' }));
    assert.ok(!(await admits({ methods: ['GET'] }, { method: 'get' })));
  });

  test('CONNECT is taken by a route that names it, and by no other', async () => {
    const tunnel = { method: 'CONNECT', authority: 'a.test:443', path: '' };
    assert.ok(!(await admits({}, tunnel)));
    assert.ok(!(await admits({ methods: ['GET'] }, tunnel)));
    assert.ok(await admits({ methods: ['CONNECT'], hosts: ['a.test'] }, tunnel));
    assert.ok(!(await admits({ methods: ['CONNECT'], path: { prefix: '/' } }, tunnel)));
  });

  test('WebSocket over HTTP/2 is GET as it is over HTTP/1', async () => {
    const socket = { method: 'CONNECT', path: '/chat', protocol: 'websocket' };
    assert.ok(await admits({ methods: ['GET'] }, socket));
    assert.ok(await admits({}, socket));
    assert.ok(!(await admits({ methods: ['CONNECT'] }, socket)));
  });
});

const range = { from: -1, to: 10 };

describe('values', () => {
  type Want = Omit<ValueSpec, 'name' | 'invert'>;
  const cases: readonly (readonly [want: Want, value: string, expected: boolean])[] = [
    [{ exact: 'a' }, 'a', true],
    [{ exact: 'a' }, 'A', false],
    [{ exact: '' }, '', true],
    [{ prefix: 'ab' }, 'abc', true],
    [{ suffix: 'bc' }, 'abc', true],
    [{ suffix: 'b' }, 'abc', false],
    [{ regex: '[a-c]+' }, 'abc', true],
    [{ regex: 'b' }, 'abc', false],
    [{ regex: '.' }, 'é', true],
    [{ exact: 'é' }, 'é', true],
    [{ range }, '-1', true],
    [{ range }, '+9', true],
    [{ range }, '10', false],
    [{ range }, '1.5', false],
    [{ range }, ' 1', false],
    [{ range }, '', false],
    [{ range }, '0x1', false],
    [{ present: true }, '', true],
  ];
  for (const [want, text, expected] of cases) {
    test(`${JSON.stringify(want)} and '${text}', in a field and in the query`, async () => {
      const octets = Buffer.from(text).toString('latin1');
      const parts = { path: `/?x-a=${encodeURIComponent(text)}`, fields: [['X-A', octets]] as const };
      for (const [invert, answer] of [
        [false, expected],
        [true, !expected],
      ] as const) {
        assert.equal(await admits({ headers: [{ name: 'x-a', ...want, invert }] }, parts), answer);
        assert.equal(await admits({ query: [{ name: 'x-a', ...want, invert }] }, parts), answer);
      }
    });
  }

  test('what is not there is like nothing, and unlike everything', async () => {
    for (const want of [{ exact: '' }, { present: true as const }, { regex: '.*' }]) {
      for (const key of ['headers', 'query']) {
        assert.ok(!(await admits({ [key]: [{ name: 'x', ...want, invert: false }] }, {})));
        assert.ok(await admits({ [key]: [{ name: 'x', ...want, invert: true }] }, {}));
      }
    }
  });

  test('fields of one name are one value, known or not, and all that is named must hold', async () => {
    const fields = [
      ['X-A', '1'],
      ['Te', 'a'],
      ['x-a', '2'],
      ['TE', 'b'],
      ['cookie', 'c=1'],
      ['cookie', 'd=2'],
    ] as const;
    const is = (name: string, exact: string): ValueSpec => ({ name, exact, invert: false });
    assert.ok(await admits({ headers: [is('x-a', '1, 2'), is('te', 'a, b'), is('cookie', 'c=1; d=2')] }, { fields }));
    assert.ok(!(await admits({ headers: [is('x-a', '1, 2'), is('te', 'a')] }, { fields })));
  });

  test('a query is read as forms are written', async () => {
    const value = async (path: string, name: string, exact: string): Promise<boolean> =>
      admits({ query: [{ name, exact, invert: false }] }, { path });
    assert.ok(await value('/?a=1&a=2', 'a', '1'));
    assert.ok(await value('/?b&a', 'a', ''));
    assert.ok(await value('/?x=1&%61+b=c%20d+e', 'a b', 'c d e'));
    assert.ok(await value('/?a=%C3%A9', 'a', 'é'));
    assert.ok(await value('/?a=%zz%4', 'a', '%zz%4'));
    assert.ok(await value('/?a=b=c?d', 'a', 'b=c?d'));
    assert.ok(!(await value('/a=1', 'a', '1')));
    assert.ok(!(await value('/?aa=1', 'a', '1')));
    assert.ok(!(await value('/?&&', 'a', '')));
  });
});

test('a look at a request asks for what the rules name, and for that once', async () => {
  const asked: string[] = [];
  const plain = request({ authority: 'a.test', path: '/x' });
  const spy = new Proxy(plain, {
    get(_, key): unknown {
      asked.push(String(key));
      return Reflect.get(plain, key);
    },
  });
  const bare = await compileRoutes([{ name: 'a', match: { path: { exact: '/y' } }, cluster: 'c' }]);
  bare.match(spy);
  assert.deepEqual(asked.splice(0), ['path']);
  const match = { hosts: ['a.test'], methods: ['POST'] };
  const full = await compileRoutes([
    { name: 'a', match, cluster: 'c' },
    { name: 'b', match, cluster: 'c' },
  ]);
  full.match(spy);
  assert.deepEqual(asked, ['path', 'authority', 'method']);
});
