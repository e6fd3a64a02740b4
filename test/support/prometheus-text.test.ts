import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePrometheus } from './prometheus-text.ts';

test('reads families with their labels unescaped', () => {
  const families = parsePrometheus(
    '# HELP x_total X.\n# TYPE x_total counter\nx_total{a="1\\"\\\\\\n",b=""} 3\nx_total 4\n',
  );
  assert.deepEqual(families.get('x_total'), {
    help: 'X.',
    kind: 'counter',
    samples: [
      { name: 'x_total', labels: { a: '1"\\\n', b: '' }, value: 3 },
      { name: 'x_total', labels: {}, value: 4 },
    ],
  });
});

test('refuses what Prometheus would not read, or not as it was meant', () => {
  const typed = '# TYPE x counter\n';
  const wrong: readonly (readonly [string, RegExp])[] = [
    [`${typed}x 1`, /no end/],
    ['x 1\n', /without a type/],
    [`${typed}x one\n`, /not a number/],
    [`${typed}x{a="b} 1\n`, /labels that cannot be read/],
    [`${typed}x{a="\\t"} 1\n`, /labels that cannot be read/],
    [`${typed}x{a="1",a="2"} 1\n`, /same label/],
    [`${typed}x{a="1",b="2"} 1\nx{b="2",a="1"} 1\n`, /same series/],
    [`${typed}x 1\n# HELP x late\n`, /after its samples/],
    ['# TYPE x gadget\n', /none that is known/],
    ['# TYPE h histogram\nh_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n', /do not ascend/],
    ['# TYPE h histogram\nh_bucket{le="1"} 1\nh_sum 1\nh_count 1\n', /does not end with its count/],
    [`${typed}\nx 1\n`, /neither a comment nor a sample/],
  ];
  for (const [text, why] of wrong) assert.throws(() => parsePrometheus(text), why, text);
});
