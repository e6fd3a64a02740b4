import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPublications, parsePublications, parseServices } from './parse.ts';

test('addresses and objects, with the defaults filled in', () => {
  const text = `
services:
  'com.demo.Echo:1.0':
    - 10.0.0.1:12200
    - { address: '[::1]:12200', weight: 50, protocol: rest, group: blue, metadata: { zone: RZ01A, timeout: 3000 } }
  com.demo.Empty: []
`;
  assert.deepEqual(parseServices(text), {
    ok: true,
    instances: [
      {
        service: 'com.demo.Echo:1.0',
        protocol: 'bolt',
        group: '',
        address: '10.0.0.1:12200',
        weight: 100,
        metadata: {},
      },
      {
        service: 'com.demo.Echo:1.0',
        protocol: 'rest',
        group: 'blue',
        address: '[::1]:12200',
        weight: 50,
        metadata: { zone: 'RZ01A', timeout: '3000' },
      },
    ],
  });
});

test('JSON is YAML, and services may be empty', () => {
  assert.deepEqual(parseServices('{"services": {"a": ["10.0.0.1:1"]}}').ok, true);
  assert.deepEqual(parseServices('services:'), { ok: true, instances: [] });
});

test('every problem is told with its path', () => {
  const text = `
services:
  a: [10.0.0.1, { adress: 10.0.0.1:1 }, 7]
  b: 10.0.0.1:1
  c: [{ address: '10.0.0.1:1', weight: heavy, metadata: { zone: [1] } }]
other: 1
`;
  const content = parseServices(text);
  assert.ok(!content.ok);
  assert.deepEqual(
    content.problems.map((problem) => problem.split(':')[0]),
    [
      'other',
      "services['a'][0]",
      "services['a'][1].adress",
      "services['a'][2]",
      "services['b']",
      "services['c'][0].weight",
      "services['c'][0].metadata.zone",
    ],
  );
  assert.match(content.problems.join('\n'), /did you mean address\?/);
});

test('an empty file is not an empty registry: an editor may be half way through', () => {
  assert.equal(parseServices('').ok, false);
  assert.equal(parseServices('\n# nothing\n').ok, false);
});

test('broken YAML is told with its line, and aliases cannot blow up', () => {
  const broken = parseServices('services:\n  a: [1, 2\n');
  assert.ok(!broken.ok);
  assert.match(broken.problems[0] ?? '', /^line \d+, column \d+: /);
  const bomb = [
    'a: &a [x,x,x,x,x,x,x,x,x,x]',
    ...['b', 'c', 'd', 'e', 'f'].map((name, index) => `${name}: &${name} [${`*${'abcdef'[index]},`.repeat(10)}]`),
    'services: {}',
  ].join('\n');
  assert.equal(parseServices(bomb).ok, false);
});

test('publications come back as they were written', () => {
  const instance = {
    service: 'com.demo.Echo:1.0',
    protocol: 'bolt',
    group: 'blue',
    address: '10.0.0.1:12200',
    weight: 0,
    metadata: { 'a b': '"ü: #', n: '1' },
  };
  assert.deepEqual(parsePublications(formatPublications('node', [instance])), { ok: true, instances: [instance] });
  assert.equal(parsePublications('{"node":"x"}').ok, false);
  assert.equal(parsePublications('{"instances":[{"address":"10.0.0.1:1"}]}').ok, false);
});
