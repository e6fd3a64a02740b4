import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { listClusters, queryString } from './cluster-list.ts';
import { clusterTable } from './cluster-table.ts';
import { clusterView, endpointView, latencyView } from './testing/fake-target.ts';

const LIMITS = { clusters: 3, endpoints: 2, endpointsOfOne: 4 };

const many = Array.from({ length: 8 }, (_, i) => clusterView(`svc-${7 - i}`));
const endpoints = Array.from({ length: 6 }, (_, i) => endpointView(`10.0.0.${i}:1`, { usable: i !== 5 }));

describe('a list of clusters', () => {
  test('is sorted and comes in pages', () => {
    const list = listClusters(many, { name: '', page: 2 }, LIMITS);
    assert.deepEqual(
      list.clusters.map(({ view }) => view.name),
      ['svc-3', 'svc-4', 'svc-5'],
    );
    assert.equal(list.total, 8);
    assert.equal(list.pages, 3);
  });

  test('a page that does not exist is the nearest one', () => {
    assert.equal(listClusters(many, { name: '', page: 99 }, LIMITS).query.page, 3);
    assert.equal(listClusters(many, { name: '', page: -1 }, LIMITS).query.page, 1);
    assert.equal(listClusters([], { name: '', page: 5 }, LIMITS).query.page, 1);
  });

  test('finds parts of names in any case, and a whole name alone', () => {
    const all = [clusterView('com.demo.Echo:1.0'), clusterView('com.demo.Echo:1.0:gray'), clusterView('other')];
    const names = (name: string): string[] =>
      listClusters(all, { name, page: 1 }, LIMITS).clusters.map(({ view }) => view.name);
    assert.deepEqual(names('ECHO'), ['com.demo.Echo:1.0', 'com.demo.Echo:1.0:gray']);
    assert.deepEqual(names('com.demo.Echo:1.0'), ['com.demo.Echo:1.0']);
    assert.deepEqual(names('nobody'), []);
  });

  test('shows a few endpoints of each, those in trouble first, and more of one that is asked for', () => {
    const all = [clusterView('a', { endpoints }), clusterView('ab')];
    const [first] = listClusters(all, { name: '', page: 1 }, LIMITS).clusters;
    assert.deepEqual(
      first?.endpoints.map(({ address }) => address),
      ['10.0.0.5:1', '10.0.0.0:1'],
    );
    assert.equal(first?.usable, 5);
    assert.equal(listClusters(all, { name: 'a', page: 1 }, LIMITS).clusters[0]?.endpoints.length, 4);
  });

  test('another page is asked for with the filter kept', () => {
    assert.equal(queryString({ name: '', page: 1 }), '');
    assert.equal(queryString({ name: 'a&b', page: 2 }, { format: 'text' }), '?format=text&name=a%26b&page=2');
  });
});

describe('the table for terminals', () => {
  test('aligns what it shows', () => {
    const all = [
      clusterView('echo', {
        totals: { ok: 10, timeout: 2, error: 1, abandoned: 3 },
        latency: latencyView({ 0.001: 10 }),
        endpoints: [endpointView('10.0.0.7:12200', { metadata: { app: 'echo' } })],
      }),
      clusterView('unheard', { known: false }),
    ];
    assert.equal(
      clusterTable(listClusters(all, { name: '', page: 1 }, LIMITS)),
      [
        'CLUSTER  ORIGIN    LB             USABLE   ACTIVE  REQUESTS  FAILED  P50      P99      NOT OK',
        'echo     registry  least-request  1/1      0       16        2       0.75 ms  0.99 ms  error 1, abandoned 3, timeout 2',
        '  10.0.0.7:12200          usable  weight 1  0 active  1 connection  app=echo',
        'unheard  registry  least-request  unknown  0       0         0       –        –        –',
        '',
      ].join('\n'),
    );
  });

  test('says how to see the rest', () => {
    const all = [clusterView('a b', { endpoints }), ...many];
    const table = clusterTable(listClusters(all, { name: '', page: 1 }, LIMITS));
    assert.match(table, /… 4 more +ask for them with \?name=a%20b\n/);
    assert.match(table, /page 1 of 3, 9 clusters; next: \/clusters\?format=text&page=2\n$/);
    const last = clusterTable(listClusters(all, { name: '', page: 3 }, LIMITS));
    assert.match(last, /page 3 of 3, 9 clusters\n$/);
  });

  test('says that there is nothing', () => {
    assert.equal(clusterTable(listClusters([], { name: '', page: 1 }, LIMITS)), 'no clusters yet\n');
    assert.match(
      clusterTable(listClusters(many, { name: '\u001b[2J', page: 1 }, LIMITS)),
      /no cluster has \\u\{1b\}\[2J/,
    );
  });

  test("a peer's names neither command the terminal nor forge a line", () => {
    const evil = 'x\u001b[2J\nfake  static';
    const endpoint = endpointView(evil, { usable: false, reason: evil, metadata: { [evil]: evil } });
    const table = clusterTable(
      listClusters([clusterView(evil, { endpoints: [endpoint] })], { name: '', page: 1 }, LIMITS),
    );
    assert.equal(table.split('\n').length, 4);
    assert.ok(!table.includes('\u001b'));
  });
});
