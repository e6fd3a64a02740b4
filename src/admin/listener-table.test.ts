import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listenerTable, unroutedNote } from './listener-table.ts';
import { listenerView } from './testing/fake-target.ts';

const web = listenerView('web', 15001, {
  unrouted: { no_route: 7 },
  routes: [
    { name: 'api', kind: 'cluster', to: 'shop', totals: { ok: 80, error: 1, timeout: 2 } },
    { name: 'routes[1]', kind: 'redirect', to: '308', totals: { ok: 5 } },
  ],
});

test('listeners with what reached no cluster, and below them their routes', () => {
  assert.equal(
    listenerTable([web, listenerView('app', 15006)]),
    [
      'LISTENER  ADDRESS          PROTOCOL  DIRECTION  CONNECTIONS  ACTIVE  REACHED NO CLUSTER',
      'web       127.0.0.1:15001  bolt      web        2            1       no_route 7',
      'app       127.0.0.1:15006  bolt      app        2            1       –',
      '',
      'LISTENER  ROUTE      ACTION        REQUESTS  FAILED  NOT OK',
      'web       api        cluster shop  83        2       error 1, timeout 2',
      'web       routes[1]  redirect 308  5         0       –',
      '',
    ].join('\n'),
  );
  assert.doesNotMatch(listenerTable([listenerView('app', 15006)]), /ROUTE/);
  assert.equal(listenerTable([]), 'no listeners\n');
});

test('what reached no cluster is told among the clusters', () => {
  assert.equal(unroutedNote([listenerView('app', 1)]), '');
  assert.equal(unroutedNote([web, web]), '\n14 requests reached no cluster: see /listeners?format=text\n');
  const one = listenerView('app', 1, { unrouted: { overload: 1 } });
  assert.match(unroutedNote([one]), /^\n1 request reached/);
});

test('names neither command the terminal nor forge a line', () => {
  const evil = 'x\u001b[2J\nforged';
  const route = { name: evil, kind: 'cluster', to: evil, totals: { [evil]: 1 } } as const;
  const table = listenerTable([listenerView(evil, 1, { unrouted: { [evil]: 1 }, routes: [route] })]);
  assert.equal(table.split('\n').length, 6);
  assert.ok(!table.includes('\u001b'));
});
