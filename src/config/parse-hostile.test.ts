import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Issue } from './issue.ts';
import { parseConfig } from './parse.ts';

const OPTIONS = { file: '/etc/weft/weft.yaml', localAddress: () => '10.9.9.9' };

function issuesOf(text: string): readonly Issue[] {
  const result = parseConfig(text, OPTIONS);
  assert.ok(!result.ok, 'the config was accepted');
  return result.issues;
}

describe('secrets', () => {
  const SECRET = 'hunter2:swordfish';
  const ways = [
    `{ scheme: digest, credential: '${SECRET}', x: 1 }`,
    `{ scheme: '${SECRET}' }`,
    `{ credential: ['${SECRET}'] }`,
    `{ credential: { '${SECRET}': 1 } }`,
    `{ '${SECRET}': }`,
    `'${SECRET}'`,
    `['${SECRET}']`,
    `{ credential: "${SECRET}" more" }`,
    `{ credential: !${SECRET} }`,
    `{ credential: *${SECRET} }`,
    `{ credential: "\\q${SECRET}" }`,
    `{ credential: '${SECRET}' ${SECRET} }`,
    `{ credential: hunter2 }`,
    `{ credential: '${SECRET}', credential: '${SECRET}' }`,
  ];
  for (const auth of ways) {
    test(`no message shows it in auth: ${auth}`, () => {
      const text = `node: { id: a }\nregistry: { type: zookeeper, address: 'h:1', auth: ${auth} }`;
      const issues = issuesOf(text);
      assert.ok(issues.length > 0);
      assert.doesNotMatch(JSON.stringify(issues), /hunter2|swordfish/);
    });
  }

  test('nor in a URL or an address that holds one', () => {
    const text = `node: { id: a }
registry: { type: zookeeper, address: '${SECRET}@h:1' }
health: { checkService: { url: 'http://${SECRET}@h/' } }`;
    assert.doesNotMatch(JSON.stringify(issuesOf(text)), /hunter2|swordfish/);
  });
});

describe('hostile input', () => {
  test('aliases cannot blow up', () => {
    const lines = ['a: &a [x,x,x,x,x,x,x,x,x,x]'];
    for (const [last, next] of ['ab', 'bc', 'cd', 'de', 'ef', 'fg', 'gh', 'hi'].map((pair) => [pair[0], pair[1]])) {
      lines.push(`${next}: &${next} [${Array.from({ length: 10 }, () => `*${last}`).join(',')}]`);
    }
    const [issue, ...more] = issuesOf(lines.join('\n'));
    assert.equal(issue?.message, 'aliases repeat too much of the file');
    assert.deepEqual(more, []);
  });

  test('nor can many of them to many anchors', () => {
    const anchors = Array.from({ length: 30 }, (_, index) => `&a${index} 1`);
    const aliases = Array.from({ length: 1500 }, (_, index) => `*a${index % 30}`);
    const [issue] = issuesOf(`x: [${[...anchors, ...aliases].join(',')}]`);
    assert.equal(issue?.message, 'the file holds too many aliases');
  });

  test('an alias that holds itself is no endless loop', () => {
    assert.ok(issuesOf('node: &n { id: *n }').length > 0);
    assert.ok(issuesOf('node: &n { id: a, <<: *n, x: 1 }').length > 0);
  });

  test('deep nesting is an error', () => {
    const issues = issuesOf('['.repeat(20_000));
    assert.ok(issues.some(({ message }) => /deeply/.test(message)));
    assert.ok(issues.length <= 20);
  });

  test('any text is answered', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        assert.equal(typeof parseConfig(text, OPTIONS).ok, 'boolean');
      }),
    );
  });

  test('any slip of the hand in a valid file is answered', () => {
    const file = `node: &n { id: a }
registry: { type: zookeeper, address: 'h:1', auth: { credential: "u:p" } }
listeners: [{ name: e, address: '127.0.0.1:1', protocol: bolt, direction: egress, limits: { maxFrame: 1MiB } }]
clusters:
  - { name: s, endpoints: ['h:1', { address: 'h:2', weight: 1 }], queue: { timeout: 1s } }
`;
    const place = fc.nat({ max: file.length });
    const typed = fc.oneof(
      fc.constantFrom('', '\n', ' ', ': ', '{', ']', '"', '*n', '&n', '<<: *n', '!', '|', '\t', '- '),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(place, fc.nat({ max: 9 }), typed), { minLength: 1, maxLength: 3 }), (slips) => {
        let text = file;
        for (const [at, cut, put] of slips) text = text.slice(0, at) + put + text.slice(at + cut);
        const result = parseConfig(text, OPTIONS);
        if (!result.ok) assert.ok(result.issues.length > 0);
      }),
    );
  });

  test('any JSON value is answered', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        assert.equal(typeof parseConfig(text, OPTIONS).ok, 'boolean');
      }),
    );
  });

  test('any JSON value in the place of any part is answered, and what is accepted is complete', () => {
    const keys = [
      'node',
      'admin',
      'sdk',
      'stateDir',
      'registry',
      'listeners',
      'clusterDefaults',
      'clusters',
      'health',
      'discovery',
      'shutdown',
      'log',
    ];
    const inner = [
      'id',
      'type',
      'name',
      'address',
      'app',
      'direction',
      'endpoints',
      'limits',
      'heartbeat',
      'retries',
      'auth',
    ];
    const part = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.dictionary(fc.constantFrom(...inner), fc.jsonValue({ maxDepth: 2 })),
      fc.array(fc.dictionary(fc.constantFrom(...inner), fc.jsonValue({ maxDepth: 2 }))),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...keys), part), (value) => {
        const result = parseConfig(JSON.stringify({ node: { id: 'a' }, ...value }), OPTIONS);
        if (result.ok) assert.ok(result.config.clusterDefaults.timeout > 0);
        else assert.ok(result.issues.length > 0 && result.issues.every(({ message }) => message !== ''));
      }),
      { numRuns: 300 },
    );
  });
});
