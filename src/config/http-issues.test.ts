import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkConfigText } from './load.ts';

/** Path below the listener, message, hint. */
type Row = readonly [path: string, message: string | RegExp, hint?: string | RegExp];

async function check(keys: string, rows: readonly Row[]): Promise<void> {
  const text = `node: { id: a }\nlisteners: [{ name: l, address: '127.0.0.1:1', ${keys} }]`;
  const result = await checkConfigText(text, { file: 'weft.yaml' });
  assert.ok(!result.ok, 'the config was accepted');
  const found = result.issues.map(({ path }) => path.replace(/^listeners\[0\]\.(http\.routes\[0\]\.?)?/, ''));
  assert.deepEqual(
    found,
    rows.map(([path]) => path),
  );
  for (const [index, [, message, hint]] of rows.entries()) {
    const issue = result.issues[index]!;
    agree(issue.message, message);
    if (hint !== undefined) agree(issue.hint ?? '', hint);
  }
}

function agree(actual: string, expected: string | RegExp): void {
  if (typeof expected === 'string') assert.equal(actual, expected);
  else assert.match(actual, expected);
}

describe('a listener', () => {
  const EGRESS = 'direction: egress';
  const INGRESS = "direction: ingress, app: '127.0.0.1:2'";
  const cases: readonly (readonly [name: string, keys: string, ...rows: Row[]])[] = [
    [
      'raw TCP that goes nowhere',
      `${EGRESS}, protocol: tcp`,
      ['tcp.cluster', /^required and missing/, 'for example cluster: db'],
    ],
    ['an empty tunnel', `${EGRESS}, tcp: {}`, ['tcp.cluster', /^required and missing/]],
    ['a cluster on ingress', `${INGRESS}, tcp: { cluster: db }`, ['tcp.cluster', /goes to the app/, 'remove it']],
    [
      'keys of other protocols, with Bolt',
      `${EGRESS}, protocol: bolt, http: {}, tcp: { cluster: db }, detectTimeout: 1s`,
      ['http', 'a listener of protocol bolt takes no http', 'remove it, or write protocol: http or auto'],
      ['tcp', /takes no tcp/, /tcp or auto/],
      ['detectTimeout', /takes no detectTimeout/, 'remove it, or write protocol: auto'],
    ],
    ['HTTP of a tunnel', `${EGRESS}, protocol: tcp, tcp: { cluster: db }, http: {}`, ['http', /takes no http/]],
    ['half of TLS', `${EGRESS}, tls: { certificate: a.pem }`, ['tls.key', 'required and missing']],
    [
      'odd values',
      `${EGRESS}, http: { limits: { maxHead: 1, maxFields: 0 }, upgrades: [h2c, 'a b'], forwarding: { via: 'a b', for: yes }, versions: [http3] }`,
      ['http.limits.maxHead', /too small/],
      ['http.limits.maxFields', /out of range/],
      ['http.upgrades[0]', 'h2c is not switched to'],
      ['http.upgrades[1]', /expected a protocol/],
      ['http.forwarding.via', /expected a name/, "for none, write ''"],
      ['http.forwarding.for', /expected append, replace, keep or remove/],
      ['http.versions[0]', "expected http1 or http2, found 'http3'", /did you mean http[12]\?/],
    ],
    [
      'no version',
      `${EGRESS}, http: { versions: [] }`,
      ['http.versions', 'the list is empty', 'name one, or remove versions'],
    ],
  ];
  for (const [name, keys, ...rows] of cases) test(name, async () => check(keys, rows));
});

