import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HELP, parseOptions } from './options.ts';
import { SCENARIOS } from './scenarios.ts';

test('without options: every scenario, every target', () => {
  const options = parseOptions([]);
  assert.deepEqual(
    options.only,
    SCENARIOS.map(({ name }) => name),
  );
  assert.equal(options.targets, undefined);
  assert.deepEqual([options.rounds, options.durationMs, options.warmUpMs], [3, 2000, 3000]);
});

test('lists may be given with commas or one by one', () => {
  assert.deepEqual(parseOptions(['--only', 'single,crc', '--only', 'memory']).only, ['single', 'crc', 'memory']);
  assert.deepEqual(parseOptions(['--targets', 'haproxy, weft']).targets, ['haproxy', 'weft']);
});

test('a group stands for its scenarios', () => {
  const { only } = parseOptions(['--only', 'http,single']);
  assert.deepEqual(only, ['http1', 'http2', 'grpc', 'body', 'latency', 'http-memory', 'single']);
  assert.ok(!parseOptions(['--only', 'bolt']).only.includes('http1'));
});

test('--quick sets what is not said', () => {
  const options = parseOptions(['--quick', '--rounds', '4']);
  assert.deepEqual([options.rounds, options.durationMs], [4, 1000]);
});

test('what is not understood is refused, with what would be', () => {
  assert.throws(() => parseOptions(['--only', 'singel']), /no scenario "singel"; there are: multiplexed, /);
  assert.throws(() => parseOptions(['--rounds', '1.5']), /--rounds must be a whole number from 1 to 100, not "1.5"/);
  assert.throws(() => parseOptions(['--duration', '']), /--duration must be a number of seconds/);
  assert.throws(() => parseOptions(['--fast']), /Unknown option/);
});

test('the help names every scenario and fits a terminal', () => {
  for (const { name } of SCENARIOS) assert.match(HELP, new RegExp(`^  ${name} `, 'm'));
  assert.ok(HELP.split('\n').every((line) => line.length <= 100));
});
