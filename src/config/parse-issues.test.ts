import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Issue } from './issue.ts';
import { parseConfig } from './parse.ts';

const OPTIONS = { file: '/etc/weft/weft.yaml', localAddress: () => '10.9.9.9' };

function issuesOf(text: string): readonly Issue[] {
  const result = parseConfig(text, OPTIONS);
  assert.ok(!result.ok, 'the config was accepted');
  return result.issues;
}

const EGRESS = '{ name: e, address: 127.0.0.1:12220, protocol: bolt, direction: egress }';
const INGRESS = '{ name: i, address: 0.0.0.0:12200, protocol: bolt, direction: ingress, app: 127.0.0.1:12199 }';

/** Path, line:column, message, hint. */
type Row = readonly [path: string, place: string, message: string | RegExp, hint?: string | RegExp];

const BAD: readonly (readonly [name: string, text: string, ...rows: Row[]])[] = [
  ['an empty file', '', ['', '', 'the file is empty', 'the least that is needed is node: { id: my-proxy }']],
  ['only a comment', '# nothing\n', ['', '', 'the file is empty', /node/]],
  ['a list', '- 1', ['', '', 'expected keys with values, found a list', /node/]],
  ['a text', 'hello', ['', '', 'expected keys with values, found a text', /node/]],
  ['no node', 'log: {}', ['node', '1:1', 'required and missing', 'for example node: { id: consumer-1 }']],
  ['a node without id', 'node: { app: x }', ['node.id', '1:7', 'required and missing', 'for example id: consumer-1']],
  ['an id that is a number', 'node: { id: 7 }', ['node.id', '1:13', /found the number 7/, "put it in quotes: '7'"]],
  ['an empty section', 'node: { id: a }\nsdk:', ['sdk', '2:5', 'expected an object, found nothing', /remove the key/]],
  ['an empty value', 'node: { id: }', ['node.id', '1:13', /found nothing/, 'give it a value, or remove the key']],
  [
    'a list for a section',
    'node: [a]',
    ['node', '1:7', 'expected an object, found a list', 'its keys are id, app, zone, address'],
  ],
  ['a near key', 'node: { id: a }\nloging: {}', ['loging', '2:1', 'unknown key', /./]],
  [
    'a near key in another case',
    'node: { id: a, Zone: x }',
    ['node.Zone', '1:16', 'unknown key', 'did you mean zone?'],
  ],
  [
    'a far key',
    'node: { id: a, colour: x }',
    ['node.colour', '1:16', 'unknown key', 'the keys here are id, app, zone, address'],
  ],
  [
    'keys of Object',
    'node: { id: a, toString: 1, __proto__: {} }',
    ['node.toString', '1:16', 'unknown key', /./],
    ['node.__proto__', '1:29', 'unknown key', /./],
  ],
  ['a key with odd characters', 'node: { id: a, "x\\u001b y": 1 }', ["node['x\\u{1b} y']", '1:16', 'unknown key', /./]],
  [
    'a key one level too high',
    'node: { id: a }\nlisteners:\n  - { name: e, address: 127.0.0.1:1, protocol: bolt, direction: egress, maxFrame: 1KiB }',
    ['listeners[0].maxFrame', '3:73', 'unknown key', 'did you mean limits.maxFrame?'],
  ],
  [
    'more requests on a connection than its ids can tell apart',
    'node: { id: a }\nclusterDefaults: { maxPendingPerConnection: 65537 }',
    ['clusterDefaults.maxPendingPerConnection', '2:45', '65537 is out of range', /65536/],
  ],
  [
    'a listener with nothing right',
    'node: { id: a }\nlisteners:\n  - { name: e, address: 12220, protocol: blot, direction: egrss, idleTimeout: 5, limits: { maxFrame: 1MB, maxPending: 0, maxHeader: 70000 } }',
    ['listeners[0].address', '3:25', /found the number 12220/, 'write 127.0.0.1:12220'],
    ['listeners[0].protocol', '3:42', "expected bolt, http, tcp or auto, found 'blot'", 'did you mean bolt?'],
    ['listeners[0].direction', '3:59', "expected egress or ingress, found 'egrss'", 'did you mean egress?'],
    ['listeners[0].idleTimeout', '3:79', /found the number 5/, 'a unit is missing: write 5s or 5ms'],
    ['listeners[0].limits.maxFrame', '3:102', /found '1MB'/, 'write 1MiB (powers of 1024)'],
    ['listeners[0].limits.maxPending', '3:119', '0 is out of range', 'write a whole number from 1 to 1000000'],
    ['listeners[0].limits.maxHeader', '3:133', 'the number 70000 is too large', 'write 65535 or less'],
  ],
  [
    'a registry without type',
    'node: { id: a }\nregistry: {}',
    ['registry.type', '2:11', 'required and missing', 'write embedded, file or zookeeper'],
  ],
  [
    'an unknown registry',
    'node: { id: a }\nregistry: { type: zookeper }',
    ['registry.address', '2:11', 'required and missing', /./],
    ['registry.type', '2:19', "expected embedded, file or zookeeper, found 'zookeper'", 'did you mean zookeeper?'],
  ],
  [
    'all that is wrong below a misspelt registry',
    'node: { id: a }\nregistry: { type: zokeeper, adress: "x:1", sessionTimeout: 5, auth: { scheme: x, credential: hush } }',
    ['registry.address', '2:11', 'required and missing', /./],
    ['registry.type', '2:19', "expected embedded, file or zookeeper, found 'zokeeper'", 'did you mean zookeeper?'],
    ['registry.adress', '2:29', 'unknown key', 'did you mean address?'],
    ['registry.sessionTimeout', '2:60', /found the number 5/, 'a unit is missing: write 5s or 5ms'],
    ['registry.auth.scheme', '2:79', 'expected digest, found a text'],
    ['registry.auth.credential', '2:94', 'the text has not the form user:password'],
  ],
  [
    'a registry of another kind altogether',
    'node: { id: a }\nregistry: { type: consul, adress: x }',
    ['registry.type', '2:19', "expected embedded, file or zookeeper, found 'consul'"],
  ],
  [
    "another registry's key",
    'node: { id: a }\nregistry: { type: file, path: x, root: / }',
    ['registry.root', '2:34', 'unknown key', 'the keys here are type, path'],
  ],
  [
    'no path of the file registry',
    'node: { id: a }\nregistry: { type: file }',
    ['registry.path', '2:11', 'required and missing', 'for example path: services.yaml'],
  ],
  [
    'clusters',
    "node: { id: a }\nclusters:\n  - { name: s }\n  - { name: t, endpoints: ['h', { address: 'h:1', wieght: 2 }, 5] }\n  - s",
    ['clusters[0].endpoints', '3:5', 'required and missing', "for example endpoints: ['10.0.0.7:12200']"],
    ['clusters[1].endpoints[0]', '4:28', /found 'h'/, 'a port is missing: write h:PORT'],
    ['clusters[1].endpoints[1].wieght', '4:51', 'unknown key', 'did you mean weight?'],
    ['clusters[1].endpoints[2]', '4:64', /found the number 5/, 'write 127.0.0.1:5'],
    ['clusters[2]', '5:5', 'expected an object, found a text', /^its keys are name, endpoints, lb/],
  ],
  [
    'lists that are none',
    'node: { id: a }\nclusters: {}\nclusterDefaults: { retries: { on: reset } }',
    ['clusters', '2:11', 'expected a list, found an object', /./],
    ['clusterDefaults.retries.on', '3:35', 'expected a list, found a text', /./],
  ],
  [
    'numbers',
    'node: { id: a }\nclusterDefaults: { connections: 1.5, retries: { attempts: "1" } }',
    ['clusterDefaults.connections', '2:33', 'expected a whole number, found 1.5'],
    ['clusterDefaults.retries.attempts', '2:59', "expected a whole number from 0 to 10, found '1'"],
  ],
  [
    'yes for true',
    'node: { id: a }\ndiscovery: { onDemand: yes }',
    ['discovery.onDemand', '2:24', "expected true or false, found 'yes'"],
  ],
  [
    'a URL',
    'node: { id: a }\nhealth: { checkService: { url: 127.0.0.1:9500 } }',
    ['health.checkService.url', '2:32', /expected a URL such as http/],
  ],
  ...['/a/../b', '/a/./b', '/..', '/a/.', 'a', '/a/', '//', '/a\\u0007'].map(
    (path) =>
      [
        `the root ${path}`,
        `node: { id: a }\nregistry: { type: zookeeper, address: 'h:1', root: "${path}" }`,
        ['registry.root', '2:52', /^expected a ZooKeeper path such as/, /no \. or \.\. in it$/],
      ] as const,
  ),
  // What relates keys to each other.
  [
    'a local API without a registry',
    'node: { id: a }\nsdk: {}',
    ['sdk', '2:6', 'the local API needs a registry, and there is none', 'add registry, or take out sdk'],
  ],
  [
    'one address under two names',
    `node: { id: a }\nadmin: { address: 'localhost:12220' }\nlisteners: [${EGRESS}]\nclusters: [{ name: s, endpoints: ['localhost:12220'] }]`,
    ['listeners[0].address', '3:33', '127.0.0.1:12220 is taken by admin (localhost:12220)', 'choose another port'],
    ['clusters[0].endpoints[0]', '4:35', /^localhost:12220 is this proxy's own egress listener/, /./],
  ],
  [
    'a health URL that leads elsewhere',
    `node: { id: a }\nlisteners: [${INGRESS}]\nhealth: { checkService: { url: 'http://127.evil.example/' } }`,
    [
      'health.checkService.url',
      '3:32',
      /^127\.evil\.example is neither this machine nor the host of/,
      /127\.0\.0\.1:9500/,
    ],
  ],
  [
    'names twice',
    `node: { id: a }\nlisteners:\n  - ${EGRESS}\n  - { name: e, address: 127.0.0.1:1, protocol: bolt, direction: egress }\nclusters:\n  - { name: s, endpoints: [] }\n  - { name: s, endpoints: [] }`,
    ['listeners[1].name', '4:13', "another listener is named 'e'", 'give each its own name'],
    ['clusters[1].name', '7:13', "another cluster is named 's'", 'give each its own name'],
  ],
  [
    'an address twice',
    `node: { id: a }\nlisteners:\n  - ${INGRESS}\n  - { name: e, address: 127.0.0.1:12200, protocol: bolt, direction: egress }`,
    ['listeners[1].address', '4:25', "127.0.0.1:12200 is taken by listener 'i' (0.0.0.0:12200)", 'choose another port'],
  ],
  [
    'the port of the admin interface',
    'node: { id: a }\nsdk: { address: 0.0.0.0:34901 }\nregistry: { type: embedded }',
    ['sdk.address', '2:17', '0.0.0.0:34901 is taken by admin (127.0.0.1:34901)', 'choose another port'],
  ],
  [
    'ingress without app',
    'node: { id: a }\nlisteners:\n  - { name: i, address: 0.0.0.0:1, protocol: bolt, direction: ingress }',
    ['listeners[0].app', '3:5', /^required and missing: an ingress listener/, 'for example app: 127.0.0.1:12199'],
  ],
  [
    'egress with app',
    'node: { id: a }\nlisteners:\n  - { name: e, address: 127.0.0.1:1, protocol: bolt, direction: egress, app: 127.0.0.1:2 }',
    ['listeners[0].app', '3:73', /^an egress listener takes no app/, 'remove it, or write direction: ingress'],
  ],
  [
    'an app that is the listener',
    'node: { id: a }\nlisteners:\n  - { name: i, address: 0.0.0.0:1, protocol: bolt, direction: ingress, app: 127.0.0.1:1 }',
    ['listeners[0].app', '3:77', /this listener itself/, 'write where the app listens'],
  ],
  [
    'endpoints twice or in circles',
    `node: { id: a }\nlisteners: [${EGRESS}]\nclusters:\n  - { name: s, endpoints: ['h:1', { address: 'h:1' }, '127.0.0.1:12220'] }`,
    ['clusters[0].endpoints[1]', '4:35', 'h:1 stands twice in this cluster', /weight/],
    ['clusters[0].endpoints[2]', '4:55', /own egress listener/, /./],
  ],
  [
    'limits that exclude each other',
    'node: { id: a }\nlisteners:\n  - { name: e, address: 127.0.0.1:1, protocol: bolt, direction: egress, limits: { maxBuffered: 1MiB } }',
    [
      'listeners[0].limits.maxFrame',
      '3:81',
      'a frame of 16MiB would never fit into maxBuffered (1MiB)',
      'lower maxFrame or raise maxBuffered',
    ],
  ],
  [
    'heartbeats',
    'node: { id: a }\nclusterDefaults: { heartbeat: { maxInterval: 20s } }\nclusters: [{ name: s, endpoints: [], heartbeat: { interval: 1m } }]',
    ['clusters[0].heartbeat', '3:49', 'interval (1m) is above maxInterval (20s)', 'write maxInterval: 1m or more'],
  ],
  [
    'errors of form and of sense together',
    `node: { id: a, x: 1 }\nlisteners:\n  - ${EGRESS}\n  - ${EGRESS}`,
    ['node.x', '1:16', 'unknown key', /./],
    ['listeners[1].name', '4:13', /another listener/, /./],
    ['listeners[1].address', '4:25', /is taken by listener 'e'/, /./],
  ],
  // Syntax.
  [
    'a key twice',
    'node: { id: a }\nnode: { id: b }',
    ['', '2:1', 'this key stands twice in its section', 'keep one of them'],
  ],
  [
    'a key twice in JSON',
    '{ "node": { "id": "a", "id": "b" } }',
    ['', '1:24', 'this key stands twice in its section', 'keep one of them'],
  ],
  [
    'two documents',
    'node: { id: a }\n---\nnode: { id: b }',
    ['', '2:1', 'the file holds more than one document', 'remove what follows the line ---'],
  ],
  ['a tag', 'node: { id: !secret a }', ['', '1:13', /^tags/, 'put the text in quotes']],
  ['tabs', 'node:\n\tid: a', ['', '2:1', 'tabs cannot indent', 'use spaces']],
  ['an alias to nothing', 'node: { id: *a }', ['', '1:13', 'this alias names no anchor before it', /quotes/]],
];

describe('a bad config', () => {
  for (const [name, text, ...rows] of BAD) {
    test(name, () => {
      const issues = issuesOf(text);
      for (const [index, [path, place, message, hint]] of rows.entries()) {
        const issue = issues[index];
        assert.ok(issue !== undefined, JSON.stringify(issues, null, 1));
        assert.equal(issue.path, path);
        assert.equal(issue.line === undefined ? '' : `${issue.line}:${issue.column}`, place);
        check(issue.message, message);
        if (hint === undefined) assert.equal(issue.hint, undefined);
        else check(issue.hint ?? '', hint);
      }
      assert.equal(issues.length, rows.length, JSON.stringify(issues, null, 1));
    });
  }

  test('a quote that is left open is told with its place', () => {
    const [issue] = issuesOf('node: { id: "a }\n');
    assert.equal(issue?.line, 2);
    assert.match(issue.message, /is missing here or just before/);
  });
});

function check(actual: string, expected: string | RegExp): void {
  if (typeof expected === 'string') assert.equal(actual, expected);
  else assert.match(actual, expected);
}
