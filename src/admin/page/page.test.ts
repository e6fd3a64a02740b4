import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { ManualClock } from '../../core/manual-clock.ts';
import { silentLogger } from '../../telemetry/log.ts';
import { listClusters } from '../cluster-list.ts';
import { clusterTable } from '../cluster-table.ts';
import { createEndpoints } from '../endpoints.ts';
import { clusterView, endpointView, fakeTarget, latencyView, listenerView } from '../testing/fake-target.ts';
import type { FakeTarget } from '../testing/fake-target.ts';

interface Page {
  readonly headers: Readonly<Record<string, string>>;
  /** As it is sent. */
  readonly body: string;
  /** Without markup and with single spaces, as people read it. */
  readonly text: string;
}

async function pageOf(target: FakeTarget, search = ''): Promise<Page> {
  const clock = new ManualClock(target.startedAt);
  clock.advance(9_300_000);
  const page = createEndpoints({ target, clock, log: silentLogger }).find(({ path }) => path === '/');
  const reply = await page!.get({ method: 'GET', query: new URLSearchParams(search), browser: true });
  const main = reply.body.slice(reply.body.indexOf('<main>'), reply.body.indexOf('</main>'));
  const text = main.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');
  return { headers: reply.headers, body: reply.body, text };
}

describe('the page for people', () => {
  test('tells who, since when and how it fares', async () => {
    const target = fakeTarget();
    target.clusterViews = [
      clusterView('com.demo.Echo:1.0', {
        totals: { ok: 1998, timeout: 2 },
        latency: latencyView({ 0.001: 1000 }),
        endpoints: [
          endpointView('10.0.0.7:12200'),
          endpointView('10.0.0.8:12200', { usable: false, reason: 'refused' }),
        ],
      }),
    ];
    const { text } = await pageOf(target);
    assert.match(text, /shop-1 ready zookeeper registry connected app shop · zone RZ01A up 2 h 35 min/);
    assert.match(text, /2 000 requests since the start 99\.9 % answered 0 under way now 0\.75 ms p50 0\.99 ms p99/);
    assert.match(text, /1 cluster 1 \/ 2 endpoints usable/);
    assert.match(text, /ok 1 998 timeout 2/);
    assert.match(text, /egress 127\.0\.0\.1:12220 bolt egress: from the app/);
    assert.match(text, /10\.0\.0\.8:12200 not usable: refused .*10\.0\.0\.7:12200 usable/);
    assert.match(text, /\/ready 200 while requests are taken/);
  });

  test('counts as failed what the table for terminals counts, and says why', async () => {
    const target = fakeTarget();
    // Half of the callers left; of those who stayed all but 2 in 1000 were answered, some with an error of the service.
    const totals = { ok: 900, oneway: 40, error: 58, abandoned: 1000, timeout: 1, overload: 1 };
    target.clusterViews = [clusterView('echo', { totals })];
    const { text } = await pageOf(target);
    assert.match(text, /2 000 requests since the start 99\.8 % answered/);
    assert.match(text, /echo registry least-request 0 of 0 0 2 000 2 error 58 abandoned 1 000 timeout 1 overload 1 –/);
    const list = listClusters(
      target.clusterViews,
      { name: '', page: 1 },
      { clusters: 1, endpoints: 1, endpointsOfOne: 1 },
    );
    assert.match(
      clusterTable(list),
      /REQUESTS  FAILED  P50  P99  NOT OK\n.* 2000      2       –    –    error 58, abandoned 1000, timeout 1, overload 1\n/,
    );
  });

  test('shows what reached no cluster, and counts every request once', async () => {
    const target = fakeTarget();
    target.listenerViews = [
      listenerView('web', 1, {
        unrouted: { no_route: 7, malformed_frame: 1 },
        routes: [
          { name: 'api', kind: 'cluster', to: 'shop', totals: { ok: 80, timeout: 2 } },
          { name: 'routes[1]', kind: 'redirect', to: '308', totals: { ok: 5 } },
          { name: 'health', kind: 'respond', to: '200', totals: { ok: 7 } },
        ],
      }),
    ];
    target.clusterViews = [clusterView('shop', { totals: { ok: 80, timeout: 2 } })];
    const { text } = await pageOf(target);
    assert.match(text, /Reached no cluster web 127\.0\.0\.1:1 bolt web 2 1 no_route 7 malformed_frame 1 /);
    assert.match(text, /web api cluster shop 82 2 timeout 2 web routes\[1\] answered here by redirect 308 5 0 – /);
    assert.match(text, /web health answered here with 200 7 0 – /);
    assert.match(text, /102 requests since the start 90\.2 % answered/);
    assert.match(text, /ok 92 timeout 2 no_route 7 malformed_frame 1/);
  });

  test('of very many routes it shows those with failures and the busiest, in their order', async () => {
    const target = fakeTarget();
    const routes = Array.from({ length: 3000 }, (_, i) => {
      const totals = i === 2999 ? { timeout: 1 } : i === 1500 ? { ok: 9 } : { ok: 0 };
      return { name: `r${i}`, kind: 'cluster', to: 'shop', totals } as const;
    });
    target.listenerViews = [listenerView('web', 1, { routes })];
    const { text, body } = await pageOf(target);
    assert.match(
      text,
      /web r0 .* web r37 cluster shop 0 0 – web r1500 cluster shop 9 0 – web r2999 cluster shop 1 1 timeout 1/,
    );
    assert.match(text, /… 2 960 more, with fewer requests/);
    assert.ok(body.length < 50_000, `${body.length}`);
  });

  test('says why no requests are taken, and why the last reload was refused', async () => {
    const target = fakeTarget();
    target.readyView = { ready: false, reason: 'draining' };
    target.configView = { ...target.configView, lastError: 'listeners[0]: bad\nclusters[1]: <b>worse</b>' };
    const { text, body } = await pageOf(target);
    assert.match(text, /not ready/);
    assert.match(text, /Takes no requests: draining/);
    assert.match(text, /The last reload of \/etc\/weft\/weft\.yaml was refused; .* stays\. listeners\[0\]: bad/);
    assert.match(body, /clusters\[1\]: &lt;b&gt;worse&lt;\/b&gt;/);
  });

  test('shows what the application has registered', async () => {
    const target = fakeTarget();
    const key = { service: 'com.demo.Pay:1.0', protocol: 'bolt', group: 'gray' };
    target.appView = {
      name: undefined,
      health: { state: 'unhealthy', reasons: ['no heartbeat', '/checkService failed'] },
      publications: [{ ...key, status: 'unpublished', reason: 'no heartbeat', address: '' }],
      subscriptions: [{ ...key, datas: undefined }, ...Array.from({ length: 60 }, () => ({ ...key, datas: ['a'] }))],
    };
    const { text } = await pageOf(target);
    assert.match(text, /has not introduced itself yet unhealthy no heartbeat; \/checkService failed/);
    assert.match(text, /com\.demo\.Pay:1\.0 gray bolt – unpublished no heartbeat/);
    assert.match(text, /bolt the registry has not answered yet/);
    assert.match(text, /… 11 more/);
  });

  test('stays small in a mesh of thousands, and leads to the rest', async () => {
    const target = fakeTarget();
    target.clusterViews = Array.from({ length: 5000 }, (_, i) =>
      clusterView(`svc-${String(i).padStart(4, '0')}`, {
        endpoints: Array.from({ length: 10 }, (__, j) => endpointView(`10.0.${j}.1:1`)),
      }),
    );
    const { text, body } = await pageOf(target);
    assert.ok(body.length < 300_000, `${body.length}`);
    assert.match(text, /Clusters 5 000, page 1 of 100/);
    assert.match(text, /5 000 clusters 50 000 \/ 50 000 endpoints usable/);
    assert.match(body, /href="\/\?page=2#clusters"/);
    const filtered = await pageOf(target, 'name=svc-0001');
    assert.match(filtered.text, /Clusters 1 with “svc-0001”/);
    assert.match(filtered.body, /value="svc-0001"/);
  });
});