describe('a route', () => {
  const cases: readonly (readonly [name: string, route: string, ...rows: Row[]])[] = [
    ['without an action', '{ name: a }', ['', /^a route needs one of cluster, clusters, redirect, respond/]],
    ['with two', '{ cluster: a, respond: { status: 200 } }', ['respond', /takes one of/, 'remove respond or cluster']],
    [
      'with what only clusters take',
      '{ respond: { status: 200 }, timeout: 1s, rewrite: { host: a }, requestHeaders: { remove: [a] } }',
      ['timeout', /for routes to a cluster/, 'remove it'],
      ['rewrite', /for routes to a cluster/],
      ['requestHeaders', /for routes to a cluster/],
    ],
    [
      'with odd hosts',
      "{ cluster: s, match: { hosts: ['a:80', '*', 'a/b', '::1', '*.1.2.3.4', 7] } }",
      ['match.hosts[0]', "'a:80' names a port", 'write a'],
      ['match.hosts[1]', /found '\*'/, 'for every host, leave hosts out'],
      ['match.hosts[2]', /expected a host/],
      ['match.hosts[3]', /expected a host/, 'write [::1]'],
      ['match.hosts[4]', /expected a host/],
      ['match.hosts[5]', /expected a host/],
    ],
    ['with a relative path', '{ cluster: s, match: { path: a } }', ['match.path', /such as \/api/, 'begin it with /']],
    ['with a query in its path', '{ cluster: s, match: { path: { prefix: /a?b } } }', ['match.path.prefix', /query/]],
    ['with a space in its path', "{ cluster: s, match: { path: '/a b' } }", ['match.path', /request/, 'write /a%20b']],
    ['with an empty path', '{ cluster: s, match: { path: {} } }', ['match.path', /needs one of exact, prefix, regex/]],
    ['with two paths', '{ cluster: s, match: { path: { exact: /a, regex: /b } } }', ['match.path.regex', /takes one/]],
    [
      'with empty lists',
      '{ cluster: s, match: { hosts: [], query: [] } }',
      ['match.hosts', 'the list is empty', 'name one, or remove hosts'],
      ['match.query', 'the list is empty'],
    ],
    [
      'with regular expressions that are none',
      "{ cluster: s, match: { path: { regex: '(a' }, headers: [{ name: a, regex: '(?=a)' }] }, rewrite: { regex: { pattern: '[', replacement: a } } }",
      ['match.path.regex', "'(a' is no regular expression: missing closing ): `(a`", /RE2: no look-around/],
      ['match.headers[0].regex', /is no regular expression: invalid or unsupported/],
      ['rewrite.regex.pattern', /is no regular expression/],
    ],
    [
      'with a method in lower case',
      '{ cluster: s, match: { methods: [get, "A B"] } }',
      ['match.methods[0]', 'methods differ by case', 'write GET'],
      ['match.methods[1]', /expected a method/],
    ],
    [
      'with odd comparisons',
      '{ cluster: s, match: { headers: [{ name: a }, { name: b, exact: x, prefix: y }, { name: c, range: { from: 2, to: 2 } }, { name: d, present: false }, { name: Host, exact: a }] } }',
      ['match.headers[0]', /a comparison needs one of/],
      ['match.headers[1].prefix', /a comparison takes one of/],
      ['match.headers[2].range', /no number is from 2 on and less than 2/],
      ['match.headers[3].present', /expected true/, /invert: true/],
      ['match.headers[4].name', /not matched as a field/, 'write hosts: [ … ]'],
    ],
    ['with a redirect to itself', '{ redirect: { status: 301 } }', ['redirect', /where the caller came from/]],
    [
      'with an odd redirect',
      '{ redirect: { status: 200, scheme: ftp, path: /a, prefix: /b } }',
      ['redirect.status', /expected 301, 302, 303, 307 or 308/],
      ['redirect.scheme', /expected http or https/],
      ['redirect.prefix', /path is there already/],
      ['redirect.prefix', /match\.path\.prefix/],
    ],
    [
      'that rewrites a prefix that is not matched',
      '{ cluster: s, match: { path: /a }, rewrite: { prefix: /b } }',
      ['rewrite.prefix', /match\.path\.prefix/],
    ],
    [
      'that rewrites nothing',
      '{ cluster: s, rewrite: {}, requestHeaders: {} }',
      ['rewrite', 'nothing is rewritten'],
      ['requestHeaders', 'nothing is changed'],
    ],
    [
      'that rewrites the query',
      "{ cluster: s, rewrite: { regex: { pattern: a, replacement: '?b' } } }",
      ['rewrite.regex.replacement', /holds \? or #/],
    ],
    ['that answers oddly', '{ respond: { status: 100 } }', ['respond.status', /out of range/]],
    ['with a body that cannot be', '{ respond: { status: 204, body: a } }', ['respond.body', /204 has no body/]],
    [
      'that edits what is not its own',
      '{ cluster: s, requestHeaders: { set: { Host: a, Content-Length: "1" }, remove: [Connection] }, responseHeaders: { add: { transfer-encoding: a } } }',
      ['requestHeaders.set.Host', 'host is not for a route to change', 'write rewrite: { host: … }'],
      ['requestHeaders.set.Content-Length', /content-length is not/],
      ['requestHeaders.remove[0]', /connection is not/],
      ['responseHeaders.add.transfer-encoding', /transfer-encoding is not/],
    ],
    [
      'with fields that forge others',
      '{ cluster: s, requestHeaders: { set: { "a b": c, d: "e\\r\\nf: g", h: "\\0", i: 1, j: [k], l: " m", n: o, N: p } } }',
      ["requestHeaders.set['a b']", /name of a header field/],
      ['requestHeaders.set.d', /control characters/],
      ['requestHeaders.set.h', /control characters/],
      ['requestHeaders.set.i', /found the number 1/, "put it in quotes: '1'"],
      ['requestHeaders.set.j', /found a list/],
      ['requestHeaders.set.l', /begins or ends with a space/],
      ['requestHeaders.set.N', "'N' stands twice here"],
    ],
    ['with a list of fields', '{ cluster: s, requestHeaders: { set: [a] } }', ['requestHeaders.set', /found a list/]],
  ];
  for (const [name, route, ...rows] of cases) {
    test(name, async () => check(`direction: egress, http: { routes: [${route}] }`, rows));
  }

  test('names are unique, also those that routes have without saying so', async () => {
    await check('direction: egress, http: { routes: [{ name: "routes[1]", cluster: s }, { cluster: s }] }', [
      ['http.routes[1].name', "another route is named 'routes[1]'"],
    ]);
  });
});
