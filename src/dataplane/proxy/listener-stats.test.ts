import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Metrics } from '../../telemetry/metrics.ts';
import { ListenerStats } from './listener-stats.ts';

function seriesOf(metrics: Metrics, name: string): string[] {
  return metrics
    .render()
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`));
}

test('a route is counted by outcome, and seen before its first request', () => {
  const metrics = new Metrics();
  const stats = new ListenerStats(metrics, 'web');
  const api = stats.route('api');
  stats.route('routes[1]');
  api.ended('ok');
  api.ended('ok');
  api.ended('timeout');
  assert.equal(stats.route('api'), api);
  assert.deepEqual(api.totals(), { ok: 2, timeout: 1 });
  assert.deepEqual(seriesOf(metrics, 'weft_route_requests_total'), [
    'weft_route_requests_total{listener="web",route="api",outcome="ok"} 2',
    'weft_route_requests_total{listener="web",route="routes[1]",outcome="ok"} 0',
    'weft_route_requests_total{listener="web",route="api",outcome="timeout"} 1',
  ]);
});

test('the series of a route go with it, and its last requests do not bring them back', () => {
  const metrics = new Metrics();
  const [web, edge] = [new ListenerStats(metrics, 'web'), new ListenerStats(metrics, 'edge')];
  const [gone, kept] = [web.route('gone'), web.route('kept')];
  edge.route('gone').ended('ok');
  kept.ended('ok');
  web.keepRoutes(['kept', 'new']);
  gone.ended('ok');
  gone.ended('overload');
  assert.equal(web.route('kept'), kept);
  assert.deepEqual(seriesOf(metrics, 'weft_route_requests_total'), [
    'weft_route_requests_total{listener="web",route="kept",outcome="ok"} 1',
    'weft_route_requests_total{listener="edge",route="gone",outcome="ok"} 1',
  ]);
});

test('requests that reach no cluster are counted by outcome once there are any', () => {
  const metrics = new Metrics();
  const stats = new ListenerStats(metrics, 'web');
  assert.deepEqual([stats.unroutedTotals, seriesOf(metrics, 'weft_unrouted_requests_total')], [{}, []]);
  stats.unrouted('no_route');
  stats.unrouted('no_route');
  assert.deepEqual(stats.unroutedTotals, { no_route: 2 });
  assert.deepEqual(seriesOf(metrics, 'weft_unrouted_requests_total'), [
    'weft_unrouted_requests_total{listener="web",outcome="no_route"} 2',
  ]);
});

test('nothing is left of a listener that is gone', () => {
  const metrics = new Metrics();
  const stats = new ListenerStats(metrics, 'web');
  stats.accepted.inc();
  stats.unrouted('no_route');
  stats.route('api').ended('ok');
  stats.close();
  assert.equal(metrics.render(), '');
});