describe('the page and what peers name', () => {
  const evil = `"'><script>alert(1)</script><style>*{}</style>`;

  /** A target each of whose texts is hostile. */
  function hostileTarget(): FakeTarget {
    const target = fakeTarget();
    const base = {
      node: { id: evil, app: evil, zone: evil },
      version: evil,
      registry: () => ({ type: evil, state: evil }),
    };
    const key = { service: evil, protocol: evil, group: evil };
    return Object.assign(target, base, {
      readyView: { ready: false, reason: evil },
      configView: { config: {}, file: evil, loadedAt: 0, lastError: evil, pending: [evil] },
      listenerViews: [
        listenerView(evil, 1, {
          protocol: evil,
          direction: evil,
          address: evil,
          unrouted: { [evil]: 1 },
          routes: [{ name: evil, kind: 'cluster', to: evil, totals: { [evil]: 1 } }],
        }),
      ],
      clusterViews: [
        clusterView(evil, {
          origin: evil,
          lb: evil,
          totals: { [evil]: 1 },
          endpoints: [endpointView(evil, { usable: false, reason: evil, metadata: { [evil]: evil } })],
        }),
      ],
      appView: {
        name: evil,
        health: { state: evil, reasons: [evil] },
        publications: [{ ...key, status: evil, reason: evil, address: evil }],
        subscriptions: [{ ...key, datas: [evil] }],
      },
    });
  }

  test('nothing of it becomes markup', async () => {
    const { body } = await pageOf(hostileTarget(), `name=${encodeURIComponent(evil)}`);
    assert.equal(body.match(/<script/g)?.length, 1);
    assert.equal(body.match(/<style/g)?.length, 1);
    assert.ok(!body.includes('alert(1)</script'));
    assert.ok(body.includes('&quot;&#39;&gt;&lt;script&gt;alert(1)'));
  });

  test('and if it did, the browser would not run it: only our own style and script have their hashes in the CSP', async () => {
    const { body, headers } = await pageOf(fakeTarget());
    const policy = headers['content-security-policy'] ?? '';
    for (const [tag, directive] of [
      ['style', 'style-src'],
      ['script', 'script-src'],
    ] as const) {
      const content = new RegExp(`<${tag}>(.*?)</${tag}>`, 's').exec(body)?.[1] ?? '';
      const hash = createHash('sha256').update(content).digest('base64');
      assert.ok(policy.includes(`${directive} 'sha256-${hash}'`), `${tag} is not the one that the policy lets in`);
    }
    assert.match(policy, /^default-src 'none';/);
    assert.doesNotMatch(policy, /unsafe|\*|https?:/);
    assert.doesNotMatch(body, /\b(style|on[a-z]+)="|src=|https?:\/\//);
  });
});
