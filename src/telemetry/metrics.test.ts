import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Metrics } from './metrics.ts';

test('renders counters, gauges and histograms in the Prometheus text format', () => {
  const metrics = new Metrics();
  metrics.counter('weft_requests_total', 'Requests.', { cluster: 'a', code: 'ok' }).add(3);
  metrics.counter('weft_requests_total', 'Requests.', { cluster: 'a', code: 'ok' }).inc();
  metrics.gauge('weft_up', 'Up.').value = 1;
  const histogram = metrics.histogram('weft_seconds', 'Time.', { cluster: 'a' }, [0.1, 1]);
  for (const value of [0.1, 0.5, 7]) histogram.observe(value);
  assert.equal(
    metrics.render(),
    [
      '# HELP weft_requests_total Requests.',
      '# TYPE weft_requests_total counter',
      'weft_requests_total{cluster="a",code="ok"} 4',
      '# HELP weft_seconds Time.',
      '# TYPE weft_seconds histogram',
      'weft_seconds_bucket{cluster="a",le="0.1"} 1',
      'weft_seconds_bucket{cluster="a",le="1"} 2',
      'weft_seconds_bucket{cluster="a",le="+Inf"} 3',
      'weft_seconds_sum{cluster="a"} 7.6',
      'weft_seconds_count{cluster="a"} 3',
      '# HELP weft_up Up.',
      '# TYPE weft_up gauge',
      'weft_up 1',
      '',
    ].join('\n'),
  );
});

test('label values are escaped and series go with what they describe', () => {
  const metrics = new Metrics();
  metrics.counter('weft_x_total', 'X.', { cluster: 'a"\\\n', other: 'b' }).inc();
  metrics.counter('weft_x_total', 'X.', { cluster: 'c' }).inc();
  assert.match(metrics.render(), /cluster="a\\"\\\\\\n",other="b"/);
  metrics.remove({ cluster: 'a"\\\n' });
  assert.doesNotMatch(metrics.render(), /other="b"/);
  assert.match(metrics.render(), /weft_x_total\{cluster="c"\} 1/);
  metrics.remove({ cluster: 'c' });
  assert.equal(metrics.render(), '');
});

test('one name has one kind', () => {
  const metrics = new Metrics();
  metrics.counter('weft_x', 'X.');
  assert.throws(() => metrics.gauge('weft_x', 'X.'), /weft_x is a counter/);
});
