import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Metrics } from '../../telemetry/metrics.ts';
import { ClusterStats } from './cluster-stats.ts';

test('the series of a cluster go with it, and its last requests do not bring them back', () => {
  const metrics = new Metrics();
  const [gone, other] = [
    new ClusterStats(metrics, { cluster: 'gone' }),
    new ClusterStats(metrics, { cluster: 'other' }),
  ];
  gone.ended('ok', 1);
  other.ended('timeout', 1);
  assert.match(metrics.render(), /weft_requests_total\{cluster="gone",outcome="ok"\} 1/);
  gone.close();
  gone.ended('ok', 1);
  gone.ended('overload', 1);
  gone.retried();
  const text = metrics.render();
  assert.doesNotMatch(text, /gone/);
  assert.match(text, /weft_requests_total\{cluster="other",outcome="timeout"\} 1/);
  assert.deepEqual(gone.totals(), { ok: 2, overload: 1 });
});

test('a cluster that closes before its first request leaves nothing', () => {
  const metrics = new Metrics();
  const stats = new ClusterStats(metrics, { cluster: 'gone' });
  stats.close();
  stats.ended('ok', 1);
  assert.equal(metrics.render(), '');
});
