import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Config } from './config.ts';
import { diffConfig, inEffect } from './diff.ts';
import { parseConfig } from './parse.ts';

function config(text: string): Config {
  const result = parseConfig(`node: { id: a }\n${text}`, { file: '/x/weft.yaml', localAddress: () => '10.0.0.1' });
  assert.ok(result.ok, JSON.stringify(result));
  return result.config;
}

const listener = (name: string, port: number, more = ''): string =>
  `{ name: ${name}, address: '127.0.0.1:${port}', protocol: bolt, direction: egress${more} }`;

test('equal configs differ in nothing, also when lists are in another order', () => {
  const before = config(`listeners: [${listener('a', 1)}, ${listener('b', 2)}]`);
  const after = config(`listeners: [${listener('b', 2)}, ${listener('a', 1)}]`);
  const nothing = { added: [], removed: [], changed: [] };
  assert.deepEqual(diffConfig(before, after), {
    clusters: nothing,
    clusterDefaults: false,
    listeners: nothing,
    logLevel: false,
    discovery: false,
    shutdown: false,
    restart: [],
    empty: true,
  });
});

test('clusters come, go and change by name', () => {
  const cluster = (name: string, port: number): string => `{ name: ${name}, endpoints: ['h:${port}'] }`;
  const before = config(`clusters: [${cluster('gone', 1)}, ${cluster('same', 2)}, ${cluster('moved', 3)}]`);
  const after = config(`clusters: [${cluster('moved', 4)}, ${cluster('same', 2)}, ${cluster('new', 5)}]`);
  const { clusters, empty } = diffConfig(before, after);
  assert.deepEqual(clusters, {
    added: [after.clusters[2]],
    removed: [before.clusters[0]],
    changed: [{ before: before.clusters[2], after: after.clusters[0] }],
  });
  assert.equal(empty, false);
});

test('a change of clusterDefaults changes the clusters that follow it', () => {
  const clusters = `clusters: [{ name: own, endpoints: [], timeout: 1s }, { name: follows, endpoints: [] }]`;
  const diff = diffConfig(config(clusters), config(`clusterDefaults: { timeout: 2s }\n${clusters}`));
  assert.equal(diff.clusterDefaults, true);
  assert.deepEqual(
    diff.clusters.changed.map(({ after }) => after.name),
    ['follows'],
  );
});

test('what has nothing to do with the socket of a listener changes in place, all else reopens it', () => {
  const change = (before: string, after: string): unknown => {
    const diff = diffConfig(config(`listeners: [${before}]`), config(`listeners: [${after}]`));
    return diff.listeners.changed.map(({ keys, apply }) => [keys, apply]);
  };
  const base = listener('a', 1);
  assert.deepEqual(change(base, listener('a', 1, ', idleTimeout: 1m, limits: { maxPending: 1 }')), [
    [['idleTimeout', 'limits'], 'in-place'],
  ]);
  assert.deepEqual(change(base, listener('a', 2, ', idleTimeout: 1m')), [[['address', 'idleTimeout'], 'reopen']]);
  const ingress = `{ name: a, address: '127.0.0.1:1', protocol: bolt, direction: ingress, app: 'h:1' }`;
  assert.deepEqual(change(base, ingress), [[['direction', 'app', 'advertise'], 'reopen']]);
  assert.deepEqual(change(ingress, ingress.replace('h:1', 'h:2')), [[['app'], 'in-place']]);
});

test('sections are told apart by whether they need a restart', () => {
  const before = config('');
  const after = config(`
admin: { address: 127.0.0.1:1 }
sdk: {}
registry: { type: embedded }
stateDir: other
log: { level: debug, format: json }
health: { heartbeat: { enabled: false } }
discovery: { onDemand: false }
shutdown: { drain: 1s }`);
  const { logLevel, discovery, shutdown, restart } = diffConfig(before, after);
  assert.deepEqual([logLevel, discovery, shutdown], [true, true, true]);
  assert.deepEqual(restart, ['admin', 'sdk', 'registry', 'stateDir', 'health', 'log.format']);
  assert.deepEqual(diffConfig(before, { ...before, node: { ...before.node, id: 'b' } }).restart, ['node']);
});

test('what needs a restart stays in effect as it was, all else is taken over', () => {
  const before = config('admin: { address: 127.0.0.1:1 }\nlog: { level: debug }');
  const after = config(
    'admin: { address: 127.0.0.1:2 }\nsdk: {}\nregistry: { type: embedded }\nlog: { level: warn, format: json }',
  );
  const effective = inEffect(before, after);
  assert.deepEqual(diffConfig(before, effective).restart, []);
  assert.equal(effective.log.level, 'warn');
  assert.deepEqual(diffConfig(effective, after).restart, ['admin', 'sdk', 'registry', 'log.format']);
  assert.ok(diffConfig(effective, config('admin: { address: 127.0.0.1:1 }\nlog: { level: warn }')).empty);
});
